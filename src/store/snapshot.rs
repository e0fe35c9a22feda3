//! Immutable views of a store, with everything that planning a query needs in memory.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

use super::backend::Backend;
use super::changes::changes_of_tail;
use super::closings::Closings;
use super::data_file::DataFile;
use super::entries::place_entries;
use super::history::History;
use super::index::{LogIndex, TagPoint};
use super::manifest::{Epoch, Manifest, hex};
use super::pins::ReaderPin;
use super::schema;
use super::segment::{Segment, numbers};
use super::verified::VerifiedStore;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::model::{Revision, Timestamp, TypeRulesSet};

/// How often a snapshot is taken anew because the store was compacted before it was pinned.
const PIN_ATTEMPTS_MAX: usize = 8;

/// A store that is open for reading. Cloning shares what has been read.
#[derive(Debug, Clone)]
pub struct Store {
    history: Arc<Mutex<(History, Option<Arc<Snapshot>>)>>,
}

impl Store {
    /// Opens a store that is there.
    ///
    /// # Errors
    /// `NotFound` if there is none, `Corrupt` if it is damaged, `Unsupported` if it is newer than this build.
    pub async fn open(backend: Arc<dyn Backend>) -> Result<Self> {
        let history = History::open(backend).await?;
        let snapshot = Arc::new(Snapshot::new(&history)?);
        Ok(Self { history: Arc::new(Mutex::new((history, Some(snapshot)))) })
    }

    /// The newest state; cheap when nothing has changed.
    ///
    /// # Errors
    /// `Corrupt` if what is new is damaged.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let mut guard = self.history.lock().await;
        let (history, known) = &mut *guard;
        let manifest = history.manifest.number;
        let fresh = history.refresh().await?;
        match known {
            Some(snapshot) if fresh.segments.is_empty() && !fresh.restarted && manifest == history.manifest.number => {
                Ok(Arc::clone(snapshot))
            }
            _ => {
                let snapshot = Arc::new(Snapshot::new(history)?);
                *known = Some(Arc::clone(&snapshot));
                Ok(snapshot)
            }
        }
    }

    /// The newest state, and what keeps its files from being removed until it is released: for readers that take longer than
    /// the grace period, by a clock.
    ///
    /// # Errors
    /// As [`Store::snapshot`].
    pub async fn pinned(&self, clock: &Arc<dyn Clock>) -> Result<(Arc<Snapshot>, ReaderPin)> {
        for _ in 0..PIN_ATTEMPTS_MAX {
            let snapshot = self.snapshot().await?;
            if let Some(pin) = ReaderPin::take(&snapshot.history, clock).await? {
                return Ok((snapshot, pin));
            }
        }
        Err(Error::unavailable("the store is compacted faster than it can be read"))
    }

    /// The log as it was last read.
    pub async fn history(&self) -> History {
        self.history.lock().await.0.clone()
    }
}

/// A store as it stood at one moment. Never changes.
pub struct Snapshot {
    history: History,
    scan_ends: Vec<Revision>,
    closings: Arc<Closings>,
    tail_versions: Vec<RecordBatch>,
    tail_changes: OnceCell<RecordBatch>,
    tail_entries: Vec<RecordBatch>,
    tail_observations: OnceLock<Vec<RecordBatch>>,
    files: Arc<VerifiedStore>,
    last_hash: String,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("store_id", &self.history.store_id).field("head", &self.head()).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The view of a history as far as it has been read.
    ///
    /// # Errors
    /// `Corrupt` if the tail cannot be read.
    pub fn new(history: &History) -> Result<Self> {
        let (versions, closings) = overlay(&history.tail, &history.file_closings, history.manifest.index.head)?;
        let entries = history
            .tail
            .iter()
            .map(|segment| place_entries(&segment.entries, segment.header.seq, &segment.header.writer_id.to_string(), &hex(&segment.hash)));
        let files = VerifiedStore::new(history.backend.object_store(), history.manifest.files().cloned());
        Ok(Self {
            scan_ends: history.index.scan_ends.iter().map(|end| end.head).collect(),
            closings,
            tail_versions: if versions.num_rows() == 0 { Vec::new() } else { vec![versions] },
            tail_changes: OnceCell::new(),
            tail_entries: entries.collect::<Result<Vec<_>>>()?,
            tail_observations: OnceLock::new(),
            files: Arc::new(files.with_cache(history.backend.cache())),
            last_hash: hex(&history.last.1),
            history: history.clone(),
        })
    }

    /// The store.
    pub fn store_id(&self) -> Uuid {
        self.history.store_id
    }

    /// Where it is, for people.
    pub fn location(&self) -> String {
        self.history.backend.location()
    }

    /// The newest revision; 0 in an empty store.
    pub fn head(&self) -> Revision {
        self.history.index.head
    }

    /// The oldest revision that can be asked for.
    pub fn floor(&self) -> Revision {
        self.history.index.floor
    }

    /// The time of the newest observation.
    pub fn head_time(&self) -> Option<Timestamp> {
        self.history.index.head_time.map(Timestamp::from_micros)
    }

    /// The last revision observed at or before a time; 0 before the first.
    pub fn revision_at(&self, time: Timestamp) -> Revision {
        self.history.index.revision_at(time)
    }

    /// The time of the newest observation up to a revision.
    pub fn time_of(&self, revision: Revision) -> Option<Timestamp> {
        self.history.index.time_of(revision)
    }

    /// For each ended scan, in order of its end: the newest revision then.
    pub fn scan_ends(&self) -> &[Revision] {
        &self.scan_ends
    }

    /// What a tag names.
    pub fn tag(&self, name: &str) -> Option<TagPoint> {
        self.history.index.tags.get(name).copied()
    }

    /// All tags, by name.
    pub fn tags(&self) -> impl Iterator<Item = (&str, TagPoint)> {
        self.history.index.tags.iter().map(|(name, point)| (name.as_str(), *point))
    }

    /// What resource types declare.
    pub fn rules(&self) -> &TypeRulesSet {
        &self.history.index.settings.types
    }

    /// The fold over the whole log.
    pub fn index(&self) -> &LogIndex {
        &self.history.index
    }

    /// Tag keys that are kept as columns.
    pub fn tag_columns(&self) -> &[String] {
        &self.history.index.settings.tag_columns
    }

    /// Epochs in order; the last is open. Empty if nothing is compacted.
    pub fn epochs(&self) -> &[Epoch] {
        &self.history.manifest.epochs
    }

    /// The manifest that the files are from.
    pub fn manifest(&self) -> &Manifest {
        &self.history.manifest
    }

    /// Files of changes, oldest first.
    pub fn change_files(&self) -> &[DataFile] {
        &self.history.manifest.changes
    }

    /// Files of observations, oldest first.
    pub fn observation_files(&self) -> &[DataFile] {
        &self.history.manifest.observations
    }

    /// Files of log entries, oldest first.
    pub fn entry_files(&self) -> &[DataFile] {
        &self.history.manifest.entries
    }

    /// How rows of the open epoch's files that were written open have ended, sorted by `valid_from_revision`.
    pub fn closings(&self) -> &Arc<Closings> {
        &self.closings
    }

    /// Versions that are in no file, in revision order.
    pub fn tail_versions(&self) -> &[RecordBatch] {
        &self.tail_versions
    }

    /// Changes that are in no file, in order; put together when first asked for.
    ///
    /// # Errors
    /// `Corrupt` if what they replaced cannot be read.
    pub async fn tail_changes(&self) -> Result<RecordBatch> {
        self.tail_changes.get_or_try_init(|| changes_of_tail(&self.history)).await.cloned()
    }

    /// Log entries that are in no file, in order.
    pub fn tail_entries(&self) -> &[RecordBatch] {
        &self.tail_entries
    }

    /// Observations that are in no file, in revision order; decoded when first asked for.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn tail_observations(&self) -> Result<Vec<RecordBatch>> {
        if let Some(known) = self.tail_observations.get() {
            return Ok(known.clone());
        }
        let batches = self.history.tail.iter().filter(|segment| segment.header.count > 0).map(|segment| segment.observations());
        let batches = batches.collect::<Result<Vec<_>>>()?;
        Ok(self.tail_observations.get_or_init(|| batches).clone())
    }

    /// Reads data files and checks every byte.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.files) as Arc<dyn ObjectStore>
    }

    /// How many reads of data files are worth making at once.
    pub fn reads_at_once(&self) -> usize {
        self.history.backend.reads_at_once()
    }

    /// Gets so many bytes of the ends of files into the cache, all at once, if there is a cache.
    pub fn fetch_ends(&self, names: Vec<String>, bytes: u64) -> BoxFuture<'static, ()> {
        let files = Arc::clone(&self.files);
        async move { files.fetch_ends(&names, bytes).await }.boxed()
    }

    /// How many observations can be asked for.
    pub fn observation_count(&self) -> i64 {
        self.head() - self.floor()
    }

    /// How many segments are not compacted, and their bytes.
    pub fn tail_size(&self) -> (usize, u64) {
        let tail = &self.history.tail;
        (tail.len(), tail.iter().map(|segment| segment.header.payload_bytes).sum())
    }

    /// Seq and header hash (hexadecimal) of the last segment.
    pub fn last_segment(&self) -> (u64, &str) {
        (self.history.last.0, &self.last_hash)
    }
}

/// The versions of the tail with their ends filled in, and the closings of rows that are in files.
///
/// # Errors
/// `Internal` if Arrow refuses the columns.
pub fn overlay(tail: &[Arc<Segment>], file_closings: &RecordBatch, covered: Revision) -> Result<(RecordBatch, Arc<Closings>)> {
    let versions = concat_batches(&schema::VERSIONS, tail.iter().map(|segment| &segment.versions))?;
    let closings = concat_batches(&schema::CLOSINGS, tail.iter().map(|segment| &segment.closings))?;
    let closed = numbers(&closings, "valid_from_revision")?;
    let of_files: arrow::array::BooleanArray = closed.values().iter().map(|version| Some(*version <= covered)).collect();
    let of_files = arrow::compute::filter_record_batch(&closings, &of_files)?;
    let merged = concat_batches(&schema::CLOSINGS, [file_closings, &of_files])?;
    let order = SortColumn { values: Arc::clone(merged.column(0)), options: None };
    let merged = take_record_batch(&merged, &lexsort_to_indices(&[order], None)?)?;
    Ok((Closings::new(closings)?.close(&versions)?, Arc::new(Closings::new(merged)?)))
}
