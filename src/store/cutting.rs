//! Where epochs are cut. The rule looks at the log alone, at the ends of scans, never at when compaction runs: so two
//! compactors cut alike.
//!
//! With `alpha` = 2/5, an epoch is cut *before* a scan that would bring its rows above `(1 + alpha)` times the fewest alive
//! at any scan end in it, and *after* a scan that leaves more than `(1 + alpha)` times the rows alive. Hence the state at a
//! scan's end is read from at most that many rows, and versions are stored about `1 + 1/alpha` times, however long history
//! grows. Small epochs are not cut (`epoch_rows_min` of the store's settings).

use arrow::array::Array;

use super::entries::{EntryKind, read_entries};
use super::index::{StoreSettings, read_details};
use super::manifest::CuttingState;
use super::segment::{Segment, texts};
use crate::error::Result;
use crate::model::{Change, Revision};

impl CuttingState {
    /// Takes in the next segment; returns the revisions after which the open epoch is cut, oldest first.
    ///
    /// # Errors
    /// `Corrupt` if the segment's entries cannot be read.
    pub fn apply(&mut self, segment: &Segment) -> Result<Vec<Revision>> {
        let opened = texts(&segment.versions, "change")?;
        let created = (0..opened.len()).filter(|row| opened.value(*row) == Change::Created.as_str()).count() as u64;
        let ended_by = texts(&segment.closings, "ended_by")?;
        let deleted = (0..ended_by.len()).filter(|row| ended_by.value(*row) == Change::Deleted.as_str()).count() as u64;
        self.pending_rows += opened.len() as u64;
        self.alive = (self.alive + created).saturating_sub(deleted);
        let entries = read_entries(&segment.entries)?;
        for entry in entries.iter().filter(|entry| entry.kind == EntryKind::SettingChanged) {
            let settings: StoreSettings = read_details(entry)?;
            self.rows_min = settings.epoch_rows_min;
        }
        let ends_scan = entries.iter().any(|entry| matches!(entry.kind, EntryKind::ScanCompleted | EntryKind::ScanFailed));
        Ok(if ends_scan { self.end_scan(segment.header.last_revision()) } else { Vec::new() })
    }

    /// `(1 + alpha)` times a number of rows.
    fn with_slack(&self, rows: u64) -> u64 {
        (rows + rows / 5 * 2).max(self.rows_min)
    }

    fn end_scan(&mut self, head: Revision) -> Vec<Revision> {
        let mut cuts = Vec::new();
        let fewest = self.alive_min.map(|fewest| fewest.min(self.alive));
        if fewest.is_some_and(|fewest| self.rows + self.pending_rows > self.with_slack(fewest)) {
            cuts.push(self.boundary);
            self.rows = self.boundary_alive;
            self.alive_min = None;
        }
        self.rows += self.pending_rows;
        self.pending_rows = 0;
        self.alive_min = Some(self.alive_min.map_or(self.alive, |fewest| fewest.min(self.alive)));
        (self.boundary, self.boundary_alive) = (head, self.alive);
        if self.rows > self.with_slack(self.alive) {
            cuts.push(head);
            self.rows = self.alive;
            self.alive_min = None;
        }
        cuts
    }
}
