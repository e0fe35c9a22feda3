//! The rows of observations: dense, in order, at the times that the manifest knows, and in agreement with versions.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch};
use futures::StreamExt;

use super::Damage;
use super::chain::Told;
use super::digest::{Side, rows_where};
use super::tables::{Agreement, Tables, names_of};
use crate::error::Result;
use crate::model::{Change, Revision, Timestamp};
use crate::store::data_file::DataFile;
use crate::store::parquet_io::{Bounds, FileKind};
use crate::store::schema;
use crate::store::segment::{numbers, texts, times};

/// Reads all observations.
///
/// # Errors
/// `Unavailable` if the storage refuses.
pub async fn check(tables: &mut Tables<'_, '_>) -> Result<()> {
    let (manifest, mut seen) = (tables.manifest, Ranges::default());
    for file in &manifest.observations {
        if !tables.sources.read(tables.audit, file).await? {
            continue;
        }
        if let Err(error) = check_file(tables, file, &mut seen).await {
            tables.audit.note::<()>(&file.name, Err(error))?;
        }
    }
    let name = tables.manifest_name();
    let head = manifest.index.head;
    if let Some(last) = seen.0.values().next_back().filter(|last| **last > head) {
        tables.found(Damage::new(&name, format!("it ends with revision {head}, but its files have more")).about(head + 1, *last));
    }
    for (first, last) in seen.gaps(tables.after + 1, head) {
        tables.found(Damage::new(&name, "observations are in no file").about(first, last));
    }
    Ok(())
}

async fn check_file(tables: &mut Tables<'_, '_>, file: &DataFile, seen: &mut Ranges) -> Result<()> {
    let columns = names_of(&schema::OBSERVATIONS);
    let (mut bounds, mut rows, after) = (Bounds::new(FileKind::Observations), 0, tables.after);
    let mut batches = tables.open(file, &schema::OBSERVATIONS, &columns);
    let mut last: Option<(Vec<String>, Revision)> = None;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        bounds.add(&batch)?;
        rows += batch.num_rows() as u64;
        check_order(tables, file, &batch, &mut last)?;
        let revisions = numbers(&batch, "revision")?;
        let batch = rows_where(&batch, |row| revisions.value(row) > after)?;
        note_ranges(tables, file, &batch, seen)?;
        check_times(tables, file, &batch)?;
        tables.tell(Told::Observed, &batch, "revision", &columns)?;
        agree(tables, &batch)?;
    }
    tables.check_bounds(file, bounds, rows);
    Ok(())
}

/// Rows are sorted by scope and revision.
fn check_order(
    tables: &mut Tables<'_, '_>,
    file: &DataFile,
    batch: &RecordBatch,
    last: &mut Option<(Vec<String>, Revision)>,
) -> Result<()> {
    let parts = ["provider", "account_id", "region", "resource_type"].map(|name| texts(batch, name));
    let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
    let revisions = numbers(batch, "revision")?;
    for row in 0..batch.num_rows() {
        let (scope, revision) = (parts.iter().map(|part| part.value(row)), revisions.value(row));
        if let Some((known, before)) = last.as_mut().filter(|(known, _)| scope.clone().eq(known.iter().map(String::as_str))) {
            if *before >= revision {
                let what = format!("revision {revision} of {} stands after {before}", known.join("/"));
                tables.found(Damage::new(&file.name, what).about(revision, revision));
            }
            *before = revision;
            continue;
        }
        if last.as_ref().is_some_and(|(known, _)| scope.clone().lt(known.iter().map(String::as_str))) {
            tables.found(Damage::new(&file.name, "its scopes are not in order").about(revision, revision));
        }
        *last = Some((scope.map(str::to_owned).collect(), revision));
    }
    Ok(())
}

fn note_ranges(tables: &mut Tables<'_, '_>, file: &DataFile, batch: &RecordBatch, seen: &mut Ranges) -> Result<()> {
    let mut run: Option<(Revision, Revision)> = None;
    let revisions = numbers(batch, "revision")?.values().iter().map(|revision| Some(*revision));
    for revision in revisions.chain([None]) {
        run = match (run, revision) {
            (Some((first, last)), Some(revision)) if last.checked_add(1) == Some(revision) => Some((first, revision)),
            (run, next) => {
                if let Some((first, last)) = run
                    && !seen.insert(first, last)
                {
                    tables.found(Damage::new(&file.name, "observations that another file or row has too").about(first, last));
                }
                next.map(|revision| (revision, revision))
            }
        };
    }
    Ok(())
}

/// The manifest knows the time of each revision.
fn check_times(tables: &mut Tables<'_, '_>, file: &DataFile, batch: &RecordBatch) -> Result<()> {
    let (revisions, observed_at) = (numbers(batch, "revision")?, times(batch, "observed_at")?);
    for row in 0..batch.num_rows() {
        let (revision, found) = (revisions.value(row), Timestamp::from_micros(observed_at.value(row)));
        let expected = tables.manifest.index.time_of(revision);
        if expected != Some(found) {
            let expected = expected.map_or("none".to_owned(), |time| time.to_string());
            let what = format!("observed at {found}, but the manifest says {expected}");
            tables.found(Damage::new(&file.name, what).about(revision, revision));
        }
    }
    Ok(())
}

/// What observations say about the beginnings and ends of versions.
fn agree(tables: &mut Tables<'_, '_>, batch: &RecordBatch) -> Result<()> {
    let (changes, revisions, versions) = (texts(batch, "change")?, numbers(batch, "revision")?, numbers(batch, "version_revision")?);
    let is = |row: usize, change: Change| changes.value(row) == change.as_str();
    let is_own = |row: usize| versions.value(row) == revisions.value(row);
    let began = rows_where(batch, |row| is(row, Change::Created) || is(row, Change::Updated) || (is(row, Change::Late) && is_own(row)))?;
    let scope = ["provider", "account_id", "region", "resource_type"];
    let facts = [&["revision", "version_revision", "change", "scan_id", "observed_at"], scope.as_slice()].concat();
    tables.agree(Agreement::Beginnings, Side::Expected, &began, "revision", &facts)?;
    let ended = rows_where(batch, |row| is(row, Change::Updated) || is(row, Change::Deleted))?;
    tables.agree(Agreement::Endings, Side::Expected, &ended, "revision", &["revision", "change", "scan_id", "observed_at"])?;
    let deleted = rows_where(batch, |row| is(row, Change::Deleted))?;
    tables.agree(Agreement::Deletions, Side::Expected, &deleted, "revision", &["version_revision", "revision"])?;
    let known = (0..batch.num_rows()).find(|row| changes.is_null(*row) || changes.value(*row).parse::<Change>().is_err());
    if let Some(row) = known {
        let (name, revision) = (tables.manifest_name(), revisions.value(row));
        tables.found(Damage::new(&name, format!("unknown change {:?}", changes.value(row))).about(revision, revision));
    }
    Ok(())
}

/// Which revisions were seen. Neighbours become one range, so there are few once a file was read whole: files hold
/// stretches of the log.
#[derive(Debug, Default)]
struct Ranges(BTreeMap<Revision, Revision>);

impl Ranges {
    /// Adds a range; false if some of it was there.
    fn insert(&mut self, mut first: Revision, mut last: Revision) -> bool {
        if self.0.range(..=last).next_back().is_some_and(|(_, end)| *end >= first) {
            return false;
        }
        if let Some((start, end)) = self.0.range(..first).next_back().map(|(start, end)| (*start, *end))
            && end.checked_add(1) == Some(first)
        {
            self.0.remove(&start);
            first = start;
        }
        if let Some(end) = self.0.remove(&last.saturating_add(1)) {
            last = end;
        }
        self.0.insert(first, last);
        true
    }

    /// What is not there, from a first revision up to and including a last one.
    fn gaps(&self, first: Revision, last: Revision) -> Vec<(Revision, Revision)> {
        let (mut next, mut gaps) = (first, Vec::new());
        for (start, end) in &self.0 {
            if *start > next {
                gaps.push((next, start.saturating_sub(1)));
            }
            next = next.max(end.saturating_add(1));
        }
        if next <= last {
            gaps.push((next, last));
        }
        gaps
    }
}

#[cfg(test)]
#[test]
fn ranges_become_one_and_tell_what_is_missing() {
    let mut ranges = Ranges::default();
    for (first, last) in [(1, 2), (5, 6), (3, 4), (9, 9)] {
        assert!(ranges.insert(first, last));
    }
    assert_eq!(ranges.0.len(), 2);
    assert!(!ranges.insert(6, 8) && !ranges.insert(0, 20) && !ranges.insert(9, 9));
    assert_eq!(ranges.gaps(1, 12), [(7, 8), (10, 12)]);
}
