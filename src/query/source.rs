//! What the SQL layer needs to know of a store: one immutable snapshot of it.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use uuid::Uuid;

use crate::error::Result;
use crate::model::{Revision, Timestamp, TypeRulesSet};
use crate::store::{Closings, DataFile, Epoch, Snapshot, TagPoint};

/// A snapshot of a store's history. Everything that planning needs is in memory; only rows are read later.
pub trait HistorySource: Debug + Send + Sync {
    /// The store's identity.
    fn store_id(&self) -> Uuid;
    /// The newest revision, 0 in an empty store.
    fn head(&self) -> Revision;
    /// The newest revision that is in files.
    fn compacted_head(&self) -> Revision;
    /// The oldest revision that can be asked for.
    fn floor(&self) -> Revision;
    /// The time of the newest observation.
    fn head_time(&self) -> Option<Timestamp>;
    /// The time of a revision; `None` for revision 0.
    fn time_of(&self, revision: Revision) -> Option<Timestamp>;
    /// The last revision observed at or before a time, 0 before the first.
    fn revision_at(&self, time: Timestamp) -> Revision;
    /// For each ended scan, in the order of their ends, the last revision written before that end.
    fn scan_ends(&self) -> &[Revision];
    /// What a tag names.
    fn tag(&self, name: &str) -> Option<TagPoint>;
    /// The rules of comparison in force.
    fn rules(&self) -> &TypeRulesSet;
    /// The epochs in order; the last one is open.
    fn epochs(&self) -> &[Epoch];
    /// The files of `schema::CHANGES`.
    fn change_files(&self) -> &[DataFile];
    /// The files of `schema::OBSERVATIONS`.
    fn observation_files(&self) -> &[DataFile];
    /// The files of `schema::ENTRIES`.
    fn entry_files(&self) -> &[DataFile];
    /// How rows of the open epoch's files ended that were written open (`schema::CLOSINGS`).
    fn closings(&self) -> &Arc<Closings>;
    /// Version rows newer than all files, in revision order.
    fn tail_versions(&self) -> &[RecordBatch];
    /// Changes newer than all files. What they replaced may have to be read.
    ///
    /// # Errors
    /// `Corrupt` if that cannot be read.
    fn tail_changes(&self) -> BoxFuture<'_, Result<RecordBatch>>;
    /// Log entries newer than all files.
    fn tail_entries(&self) -> &[RecordBatch];
    /// Observations newer than all files.
    ///
    /// # Errors
    /// `Corrupt` if the log cannot be decoded.
    fn tail_observations(&self) -> Result<Vec<RecordBatch>>;
    /// Where the data files are.
    fn object_store(&self) -> Arc<dyn ObjectStore>;
    /// How many reads of them are worth making at once: more than one where each takes long.
    fn reads_at_once(&self) -> usize {
        1
    }
    /// Gets so many bytes of the ends of files nearer, all at once, where each request takes long. Readers ask for them next.
    fn fetch_ends(&self, names: Vec<String>, bytes: u64) -> BoxFuture<'static, ()> {
        let _ = (names, bytes);
        Box::pin(std::future::ready(()))
    }
}

impl HistorySource for Snapshot {
    fn store_id(&self) -> Uuid {
        self.store_id()
    }
    fn head(&self) -> Revision {
        self.head()
    }
    fn compacted_head(&self) -> Revision {
        self.manifest().index.head
    }
    fn floor(&self) -> Revision {
        self.floor()
    }
    fn head_time(&self) -> Option<Timestamp> {
        self.head_time()
    }
    fn time_of(&self, revision: Revision) -> Option<Timestamp> {
        self.time_of(revision)
    }
    fn revision_at(&self, time: Timestamp) -> Revision {
        self.revision_at(time)
    }
    fn scan_ends(&self) -> &[Revision] {
        self.scan_ends()
    }
    fn tag(&self, name: &str) -> Option<TagPoint> {
        self.tag(name)
    }
    fn rules(&self) -> &TypeRulesSet {
        self.rules()
    }
    fn epochs(&self) -> &[Epoch] {
        self.epochs()
    }
    fn change_files(&self) -> &[DataFile] {
        self.change_files()
    }
    fn observation_files(&self) -> &[DataFile] {
        self.observation_files()
    }
    fn entry_files(&self) -> &[DataFile] {
        self.entry_files()
    }
    fn closings(&self) -> &Arc<Closings> {
        self.closings()
    }
    fn tail_versions(&self) -> &[RecordBatch] {
        self.tail_versions()
    }
    fn tail_changes(&self) -> BoxFuture<'_, Result<RecordBatch>> {
        Box::pin(self.tail_changes())
    }
    fn tail_entries(&self) -> &[RecordBatch] {
        self.tail_entries()
    }
    fn tail_observations(&self) -> Result<Vec<RecordBatch>> {
        self.tail_observations()
    }
    fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.object_store()
    }
    fn reads_at_once(&self) -> usize {
        self.reads_at_once()
    }
    fn fetch_ends(&self, names: Vec<String>, bytes: u64) -> BoxFuture<'static, ()> {
        self.fetch_ends(names, bytes)
    }
}
