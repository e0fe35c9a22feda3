//! Compaction: the tail of the log becomes Parquet tables. What it writes depends on the log alone; several processes may
//! compact at once, and the one that publishes first wins.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{SortColumn, concat_batches, filter_record_batch, lexsort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use tracing::debug;

use super::backend::Created;
use super::changes::changes_of_tail;
use super::data_file::DataFile;
use super::entries::place_entries;
use super::history::History;
use super::levels::{CHANGE_LEVELS, ENTRY_LEVELS, Levels, OBSERVATION_LEVELS, VERSION_LEVELS};
use super::manifest::{Epoch, Manifest, hex, manifest_name, manifest_number};
use super::merge::{SortedObservations, append, merge_observations, write_batches};
use super::merge_versions::{EpochPlan, rewrite_epochs};
use super::parquet_io::FileKind;
use super::redacting::redacted;
use super::retention::{is_below, is_epoch_below};
use super::schema;
use super::segment::{Hash, Segment, numbers};
use super::snapshot::overlay;
use super::sweep::{self, Swept};
use super::tag_columns::schema_with;
use super::verified::VerifiedStore;
use crate::error::{Error, Result};
use crate::model::Revision;

/// A tail with this many new versions is compacted at the end of a scan.
const TAIL_VERSIONS_MAX: u64 = 1 << 13;
/// A tail of which so many bytes are held in memory is compacted at the end of a scan.
const TAIL_BYTES_MAX: u64 = 16 << 20;
/// A tail of this many segments is compacted at the end of a scan.
const TAIL_SEGMENTS_MAX: u64 = 256;
/// A tail with this many observations is compacted at the end of a scan.
const TAIL_OBSERVATIONS_MAX: u64 = 3 << 19;
/// A tail this many times as long is compacted in the middle of a scan.
const TAIL_LONG: u64 = 8;
/// So is one of which so many bytes are held in memory.
const TAIL_LONG_BYTES: u64 = 20 << 20;
/// So many observations are compacted at once: in memory each takes about 40 bytes while they are sorted.
const STEP_OBSERVATIONS_MAX: u64 = 1 << 21;
/// So many bytes of versions are compacted at once: they are in memory up to three times.
const STEP_BYTES_MAX: u64 = 24 << 20;
/// For a tail this many times as long, writing waits.
const TAIL_OVERDUE: u64 = 16;

/// How much maintenance may do.
#[derive(Debug, Clone, Copy)]
pub struct CompactOptions {
    /// How long what is no longer needed is kept for readers that still use it.
    pub grace: Duration,
}

impl Default for CompactOptions {
    fn default() -> Self {
        Self { grace: Duration::from_secs(24 * 3600) }
    }
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Segments that went into the tables.
    pub segments: u64,
    /// Observations that went into the tables.
    pub observations: u64,
    /// Rows of versions written, rewritten ones included.
    pub version_rows_written: u64,
    /// New rows of versions.
    pub version_rows_new: u64,
    /// What was removed because it is no longer needed.
    pub swept: Swept,
}

/// What segments hold.
#[derive(Debug, Clone, Copy, Default)]
struct TailLength {
    versions: u64,
    observations: u64,
    bytes: u64,
    segments: u64,
}

impl TailLength {
    fn add(&mut self, segment: &Segment) {
        self.versions += segment.versions.num_rows() as u64;
        self.observations += segment.header.count;
        self.bytes += segment.versions.get_array_memory_size() as u64;
        self.segments += 1;
    }

    fn of(history: &History) -> Self {
        let mut length = Self::default();
        history.tail.iter().for_each(|segment| length.add(segment));
        length
    }

    /// In parts of the length at which a tail is compacted at the end of a scan.
    fn parts(&self) -> u64 {
        let versions = self.versions / TAIL_VERSIONS_MAX;
        let observations = self.observations / TAIL_OBSERVATIONS_MAX;
        versions.max(observations).max(self.bytes / TAIL_BYTES_MAX).max(self.segments / TAIL_SEGMENTS_MAX)
    }
}

/// Whether the tail is long enough to be compacted by itself.
pub fn is_due(history: &History) -> bool {
    let length = TailLength::of(history);
    let scan_ended = || history.tail.last().is_some_and(|segment| segment.ends_scan());
    length.bytes >= TAIL_LONG_BYTES || length.parts() >= TAIL_LONG || (length.parts() > 0 && scan_ended())
}

/// Whether the tail is so long that writing should wait for its compaction.
pub fn is_overdue(history: &History) -> bool {
    TailLength::of(history).parts() >= TAIL_OVERDUE
}

/// Compacts the tail as far as it has been read and removes what is no longer needed. A long tail is compacted in steps,
/// each of them small enough for its rows to be in memory.
///
/// # Errors
/// `Unavailable` if the storage refuses: nothing is lost. `Corrupt` if a file is damaged.
pub async fn compact(history: &mut History, options: CompactOptions) -> Result<Compacted> {
    let mut done = Compacted::default();
    make_tables(history, &mut done).await?;
    done.swept = sweep::sweep(history, options.grace).await?;
    Ok(done)
}

/// Compacts the tail as far as it has been read. What is left of it was compacted by another process.
///
/// # Errors
/// As [`compact`].
pub async fn make_tables(history: &mut History, done: &mut Compacted) -> Result<()> {
    while !history.tail.is_empty() {
        let manifest = build(&history.up_to(step(history))?, done).await?;
        if !publish(history, manifest).await? {
            break;
        }
    }
    Ok(())
}

/// How many segments of the tail are compacted at once: as many as are not too long, up to the end of a scan if there is one
/// among them.
fn step(history: &History) -> usize {
    let (mut length, mut scan_end) = (TailLength::default(), None);
    for (at, segment) in (1..).zip(&history.tail) {
        length.add(segment);
        if at > 1 && (length.observations > STEP_OBSERVATIONS_MAX || length.bytes > STEP_BYTES_MAX) {
            return scan_end.unwrap_or(at - 1);
        }
        if segment.ends_scan() {
            scan_end = Some(at);
        }
    }
    history.tail.len()
}

/// Publishes a manifest and goes on from it. False if another process has compacted: its tables are as good as ours, and the
/// next refresh finds them.
///
/// The number may be free although it was used: while this process stood still, others published it and newer ones, and swept.
/// Those do not follow what is made now, which is taken away.
async fn publish(history: &mut History, manifest: Manifest) -> Result<bool> {
    let (bytes, hash) = manifest.encode()?;
    let name = manifest_name(manifest.number);
    // The tail may hold a segment whose writer has not made its name durable yet; the manifest must not outlive it.
    history.backend.settle("log").await?;
    match history.backend.create(&name, bytes).await {
        Ok(Created::Done) if was_used(history, &name, &hash).await? => history.backend.delete(&name).await.map(|()| false),
        Ok(Created::Done) => history.adopt(Arc::new(manifest), hash).await.map(|()| true),
        Ok(Created::Exists) => Ok(false),
        Err(error) => Err(error.context("publish the compacted tables")),
    }
}

/// Whether the manifest after one, of a name and a hash, follows another of its number.
async fn was_used(history: &History, name: &str, hash: &Hash) -> Result<bool> {
    let later = history.backend.list("manifest", name).await?;
    let Some(next) = later.iter().find_map(|listed| manifest_number(&listed.name)) else { return Ok(false) };
    let Some(bytes) = history.backend.get(&manifest_name(next)).await? else { return Ok(true) };
    Ok(Manifest::decode(&bytes, next)?.0.previous_hash != hex(hash))
}

async fn build(history: &History, done: &mut Compacted) -> Result<Manifest> {
    let history = &redacted(history).await?;
    let old = &history.manifest;
    let (last_seq, last_hash) = history.last;
    let (mut cutting, mut cuts) = (old.cutting.clone(), Vec::new());
    for segment in &history.tail {
        cuts.extend(cutting.apply(segment)?);
    }
    done.segments += history.tail.len() as u64;
    done.observations += (history.index.head - old.index.head).unsigned_abs();
    let epochs = build_epochs(history, &cuts, done).await?;
    let newer = changes_of_tail(history).await?;
    let kept = above_floor(history, &old.changes);
    let changes = appended(history, FileKind::Changes, &schema::CHANGES, &CHANGE_LEVELS, &kept, &newer).await?;
    let observations = build_observations(history).await?;
    let entries = build_entries(history).await?;
    let previous_hash = if old.number == 0 { String::new() } else { hex(&history.manifest_hash) };
    Ok(Manifest {
        number: old.number + 1,
        previous_hash,
        store_id: history.store_id,
        covered_seq: last_seq,
        covered_hash: hex(&last_hash),
        index: (*history.index).clone(),
        epochs,
        cutting,
        changes,
        observations,
        entries,
    })
}

/// The epochs with the tail in them. Without a cut, the open epoch gets a file, into which those are merged that are not much
/// larger; the closings tell how rows of the others ended. With one, all of the open epoch is merged.
async fn build_epochs(history: &History, cuts: &[Revision], done: &mut Compacted) -> Result<Vec<Epoch>> {
    let old = &history.manifest;
    let (versions, closings) = overlay(&history.tail, &history.file_closings, old.index.head)?;
    let versions = sort_versions(&versions)?;
    done.version_rows_new += versions.num_rows() as u64;
    let mut epochs = old.epochs.clone();
    let open = epochs.pop().unwrap_or(Epoch { start: old.index.head, end: None, files: Vec::new(), closings: None });
    let mut cuts: Vec<Revision> = cuts.iter().copied().filter(|cut| *cut > open.start).collect();
    cuts.dedup();
    let first = if cuts.is_empty() { VERSION_LEVELS.first_to_merge(&open.files, versions.num_rows()) } else { 0 };
    let (kept, merged) = open.files.split_at_checked(first).unwrap_or((&open.files, &[]));
    debug!(cuts = cuts.len(), files = merged.len(), "merging files of the open epoch");
    let schema = schema_with(&history.index.settings.tag_columns);
    let plan = EpochPlan::new(open.start, &cuts);
    let sources = VerifiedStore::new(history.backend.object_store(), merged.iter().cloned());
    for epoch in rewrite_epochs(history, Arc::new(sources), merged, versions, &closings, &plan, &schema).await? {
        done.version_rows_written += epoch.files.iter().map(|file| file.rows).sum::<u64>();
        epochs.push(epoch);
    }
    if let Some(open) = epochs.last_mut().filter(|_| !kept.is_empty()) {
        let newest = kept.iter().filter_map(|file| file.int_bounds("valid_from_revision")).map(|(_, newest)| newest).max();
        let closings = closings_up_to(closings.rows(), newest.unwrap_or(open.start))?;
        open.files.splice(0..0, kept.iter().cloned());
        open.closings = write_batches(history, FileKind::Closings, &schema::CLOSINGS, [closings]).await?;
    }
    epochs.retain(|epoch| !is_epoch_below(epoch, history.index.floor));
    Ok(epochs)
}

/// The files of changes or observations that hold something above the floor.
fn above_floor(history: &History, files: &[DataFile]) -> Vec<DataFile> {
    files.iter().filter(|file| !is_below(file, history.index.floor)).cloned().collect()
}

/// The closings of versions that began up to and including a revision.
fn closings_up_to(closings: &RecordBatch, revision: Revision) -> Result<RecordBatch> {
    let began = numbers(closings, "valid_from_revision")?;
    let kept: BooleanArray = began.values().iter().map(|began| Some(*began <= revision)).collect();
    Ok(filter_record_batch(closings, &kept)?)
}

/// Rows of versions in the order of the table.
///
/// # Errors
/// `Internal` if Arrow refuses the columns.
pub fn sort_versions(versions: &RecordBatch) -> Result<RecordBatch> {
    let column = |name: &str| -> Result<SortColumn> {
        let values = versions.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?;
        Ok(SortColumn { values: Arc::clone(values), options: None })
    };
    let order = [column("resource_type")?, column("resource_key")?, column("valid_from_revision")?];
    Ok(take_record_batch(versions, &lexsort_to_indices(&order, None)?)?)
}

async fn build_observations(history: &History) -> Result<Vec<DataFile>> {
    let mut files = above_floor(history, &history.manifest.observations);
    let sorted = SortedObservations::new(history.tail.iter().filter(|segment| segment.header.count > 0).cloned())?;
    if sorted.len() == 0 {
        return Ok(files);
    }
    let first = OBSERVATION_LEVELS.first_to_merge(&files, sorted.len());
    let merged = merge_observations(history, files.get(first..).unwrap_or_default(), sorted).await?;
    files.truncate(first);
    files.extend(merged);
    Ok(files)
}

async fn build_entries(history: &History) -> Result<Vec<DataFile>> {
    let batches = history
        .tail
        .iter()
        .map(|segment| place_entries(&segment.entries, segment.header.seq, &segment.header.writer_id.to_string(), &hex(&segment.hash)));
    let entries = concat_batches(&schema::ENTRIES, &batches.collect::<Result<Vec<_>>>()?)?;
    appended(history, FileKind::Entries, &schema::ENTRIES, &ENTRY_LEVELS, &history.manifest.entries, &entries).await
}

/// The files of a table with newer rows.
async fn appended(
    history: &History,
    kind: FileKind,
    schema: &SchemaRef,
    levels: &Levels,
    files: &[DataFile],
    newer: &RecordBatch,
) -> Result<Vec<DataFile>> {
    if newer.num_rows() == 0 {
        return Ok(files.to_vec());
    }
    let (kept, merged) = files.split_at(levels.first_to_merge(files, newer.num_rows()));
    let mut files = kept.to_vec();
    files.extend(append(history, kind, schema, merged, newer).await?);
    Ok(files)
}
