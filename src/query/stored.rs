//! A store's snapshot as the source of queries.

use std::fmt;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use datafusion::scalar::ScalarValue;
use object_store::ObjectStore;
use uuid::Uuid;

use super::source::{ColumnStats, DataFile, Epoch, HistorySource};
use crate::error::Result;
use crate::model::{Revision, Timestamp, TypeRulesSet};
use crate::store::{self, Bound, Snapshot};

/// A snapshot with its files in the form that planning uses.
pub struct StoredHistory {
    snapshot: Arc<Snapshot>,
    epochs: Vec<Epoch>,
    observations: Vec<DataFile>,
    entries: Vec<DataFile>,
}

impl StoredHistory {
    /// From a snapshot.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        let files = |files: &[store::DataFile]| files.iter().map(file).collect::<Vec<_>>();
        let epoch = |epoch: &store::Epoch| Epoch { start: epoch.start, end: epoch.end, files: files(&epoch.files) };
        Self {
            epochs: snapshot.epochs().iter().map(epoch).collect(),
            observations: files(snapshot.observation_files()),
            entries: files(snapshot.entry_files()),
            snapshot,
        }
    }
}

fn file(file: &store::DataFile) -> DataFile {
    let bound = |bound: &Option<Bound>| match bound {
        Some(Bound::Int(value)) => Some(ScalarValue::Int64(Some(*value))),
        Some(Bound::Text(value)) => Some(ScalarValue::Utf8View(Some(value.clone()))),
        None => None,
    };
    let stats = file.columns.iter().filter(|(name, _)| name.as_str() != "observed_at").map(|(name, stats)| {
        (name.clone(), ColumnStats { min: bound(&stats.min), max: bound(&stats.max), null_count: Some(stats.null_count) })
    });
    DataFile { name: file.name.clone(), rows: file.rows, bytes: file.bytes, columns: stats.collect() }
}

impl fmt::Debug for StoredHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot.fmt(f)
    }
}

impl HistorySource for StoredHistory {
    fn store_id(&self) -> Uuid {
        self.snapshot.store_id()
    }
    fn head(&self) -> Revision {
        self.snapshot.head()
    }
    fn floor(&self) -> Revision {
        self.snapshot.floor()
    }
    fn head_time(&self) -> Option<Timestamp> {
        self.snapshot.head_time()
    }
    fn revision_at(&self, time: Timestamp) -> Revision {
        self.snapshot.revision_at(time)
    }
    fn scan_ends(&self) -> &[Revision] {
        self.snapshot.scan_ends()
    }
    fn tag(&self, name: &str) -> Option<Revision> {
        self.snapshot.tag(name).map(|point| point.revision)
    }
    fn rules(&self) -> &TypeRulesSet {
        self.snapshot.rules()
    }
    fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }
    fn observation_files(&self) -> &[DataFile] {
        &self.observations
    }
    fn entry_files(&self) -> &[DataFile] {
        &self.entries
    }
    fn closings(&self) -> &RecordBatch {
        self.snapshot.closings()
    }
    fn tail_versions(&self) -> &[RecordBatch] {
        self.snapshot.tail_versions()
    }
    fn tail_entries(&self) -> &[RecordBatch] {
        self.snapshot.tail_entries()
    }
    fn tail_observations(&self) -> Result<Vec<RecordBatch>> {
        self.snapshot.tail_observations()
    }
    fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.snapshot.object_store()
    }
}
