//! Compaction: the tail of the log becomes Parquet tables. What it writes depends on the log alone; several processes may
//! compact at once, and the one that publishes first wins.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use tracing::debug;

use super::backend::Created;
use super::data_file::DataFile;
use super::entries::place_entries;
use super::history::History;
use super::manifest::{Epoch, Manifest, hex, manifest_name};
use super::merge::{merge_entries, merge_observations, sort_observations, write_batches};
use super::merge_versions::{EpochPlan, rewrite_epochs};
use super::parquet_io::FileKind;
use super::schema;
use super::segment::Segment;
use super::snapshot::overlay;
use super::sweep::{self, Swept};
use super::verified::VerifiedStore;
use crate::error::{Error, Result};
use crate::model::Revision;

/// Files of the open epoch after which they are merged into one.
pub const MERGE_FILES: usize = 8;
/// Files of observations or entries of one size after which they are merged into one: the longer the window of a file, the
/// more often a listing repeats in it and costs next to nothing.
const NARROW_MERGE_FILES: usize = 4;
/// A tail with this many new versions is compacted at the end of a scan.
const TAIL_VERSIONS_MAX: u64 = 4096;
/// A tail of which so many bytes are held in memory is compacted at the end of a scan.
const TAIL_BYTES_MAX: u64 = 8 << 20;
/// A tail of this many segments is compacted at the end of a scan.
const TAIL_SEGMENTS_MAX: u64 = 256;
/// A tail with this many observations is compacted at the end of a scan.
const TAIL_OBSERVATIONS_MAX: u64 = 1 << 20;
/// A tail this many times as long is compacted in the middle of a scan.
const TAIL_LONG: u64 = 16;
/// For a tail this many times as long, writing waits.
const TAIL_OVERDUE: u64 = 32;

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

/// How long a tail is, in parts of the length at which it is compacted at the end of a scan.
fn tail_length(history: &History) -> u64 {
    let sum = |of: &dyn Fn(&Segment) -> u64| history.tail.iter().map(|segment| of(segment)).sum::<u64>();
    let lengths = [
        sum(&|segment| segment.versions.num_rows() as u64) / TAIL_VERSIONS_MAX,
        sum(&|segment| segment.header.count) / TAIL_OBSERVATIONS_MAX,
        sum(&|segment| segment.versions.get_array_memory_size() as u64) / TAIL_BYTES_MAX,
        history.tail.len() as u64 / TAIL_SEGMENTS_MAX,
    ];
    lengths.into_iter().max().unwrap_or(0)
}

/// Whether the tail is long enough to be compacted by itself.
pub fn is_due(history: &History) -> bool {
    let scan_ended = || history.tail.last().is_some_and(|segment| segment.ends_scan());
    match tail_length(history) {
        0 => false,
        length => length >= TAIL_LONG || scan_ended(),
    }
}

/// Whether the tail is so long that writing should wait for its compaction.
pub fn is_overdue(history: &History) -> bool {
    tail_length(history) >= TAIL_OVERDUE
}

/// Compacts the tail as far as it has been read and removes what is no longer needed.
///
/// # Errors
/// `Unavailable` if the storage refuses: nothing is lost. `Corrupt` if a file is damaged.
pub async fn compact(history: &mut History, options: CompactOptions) -> Result<Compacted> {
    let mut done = Compacted::default();
    if !history.tail.is_empty() {
        let manifest = build(history, &mut done).await?;
        publish(history, manifest).await?;
    }
    done.swept = sweep::sweep(history, options.grace).await?;
    Ok(done)
}

async fn publish(history: &mut History, manifest: Manifest) -> Result<()> {
    let (bytes, hash) = manifest.encode()?;
    let name = manifest_name(manifest.number);
    // The tail may hold a segment whose writer has not made its name durable yet; the manifest must not outlive it.
    history.backend.settle("log").await?;
    match history.backend.create(&name, bytes).await {
        Ok(Created::Done) => history.adopt(Arc::new(manifest), hash).await,
        // Another process has compacted: its tables are as good as ours, and the next refresh finds them.
        Ok(Created::Exists) => Ok(()),
        Err(error) => Err(error.context("publish the compacted tables")),
    }
}

async fn build(history: &History, done: &mut Compacted) -> Result<Manifest> {
    let old = &history.manifest;
    let (last_seq, last_hash) = history.last;
    let (mut cutting, mut cuts) = (old.cutting.clone(), Vec::new());
    for segment in &history.tail {
        cuts.extend(cutting.apply(segment)?);
    }
    done.segments = history.tail.len() as u64;
    done.observations = (history.index.head - old.index.head).unsigned_abs();
    let epochs = build_epochs(history, &cuts, done).await?;
    let observations = build_observations(history).await?;
    let entries = build_entries(history).await?;
    let previous_hash = if old.number == 0 { String::new() } else { hex(&history.manifest_hash) };
    Ok(Manifest {
        number: old.number + 1,
        previous_hash,
        store_id: history.store_id,
        covered_seq: last_seq,
        covered_hash: hex(&last_hash),
        floor: old.floor,
        index: (*history.index).clone(),
        epochs,
        cutting,
        observations,
        entries,
    })
}

/// The epochs with the tail in them. Without a cut, new rows are appended and only the small closings file is rewritten;
/// with one, or with many files, the open epoch is merged.
async fn build_epochs(history: &History, cuts: &[Revision], done: &mut Compacted) -> Result<Vec<Epoch>> {
    let old = &history.manifest;
    let (versions, closings) = overlay(&history.tail, &history.file_closings, old.index.head)?;
    let versions = sort_versions(&versions)?;
    done.version_rows_new = versions.num_rows() as u64;
    let mut epochs = old.epochs.clone();
    let open = epochs.pop().unwrap_or(Epoch { start: old.index.head, end: None, files: Vec::new(), closings: None });
    let mut cuts: Vec<Revision> = cuts.iter().copied().filter(|cut| *cut > open.start).collect();
    cuts.dedup();
    let backend = &*history.backend;
    if cuts.is_empty() && open.files.len() + 1 < MERGE_FILES {
        let mut files = open.files;
        files.extend(write_batches(backend, FileKind::Versions, &schema::VERSIONS, [versions])?);
        done.version_rows_written += done.version_rows_new;
        let closings = write_batches(backend, FileKind::Closings, &schema::CLOSINGS, [closings])?;
        epochs.push(Epoch { start: open.start, end: None, files, closings });
        return Ok(epochs);
    }
    let plan = EpochPlan::new(open.start, &cuts);
    let sources = VerifiedStore::new(history.backend.object_store(), open.files.iter().cloned());
    let merged = rewrite_epochs(backend, Arc::new(sources), &open.files, versions, &closings, &plan).await?;
    debug!(cuts = cuts.len(), files = open.files.len(), "merged the open epoch");
    for (start, end, file) in merged {
        done.version_rows_written += file.as_ref().map_or(0, |file| file.rows);
        epochs.push(Epoch { start, end, files: file.into_iter().collect(), closings: None });
    }
    Ok(epochs)
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
    let mut files = history.manifest.observations.clone();
    let segments: Vec<&Arc<Segment>> = history.tail.iter().filter(|segment| segment.header.count > 0).collect();
    if segments.is_empty() {
        return Ok(files);
    }
    let sorted = sort_observations(&segments)?;
    files.extend(write_batches(&*history.backend, FileKind::Observations, &schema::OBSERVATIONS, [sorted])?);
    while let Some(run) = trailing_run(&files, OBSERVATION_LEVEL_ROWS) {
        let merged = merge_observations(history, files.get(run..).unwrap_or_default()).await?;
        files.truncate(run);
        files.extend(merged);
    }
    Ok(files)
}

async fn build_entries(history: &History) -> Result<Vec<DataFile>> {
    let mut files = history.manifest.entries.clone();
    let batches = history
        .tail
        .iter()
        .map(|segment| place_entries(&segment.entries, segment.header.seq, &segment.header.writer_id.to_string(), &hex(&segment.hash)));
    let batches = batches.collect::<Result<Vec<_>>>()?;
    let entries = concat_batches(&schema::ENTRIES, &batches)?;
    files.extend(write_batches(&*history.backend, FileKind::Entries, &schema::ENTRIES, [entries])?);
    while let Some(run) = trailing_run(&files, ENTRY_LEVEL_ROWS) {
        let merged = merge_entries(history, files.get(run..).unwrap_or_default()).await?;
        files.truncate(run);
        files.extend(merged);
    }
    Ok(files)
}

/// Rows of the lowest level of observation files.
const OBSERVATION_LEVEL_ROWS: u64 = 1 << 16;
/// Rows of the lowest level of entry files.
const ENTRY_LEVEL_ROWS: u64 = 1 << 10;
/// Files with more rows than this are never merged again.
const MERGED_ROWS_MAX: u64 = 1 << 26;

/// Files grow by levels of a factor of [`NARROW_MERGE_FILES`]: where as many trailing files are of one level or a lower one,
/// they are merged. Returns the first of them.
fn trailing_run(files: &[DataFile], level_rows: u64) -> Option<usize> {
    let level = |file: &DataFile| (file.rows / level_rows).max(1).ilog(NARROW_MERGE_FILES as u64);
    let highest = level(files.last()?);
    let run = files.iter().rev().take_while(|file| level(file) <= highest && file.rows <= MERGED_ROWS_MAX).count();
    (run >= NARROW_MERGE_FILES).then(|| files.len() - run)
}
