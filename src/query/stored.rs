//! A store's snapshot as the source of queries.

use std::fmt;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use object_store::ObjectStore;
use uuid::Uuid;

use super::source::HistorySource;
use crate::error::Result;
use crate::model::{Revision, Timestamp, TypeRulesSet};
use crate::store::{DataFile, Epoch, Snapshot};

/// A snapshot that queries read.
pub struct StoredHistory(Arc<Snapshot>);

impl StoredHistory {
    /// From a snapshot.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self(snapshot)
    }
}

impl fmt::Debug for StoredHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl HistorySource for StoredHistory {
    fn store_id(&self) -> Uuid {
        self.0.store_id()
    }
    fn head(&self) -> Revision {
        self.0.head()
    }
    fn floor(&self) -> Revision {
        self.0.floor()
    }
    fn head_time(&self) -> Option<Timestamp> {
        self.0.head_time()
    }
    fn time_of(&self, revision: Revision) -> Option<Timestamp> {
        self.0.time_of(revision)
    }
    fn revision_at(&self, time: Timestamp) -> Revision {
        self.0.revision_at(time)
    }
    fn scan_ends(&self) -> &[Revision] {
        self.0.scan_ends()
    }
    fn tag(&self, name: &str) -> Option<Revision> {
        self.0.tag(name).map(|point| point.revision)
    }
    fn rules(&self) -> &TypeRulesSet {
        self.0.rules()
    }
    fn epochs(&self) -> &[Epoch] {
        self.0.epochs()
    }
    fn observation_files(&self) -> &[DataFile] {
        self.0.observation_files()
    }
    fn entry_files(&self) -> &[DataFile] {
        self.0.entry_files()
    }
    fn closings(&self) -> &RecordBatch {
        self.0.closings()
    }
    fn tail_versions(&self) -> &[RecordBatch] {
        self.0.tail_versions()
    }
    fn tail_entries(&self) -> &[RecordBatch] {
        self.0.tail_entries()
    }
    fn tail_observations(&self) -> Result<Vec<RecordBatch>> {
        self.0.tail_observations()
    }
    fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.0.object_store()
    }
}
