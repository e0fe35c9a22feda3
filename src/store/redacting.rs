//! Redactions in the tables: finding the files that hold a resource, and writing them anew without what was redacted.
//!
//! A compaction that covers a redaction begins with this: each file that holds rows of the resource is written once more with the
//! same rows in the same order, and all that follows reads those. Bounds rule most files out; of the others the keys are read.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use futures::stream::BoxStream;
use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use super::closings::Closings;
use super::data_file::{Bound, DataFile};
use super::entries::EntryKind;
use super::history::History;
use super::manifest::each_once;
use super::merge::{open_columns, open_stream};
use super::parquet_io::{FileKind, FileWriter};
use super::redaction::{Ended, Redaction, Redactions, resource_of_finding, versions_of_changes};
use super::schema;
use super::segment::{Segment, has_payload, numbers, segment_seq, text_at, texts};
use super::tag_columns::{schema_of, with_tags, without_tags};
use super::verified::VerifiedStore;
use crate::error::{Error, Result};
use crate::model::{ResourceKey, Revision};

/// Rows of wide tables that are in memory at once.
const WIDE_ROWS: usize = 1 << 10;
/// Rows of keys and revisions that are in memory at once.
const NARROW_ROWS: usize = 1 << 16;

/// What a redaction of a resource would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedactionPlan {
    /// The resource.
    pub resource_key: String,
    /// The newest revision.
    pub head: Revision,
    /// Its versions that are not redacted yet, late contents among them.
    pub versions: usize,
    /// Findings about it, as runs of checks recorded them, that are not redacted yet.
    pub findings: usize,
    /// Data files that would be written anew.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Segments that would be cut down to their headers.
    pub segments: usize,
}

impl RedactionPlan {
    /// The plan for a resource, of a log as it is. Only those versions count that no redaction covers.
    ///
    /// # Errors
    /// `Corrupt` if a file is damaged, `Unavailable` if the storage refuses.
    pub async fn new(history: &History, key: &ResourceKey) -> Result<Self> {
        let held = Search::run(history, &HashSet::from_iter([key.as_str().to_owned()]), &history.index.redactions).await?;
        let listed = history.backend.list("log", "").await?;
        Ok(Self {
            resource_key: key.as_str().to_owned(),
            head: history.head(),
            versions: held.versions.len(),
            findings: held.findings,
            files: held.files.len(),
            bytes: held.files.iter().map(|(_, file)| file.bytes).sum(),
            segments: listed.iter().filter(|listed| has_payload(listed) && segment_seq(&listed.name).is_some()).count(),
        })
    }

    /// Whether there is anything to redact.
    pub fn redacts(&self) -> bool {
        self.versions > 0 || self.findings > 0
    }
}

/// What a store holds of some resources.
#[derive(Debug, Default)]
struct Held {
    /// The revisions that their versions began with which no redaction covers.
    versions: HashSet<Revision>,
    /// All of their versions that ended.
    ended: Ended,
    /// Findings about them that no redaction covers.
    findings: usize,
    /// The files with something that no redaction covers.
    files: Vec<(FileKind, DataFile)>,
}

/// Looks for what a store holds of some resources.
struct Search<'a> {
    history: &'a History,
    keys: &'a HashSet<String>,
    /// What the tables follow already.
    known: Redactions,
    store: Arc<VerifiedStore>,
    held: Held,
}

impl<'a> Search<'a> {
    /// Searches the tables and the tail. What a redaction is known to cover is left out.
    async fn run(history: &'a History, keys: &'a HashSet<String>, known: &[Redaction]) -> Result<Held> {
        let store = Arc::new(VerifiedStore::new(history.backend.object_store(), history.manifest.files().cloned()));
        let mut search = Self { history, keys, known: Redactions::new(known), store, held: Held::default() };
        search.versions().await?;
        search.changes().await?;
        search.entries().await?;
        for segment in &history.tail {
            search.take_versions(&segment.versions)?;
            search.held.findings += search.findings(&segment.entries, |_| segment.header.seq)?;
        }
        Ok(search.held)
    }

    fn open(&self, file: &DataFile, schema: &SchemaRef, columns: &[&str]) -> BoxStream<'static, Result<RecordBatch>> {
        open_columns(Arc::clone(&self.store), file, schema, NARROW_ROWS, Some(columns))
    }

    async fn versions(&mut self) -> Result<()> {
        let (history, keys) = (self.history, self.keys);
        let closings = Closings::new(history.file_closings.clone())?;
        for file in each_once(history.manifest.epochs.iter().flat_map(|epoch| &epoch.files)).filter(|file| may_hold(file, keys)) {
            let mut found = false;
            let mut batches = self.open(file, &schema_of(file), &["resource_key", "valid_from_revision", "valid_to_revision"]);
            while let Some(batch) = batches.next().await {
                found |= self.take_versions(&closings.close(&batch?)?)?;
            }
            self.held.files.extend(found.then(|| (FileKind::Versions, file.clone())));
        }
        Ok(())
    }

    /// Takes versions in; whether one of them is not redacted.
    fn take_versions(&mut self, rows: &RecordBatch) -> Result<bool> {
        let (keys, began, ended) =
            (texts(rows, "resource_key")?, numbers(rows, "valid_from_revision")?, numbers(rows, "valid_to_revision")?);
        let (wanted, mut found) = (self.keys, false);
        for row in (0..rows.num_rows()).filter(|row| wanted.contains(keys.value(*row))) {
            if ended.is_valid(row) && ended.value(row) > began.value(row) {
                self.held.ended.insert(ended.value(row), began.value(row));
            }
            if self.known.content(keys.value(row), began.value(row)).is_none() {
                self.held.versions.insert(began.value(row));
                found = true;
            }
        }
        Ok(found)
    }

    async fn changes(&mut self) -> Result<()> {
        let (history, keys) = (self.history, self.keys);
        for file in history.manifest.changes.iter().filter(|file| may_hold(file, keys)) {
            let mut found = false;
            let mut batches = self.open(file, &schema::CHANGES, &["revision", "change", "resource_key"]);
            while let Some(batch) = batches.next().await {
                found |= self.shows_changes(&batch?)?;
            }
            self.held.files.extend(found.then(|| (FileKind::Changes, file.clone())));
        }
        Ok(())
    }

    fn shows_changes(&self, rows: &RecordBatch) -> Result<bool> {
        let (keys, versions) = (texts(rows, "resource_key")?, versions_of_changes(rows, &self.held.ended)?);
        let mut rows = keys.iter().flatten().zip(versions).filter(|(key, _)| self.keys.contains(*key));
        Ok(rows.any(|(key, version)| self.known.content(key, version).is_none()))
    }

    async fn entries(&mut self) -> Result<()> {
        let history = self.history;
        for file in &history.manifest.entries {
            let mut found = 0;
            let mut batches = self.open(file, &schema::ENTRIES, &["seq", "entry", "details"]);
            while let Some(batch) = batches.next().await {
                let batch = batch?;
                let seqs = numbers(&batch, "seq")?;
                found += self.findings(&batch, |row| seqs.value(row).unsigned_abs())?;
            }
            self.held.findings += found;
            self.held.files.extend((found > 0).then(|| (FileKind::Entries, file.clone())));
        }
        Ok(())
    }

    /// How many findings among log entries are about the resources, and not redacted.
    fn findings(&self, entries: &RecordBatch, seq: impl Fn(usize) -> u64) -> Result<usize> {
        let (kinds, details) = (texts(entries, "entry")?, texts(entries, "details")?);
        let mut count = 0;
        for row in (0..entries.num_rows()).filter(|row| kinds.value(*row) == EntryKind::Finding.as_str()) {
            let key = resource_of_finding(text_at(details, row).unwrap_or_default())?;
            count += usize::from(self.keys.contains(&key) && !self.known.holds_finding(&key, seq(row)));
        }
        Ok(count)
    }
}

/// Whether the bounds of a file allow a resource in it.
fn may_hold(file: &DataFile, keys: &HashSet<String>) -> bool {
    let bounds = file.columns.get("resource_key").and_then(|stats| stats.min.as_ref().zip(stats.max.as_ref()));
    let Some((Bound::Text(min), Bound::Text(max))) = bounds else { return true };
    keys.iter().any(|key| min <= key && key <= max)
}

/// A history of the same log, of whose tables and tail nothing is left that its log says is redacted. What has to be written
/// anew is written for the manifest after that of the history.
///
/// # Errors
/// `Corrupt` if a file is damaged, `Unavailable` if the storage refuses.
pub async fn redacted(history: &History) -> Result<History> {
    let redactions = Redactions::pending(history);
    if redactions.is_empty() {
        return Ok(history.clone());
    }
    let pending = history.index.redactions.iter().filter(|redaction| redaction.seq > history.manifest.covered_seq);
    let keys = pending.map(|redaction| redaction.resource_key.clone()).collect();
    let held = Search::run(history, &keys, &history.manifest.index.redactions).await?;
    let rewriting = Rewriting {
        history,
        store: Arc::new(VerifiedStore::new(history.backend.object_store(), history.manifest.files().cloned())),
        redactions: &redactions,
        ended: &held.ended,
    };
    let mut others = HashMap::new();
    for (kind, file) in &held.files {
        others.insert(file.name.clone(), rewriting.write_anew(*kind, file).await?);
    }
    let redact = |segment: &Arc<Segment>| -> Result<Arc<Segment>> {
        let entries = redactions.entries(&segment.entries, |_| segment.header.seq)?;
        Ok(Arc::new(segment.with_tables(redactions.versions(&segment.versions)?, entries)))
    };
    let tail = history.tail.iter().map(redact).collect::<Result<Vec<_>>>()?;
    let manifest = Arc::new(history.manifest.with_files(&others));
    Ok(History { manifest, tail, ..history.clone() })
}

struct Rewriting<'a> {
    history: &'a History,
    store: Arc<VerifiedStore>,
    redactions: &'a Redactions,
    ended: &'a Ended,
}

impl Rewriting<'_> {
    async fn write_anew(&self, kind: FileKind, file: &DataFile) -> Result<DataFile> {
        let schema: SchemaRef = match kind {
            FileKind::Versions => schema_of(file),
            FileKind::Changes => Arc::clone(&schema::CHANGES),
            _ => Arc::clone(&schema::ENTRIES),
        };
        let mut writer = FileWriter::new(self.history, kind, &schema)?;
        let mut batches = open_stream(Arc::clone(&self.store), file, &schema, WIDE_ROWS);
        while let Some(batch) = batches.next().await {
            writer.write(&self.rows(kind, &batch?, &schema)?)?;
        }
        writer.finish().await?.ok_or_else(|| Error::corrupt(format!("{} has no rows", file.name)))
    }

    fn rows(&self, kind: FileKind, rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        match kind {
            FileKind::Versions => with_tags(&self.redactions.versions(&without_tags(rows)?)?, schema),
            FileKind::Changes => self.redactions.changes(rows, self.ended),
            _ => {
                let seqs = numbers(rows, "seq")?;
                self.redactions.entries(rows, |row| seqs.value(row).unsigned_abs())
            }
        }
    }
}
