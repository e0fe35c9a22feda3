//! The rows of the files that the newest manifest names: against the manifest, the log and each other.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;

use super::chain::{Chain, Told};
use super::contents::RulesOverTime;
use super::digest::{Ledger, Side, rows_where};
use super::files::Sources;
use super::{Audit, Damage, lives, observed, versions};
use crate::error::{Error, Result};
use crate::model::Revision;
use crate::store::data_file::DataFile;
use crate::store::entries::{EntryKind, read_entries};
use crate::store::index::LogIndex;
use crate::store::manifest::{Manifest, hex, manifest_name};
use crate::store::merge::open_columns;
use crate::store::parquet_io::{Bounds, FileKind, read_columns};
use crate::store::redaction::Redactions;
use crate::store::schema;
use crate::store::segment::{numbers, texts};
use crate::store::verified::VerifiedStore;

/// Rows of wide tables that are in memory at once.
const WIDE_ROWS: usize = 1 << 12;
/// Rows of narrow tables that are in memory at once.
const NARROW_ROWS: usize = 1 << 16;
/// Batches that are decoded before they are looked at.
const BATCHES_AHEAD: usize = 2;

/// What must agree within the tables, by epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Observations that began a version, and the versions.
    Beginnings,
    /// Observations that ended a version, and the ends.
    Endings,
    /// Deletions, and which versions ended by them.
    Deletions,
    /// Versions that others followed, and those that followed.
    Successions,
    /// What was alive at a cut, as the epochs on both sides of it have it.
    Carried,
    /// Versions that began and ended, and the table of changes.
    Changes,
    /// What updates replaced, in both.
    Replaced,
}

impl Agreement {
    const ALL: [Self; 7] =
        [Self::Beginnings, Self::Endings, Self::Deletions, Self::Successions, Self::Carried, Self::Changes, Self::Replaced];

    fn in_words(self) -> &'static str {
        match self {
            Self::Beginnings => "observations that began versions and the versions that began differ",
            Self::Endings => "observations that ended versions and the ends of versions differ",
            Self::Deletions => "deletions and the versions that they ended differ",
            Self::Successions => "updated versions and those that they followed differ in resource or life",
            Self::Carried => "what was alive at the end of an epoch differs from what the next one begins with",
            Self::Changes => "changes differ from the beginnings and ends of versions",
            Self::Replaced => "contents that changes replaced differ from those of the versions",
        }
    }
}

/// The tables of a manifest, and what was found out about them so far.
pub(super) struct Tables<'a, 'b> {
    pub audit: &'a mut Audit<'b>,
    pub manifest: &'a Manifest,
    pub store: Arc<VerifiedStore>,
    pub sources: Sources<'a>,
    pub chain: Chain,
    /// Sums by epoch.
    pub agreements: Ledger<7>,
    /// Only what came after this revision is compared: all that is not below the floor.
    pub after: Revision,
    /// What decided equality, over time.
    pub rules: RulesOverTime,
    /// What replaces contents.
    pub redactions: Redactions,
}

/// Checks the files of a manifest and what is in them. If one is not whole, nothing is said about rows.
pub async fn check(audit: &mut Audit<'_>, manifest: &Manifest, chain: Chain) -> Result<()> {
    let mut agreements = Ledger::new();
    for epoch in &manifest.epochs {
        agreements.open(epoch.start + 1, epoch.end.unwrap_or(Revision::MAX));
    }
    let before = audit.report.clone();
    let store = Arc::new(VerifiedStore::new(Arc::clone(&audit.objects), manifest.files().cloned()));
    let sources = Sources::new(audit, manifest, in_order(manifest));
    let (rules, redactions) = (RulesOverTime::default(), Redactions::new(&manifest.index.redactions));
    let mut tables = Tables { audit, manifest, store, sources, after: chain.after, chain, agreements, rules, redactions };
    tables.facts();
    tables.entries().await?;
    observed::check(&mut tables).await?;
    versions::check(&mut tables).await?;
    tables.changes().await?;
    let Tables { sources, audit, .. } = &mut tables;
    sources.finish(audit).await?;
    if !sources.damage.is_empty() {
        (audit.report.damage, audit.report.damage_not_told) = (before.damage, before.damage_not_told);
        sources.damage.drain(..).for_each(|damage| audit.found(damage));
        return Ok(());
    }
    tables.compare();
    if tables.audit.options.deep {
        let followed = lives::check(&mut tables).await;
        tables.audit.note(&manifest_name(manifest.number), followed)?;
    }
    tables.audit.report.compared = true;
    Ok(())
}

/// The files of a manifest as they are looked at.
fn in_order(manifest: &Manifest) -> Vec<&DataFile> {
    let versions = manifest.epochs.iter().flat_map(|epoch| epoch.closings.iter().chain(&epoch.files));
    manifest.entries.iter().chain(&manifest.observations).chain(versions).chain(&manifest.changes).collect()
}

/// The columns of versions as they began, in the order of the table; contents only if they are read.
pub fn opened_columns(deep: bool) -> Vec<&'static str> {
    version_columns(deep).into_iter().filter(|name| !schema::ENDS.contains(name)).collect()
}

/// The columns of versions that are read.
pub fn version_columns(deep: bool) -> Vec<&'static str> {
    if deep {
        return names_of(&schema::VERSIONS);
    }
    let contents = ["native_type", "resource_id", "arn", "name", "state", "created_at", "tags", "properties", "changed_paths"];
    names_of(&schema::VERSIONS).into_iter().filter(|name| !contents.contains(name)).collect()
}

/// The columns of changes that are read, but for what they replaced.
pub fn change_columns(deep: bool) -> Vec<&'static str> {
    let versions = version_columns(deep);
    let facts = ["revision", "changed_at", "scan_id", "change"];
    names_of(&schema::CHANGES).into_iter().filter(|name| facts.contains(name) || versions.contains(name)).collect()
}

/// The names of a table's columns.
pub fn names_of(schema: &'static SchemaRef) -> Vec<&'static str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

impl Tables<'_, '_> {
    pub(super) fn found(&mut self, damage: Damage) {
        self.audit.found(damage);
    }

    pub(super) fn manifest_name(&self) -> String {
        manifest_name(self.manifest.number)
    }

    /// Columns of a file, batch by batch. What comes next is decoded on another core meanwhile.
    pub(super) fn open(&self, file: &DataFile, schema: &SchemaRef, columns: &[&str]) -> BoxStream<'static, Result<RecordBatch>> {
        let rows = if columns.contains(&"resource_key") { WIDE_ROWS } else { NARROW_ROWS };
        let mut batches = match self.sources.kept(file) {
            Some(bytes) => match read_columns(&file.name, bytes, schema, rows, columns) {
                Ok(batches) => futures::stream::iter(batches).boxed(),
                Err(error) => futures::stream::once(async { Err(error) }).boxed(),
            },
            None => open_columns(Arc::clone(&self.store), file, schema, rows, Some(columns)),
        };
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        tokio::spawn(async move {
            while let Some(batch) = batches.next().await {
                // Nobody waits for more once a batch was wrong.
                if sender.send(batch).await.is_err() {
                    return;
                }
            }
        });
        let next = |mut receiver: mpsc::Receiver<_>| async move { receiver.recv().await.map(|batch| (batch, receiver)) };
        futures::stream::unfold(receiver, next).boxed()
    }

    /// What the manifest says of a file must be what its rows are.
    pub(super) fn check_bounds(&mut self, file: &DataFile, bounds: Bounds, rows: u64) {
        if rows != file.rows {
            self.found(Damage::new(&file.name, format!("the manifest tells of {} rows, but it has {rows}", file.rows)));
        }
        let found = bounds.finish();
        for (column, told) in &file.columns {
            if found.get(column) != Some(told) {
                let found = found.get(column);
                self.found(Damage::new(
                    &file.name,
                    format!("the manifest tells of other bounds of {column} than it has: {told:?}, {found:?}"),
                ));
            }
        }
    }

    /// What the manifest states as facts.
    fn facts(&mut self) {
        let (manifest, name) = (self.manifest, self.manifest_name());
        let covered = usize::try_from(manifest.covered_seq).ok().and_then(|seq| self.chain.heads.get(seq.checked_sub(1)?));
        let head = covered.map_or(0, |head| head.last);
        if manifest.index.head != head {
            let what =
                format!("it says that segment {} ends with revision {}, but {head} it is", manifest.covered_seq, manifest.index.head);
            self.found(Damage::new(&name, what));
        }
        let mut end = manifest.epochs.first().map(|epoch| epoch.start);
        if let Some(start) = end.filter(|start| *start > manifest.index.floor) {
            let what = format!("its epochs begin after revision {start}, but the oldest that can be asked for is {}", manifest.index.floor);
            self.found(Damage::new(&name, what).about(manifest.index.floor, start - 1));
        }
        for epoch in &manifest.epochs {
            if end != Some(epoch.start) {
                self.found(Damage::new(&name, format!("the epoch after revision {} does not follow the one before it", epoch.start)));
            }
            end = epoch.end;
        }
        if end.is_some() {
            self.found(Damage::new(&name, "it has no open epoch"));
        }
    }

    /// The entries of the log, in order: each as its segment's header vouches for it. Folded they are the manifest's index.
    async fn entries(&mut self) -> Result<()> {
        let (mut fold, manifest) = (EntryFold::default(), self.manifest);
        for file in &manifest.entries {
            if !self.sources.read(self.audit, file).await? {
                return Ok(());
            }
            let read = self.entry_file(file, &mut fold).await;
            if self.audit.note(&file.name, read)?.is_none() {
                return Ok(());
            }
        }
        let (name, index) = (self.manifest_name(), &manifest.index);
        if fold.next_revision != index.head + 1 {
            let what = format!(
                "the log entries tell of observations up to revision {}, expected {}",
                fold.next_revision.saturating_sub(1),
                index.head
            );
            self.found(Damage::new(&name, what));
        }
        let folded = LogIndex { head: index.head, head_time: index.head_time, times: index.times.clone(), ..fold.index };
        if folded != *index {
            self.found(Damage::new(&name, "its fold of the log (scans, tags, settings, jobs) is not that of the log entries"));
        }
        self.rules = fold.rules;
        Ok(())
    }

    async fn entry_file(&mut self, file: &DataFile, fold: &mut EntryFold) -> Result<()> {
        let columns = names_of(&schema::ENTRIES);
        let (mut bounds, mut rows) = (Bounds::new(FileKind::Entries), 0);
        let mut batches = self.open(file, &schema::ENTRIES, &columns);
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            bounds.add(&batch)?;
            rows += batch.num_rows() as u64;
            let digests = self.audit.digests.of(&batch, &columns)?;
            self.chain.entries.add(0, Side::Found, numbers(&batch, "seq")?.values().iter().copied(), digests);
            self.entry_rows(&batch, fold)?;
        }
        self.check_bounds(file, bounds, rows);
        Ok(())
    }

    fn entry_rows(&self, batch: &RecordBatch, fold: &mut EntryFold) -> Result<()> {
        let (seqs, places) = (numbers(batch, "seq")?, numbers(batch, "entry_no")?);
        let (hashes, writers) = (texts(batch, "segment_hash")?, texts(batch, "writer")?);
        let (first, last) = (numbers(batch, "first_revision")?, numbers(batch, "last_revision")?);
        let views = read_entries(batch)?;
        for (row, view) in views.iter().enumerate() {
            let (seq, place) = (seqs.value(row), places.value(row));
            let (last_seq, last_place) = fold.last;
            if !((seq == last_seq && Some(place) == last_place.checked_add(1)) || (seq > last_seq && place == 0)) {
                return Err(Error::corrupt(format!("entry {place} of segment {seq} follows entry {last_place} of segment {last_seq}")));
            }
            fold.last = (seq, place);
            let head = seq.checked_sub(1).and_then(|at| usize::try_from(at).ok()).and_then(|at| self.chain.heads.get(at));
            if head.is_none_or(|head| head.mark != self.audit.digests.of_texts(hashes.value(row), writers.value(row))) {
                return Err(Error::corrupt(format!("entry {place} of segment {seq} names another header than the log has")));
            }
            if view.kind == EntryKind::ResourceObserved && first.is_valid(row) {
                if first.value(row) != fold.next_revision {
                    let (expected, found) = (fold.next_revision, first.value(row));
                    return Err(Error::corrupt(format!("expected a batch from revision {expected} in segment {seq}, found {found}")));
                }
                fold.next_revision = last.value(row).saturating_add(1);
            }
            fold.rules.take(seq.unsigned_abs(), view)?;
            fold.index.apply_entry(seq.unsigned_abs(), view)?;
        }
        Ok(())
    }

    /// Changes, by revision.
    async fn changes(&mut self) -> Result<()> {
        let (mut last, manifest) = (0, self.manifest);
        for file in &manifest.changes {
            if !self.sources.read(self.audit, file).await? {
                continue;
            }
            let read = self.change_file(file, &mut last).await;
            self.audit.note(&file.name, read)?;
        }
        Ok(())
    }

    async fn change_file(&mut self, file: &DataFile, last: &mut Revision) -> Result<()> {
        let deep = self.audit.options.deep;
        let compared = change_columns(deep);
        let columns: Vec<&str> = compared.iter().copied().chain(deep.then_some("before")).collect();
        let (mut bounds, mut rows, after) = (Bounds::new(FileKind::Changes), 0, self.after);
        let mut batches = self.open(file, &schema::CHANGES, &columns);
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            bounds.add(&batch)?;
            rows += batch.num_rows() as u64;
            let revisions = numbers(&batch, "revision")?;
            for revision in revisions.values() {
                if *revision <= *last {
                    let damage = Damage::new(&file.name, format!("revision {revision} does not follow {last}"));
                    self.found(damage.about(*revision, *revision));
                }
                *last = *revision;
            }
            let told = rows_where(&batch, |row| revisions.value(row) > after)?;
            self.agree(Agreement::Changes, Side::Found, &told, "revision", &compared)?;
            if deep {
                let before = texts(&told, "before")?;
                let updates = rows_where(&told, |row| before.is_valid(row))?;
                self.agree(Agreement::Replaced, Side::Found, &updates, "revision", &["revision", "before"])?;
            }
        }
        self.check_bounds(file, bounds, rows);
        Ok(())
    }

    /// Adds rows to one side of an agreement, by the revision in a column.
    pub(super) fn agree(&mut self, what: Agreement, side: Side, rows: &RecordBatch, key: &str, columns: &[&str]) -> Result<()> {
        let digests = self.audit.digests.of(rows, columns)?;
        self.agreements.add(what as usize, side, numbers(rows, key)?.values().iter().copied(), digests);
        Ok(())
    }

    /// Adds rows to what the tables have of what segments told. Of a long history most segments have nothing left to tell.
    pub(super) fn tell(&mut self, what: Told, rows: &RecordBatch, key: &str, columns: &[&str]) -> Result<()> {
        let keys = numbers(rows, key)?;
        let told = rows_where(rows, |row| self.chain.told.place_of(keys.value(row)).is_some())?;
        if told.num_rows() > 0 {
            let digests = self.audit.digests.of(&told, columns)?;
            self.chain.told.add(what as usize, Side::Found, numbers(&told, key)?.values().iter().copied(), digests);
        }
        Ok(())
    }

    fn compare(&mut self) {
        let head = self.manifest.index.head;
        for differing in self.agreements.differing() {
            let Some(what) = Agreement::ALL.get(differing.fact) else { continue };
            let what = format!("{}: expected {} rows, found {}", what.in_words(), differing.expected, differing.found);
            let (first, last) = differing.span;
            let damage = Damage::new(&self.manifest_name(), what).about(first.max(self.after + 1), last.min(head));
            self.found(damage);
        }
        self.chain.compare(self.audit, &self.manifest_name());
        let covered = self.chain.covered;
        let index = &self.manifest.index;
        if covered.map(|(hash, _)| hex(&hash)).as_deref() != Some(&self.manifest.covered_hash) {
            let name = self.manifest_name();
            self.found(Damage::new(&name, format!("it covers another segment {} than that of the log", self.manifest.covered_seq)));
        } else if index.head_time != covered.filter(|_| index.head > 0).map(|(_, time)| time) {
            let name = self.manifest_name();
            self.found(Damage::new(&name, format!("it says that the time of revision {} is another than the log says", index.head)));
        }
    }
}

/// The entries so far.
struct EntryFold {
    index: LogIndex,
    rules: RulesOverTime,
    /// Segment and place of the last one.
    last: (i64, i64),
    next_revision: Revision,
}

impl Default for EntryFold {
    fn default() -> Self {
        Self { index: LogIndex::default(), rules: RulesOverTime::default(), last: (0, 0), next_revision: 1 }
    }
}
