//! Retention: the floor, what holds it back, and what goes below it.
//!
//! The floor is the oldest revision that can be asked for. An entry of the log raises it, and nothing lowers it: from then on
//! nothing is shown that was over by then, whatever files are left. Files go whole, when the next manifest is published: epochs
//! that end at or below the floor, and files of changes and observations that hold nothing above it. The state at the floor is in
//! the epoch that begins there or before. Log entries stay, and so do the headers of the log.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::data_file::DataFile;
use super::entries::{Entry, EntryKind};
use super::index::{LogIndex, told};
use super::manifest::{Epoch, Manifest, each_once};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Revision, TimeSpan, Timestamp};

/// What is kept; of several, that which keeps more. With none, everything is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionSettings {
    /// The states of so long a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<TimeSpan>,
    /// So many revisions below the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_revisions: Option<u64>,
}

impl RetentionSettings {
    /// The floor that is asked for at a time; `None` if everything is kept.
    pub fn floor(&self, index: &LogIndex, now: Timestamp) -> Option<Revision> {
        let of_time = self.keep.map(|span| index.revision_at(Timestamp::from_micros(now.micros().saturating_sub(span.micros()))));
        let of_revisions = self.keep_revisions.map(|count| index.head.saturating_sub_unsigned(count).max(0));
        of_time.into_iter().chain(of_revisions).min()
    }
}

impl fmt::Display for RetentionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.keep, self.keep_revisions) {
            (None, None) => f.write_str("keep everything"),
            (Some(span), None) => write!(f, "keep {span}"),
            (None, Some(count)) => write!(f, "keep {count} revisions"),
            (Some(span), Some(count)) => write!(f, "keep {span} and {count} revisions"),
        }
    }
}

/// What keeps the floor from rising above a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The revision.
    pub revision: Revision,
    /// What holds it.
    pub holder: Holder,
}

/// What may hold the floor back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A tag that was made to.
    Tag(String),
    /// A scan that is under way: what was seen since it began decides what its end deletes.
    Scan {
        /// Its id.
        scan_id: String,
        /// When it began.
        started_at: Timestamp,
        /// When it was last heard of.
        last_at: Timestamp,
    },
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.holder {
            Holder::Tag(name) => write!(f, "tag {name:?} holds revision {}", self.revision),
            Holder::Scan { scan_id, started_at, last_at } => {
                let revision = self.revision;
                write!(f, "scan {scan_id} began at revision {revision}, {started_at}, and has not ended; last heard of {last_at}")
            }
        }
    }
}

impl Serialize for Hold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What holds the floor back the most.
pub fn lowest_hold(index: &LogIndex) -> Option<Hold> {
    let tags = index.tags.iter().filter(|(_, point)| point.held);
    let tags = tags.map(|(name, point)| Hold { revision: point.revision, holder: Holder::Tag(name.clone()) });
    let scans = index.open_scans.iter().filter(|(_, scan)| !scan.failed);
    let scans = scans.map(|(scan_id, scan)| {
        let (started_at, last_at) = (Timestamp::from_micros(scan.started_at), Timestamp::from_micros(scan.last_at));
        Hold { revision: scan.token, holder: Holder::Scan { scan_id: scan_id.clone(), started_at, last_at } }
    });
    tags.chain(scans).min_by_key(|hold| hold.revision)
}

/// What raising the floor comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetentionPlan {
    /// The floor as it is.
    pub old_floor: Revision,
    /// The floor as it will be; never a lower one.
    pub floor: Revision,
    /// The floor that was asked for.
    pub asked: Revision,
    /// What keeps it from being that.
    pub held_by: Option<Hold>,
    /// Revisions that can be asked for no more.
    pub revisions: i64,
    /// Epochs that go.
    pub epochs: usize,
    /// Files that go.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl RetentionPlan {
    /// The plan to raise the floor to a revision, of a log and the tables made of it so far.
    ///
    /// # Errors
    /// `NotFound` if the revision is above the head.
    pub fn new(index: &LogIndex, manifest: &Manifest, asked: Revision) -> Result<Self> {
        if asked > index.head {
            return Err(Error::not_found(format!("revision {asked} is above the head; the newest is {}", index.head)));
        }
        let held_by = lowest_hold(index).filter(|hold| hold.revision < asked);
        let floor = held_by.as_ref().map_or(asked, |hold| hold.revision).max(index.floor);
        let (epochs, kept): (Vec<&Epoch>, Vec<&Epoch>) = manifest.epochs.iter().partition(|epoch| is_epoch_below(epoch, floor));
        let of_epochs = epochs.iter().flat_map(|epoch| epoch.files.iter().chain(&epoch.closings));
        let of_epochs = of_epochs.filter(|file| !kept.iter().any(|epoch| epoch.files.contains(file)));
        let others = manifest.changes.iter().chain(&manifest.observations).filter(|file| is_below(file, floor));
        let files: Vec<&DataFile> = each_once(of_epochs.chain(others)).collect();
        Ok(Self {
            old_floor: index.floor,
            floor,
            asked,
            held_by,
            revisions: floor - index.floor,
            epochs: epochs.len(),
            files: files.len(),
            bytes: files.iter().map(|file| file.bytes).sum(),
        })
    }

    /// Whether there is anything to do.
    pub fn raises(&self) -> bool {
        self.floor > self.old_floor
    }
}

/// Whether all of an epoch is over by the floor. The state at its end is in the next one, too.
pub fn is_epoch_below(epoch: &Epoch, floor: Revision) -> bool {
    epoch.end.is_some_and(|end| end <= floor)
}

/// Whether a file of changes or observations holds nothing above the floor.
pub fn is_below(file: &DataFile, floor: Revision) -> bool {
    file.int_bounds("revision").is_some_and(|(_, last)| last <= floor)
}

/// The details of a `retention` entry.
#[derive(Debug, Serialize, Deserialize)]
pub struct RetentionDetails {
    /// The floor from then on.
    pub floor: Revision,
    /// What asked for it, such as `keep 400d`.
    pub policy: String,
}

impl RetentionDetails {
    pub(super) fn to_entry(&self, at: Timestamp) -> Entry {
        told(EntryKind::Retention, at, self)
    }
}

/// Whether the floor may be raised to a revision, as the log is now.
pub fn check_floor(index: &LogIndex, floor: Revision) -> Result<()> {
    match lowest_hold(index).filter(|hold| hold.revision < floor) {
        Some(hold) => Err(Error::new(ErrorKind::Conflict, format!("the floor cannot be raised to revision {floor}: {hold}"))),
        None if floor > index.head => Err(Error::internal("a floor above the head")),
        None => Ok(()),
    }
}

/// Whether a revision can still be asked for.
///
/// # Errors
/// `NotFound` if it is below the floor.
pub fn check_not_gone(revision: Revision, floor: Revision) -> Result<()> {
    match revision < floor {
        true => Err(Error::not_found(format!("revision {revision} has been compacted; the oldest is {floor}"))),
        false => Ok(()),
    }
}
