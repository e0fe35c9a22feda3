//! What the tests share: stores in scratch folders, and rows of a query as JSON values.

pub mod bad_bucket;
pub mod busy;
pub mod driver;
pub mod fault_backend;
pub mod fault_proxy;
pub mod hook;
pub mod memory;
pub mod rounds;
pub mod simulation;
pub mod slow_backend;
pub mod talking;
pub mod traced_files;
pub mod virtual_time;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use elava::cli::output::{OutputFormat, OutputOptions, write_results};
use elava::clock::ManualClock;
use elava::model::Timestamp;
use elava::query::{HistorySource, QuerySession, SessionOptions};
use elava::store::{LocalBackend, Snapshot};
use futures::StreamExt;
use tempfile::TempDir;

pub type Row = BTreeMap<String, serde_json::Value>;

/// 2030-01-01T00:00:00Z, after everything that happens in the tests.
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::parse("2030-01-01T00:00:00Z").unwrap()))
}

/// A place for a store.
pub struct Scratch {
    folder: TempDir,
}

impl Scratch {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn backend(&self) -> Arc<LocalBackend> {
        Arc::new(LocalBackend::new(self.store_folder()))
    }

    pub fn store_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("store")
    }

    /// All objects of the store.
    pub fn objects(&self) -> fault_backend::Objects {
        objects_in(&self.store_folder())
    }
}

/// All objects of a store in a folder.
pub fn objects_in(store: &std::path::Path) -> fault_backend::Objects {
    let mut objects = fault_backend::Objects::new();
    for folder in std::fs::read_dir(store).unwrap() {
        let folder = folder.unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{}/{}", folder.file_name().to_str().unwrap(), path.file_name().unwrap().to_str().unwrap());
            objects.insert(name, std::fs::read(path).unwrap().into());
        }
    }
    objects
}

/// A session over a snapshot, at a fixed time.
pub fn session(snapshot: &Arc<Snapshot>, as_of: Option<String>) -> QuerySession {
    let options = SessionOptions { clock: clock(), as_of, target_partitions: Some(2), ..SessionOptions::default() };
    QuerySession::new(Arc::clone(snapshot) as Arc<dyn HistorySource>, options).unwrap()
}

/// The rows of a statement, as `elava sql --format ndjson` prints them.
pub async fn rows(session: &mut QuerySession, sql: &str) -> Vec<Row> {
    try_rows(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub async fn try_rows(session: &mut QuerySession, sql: &str) -> Result<Vec<Row>, String> {
    fetch(session, sql).await.map_err(|error| error.to_string())
}

/// The same, with Elava's own errors.
pub async fn fetch(session: &mut QuerySession, sql: &str) -> elava::Result<Vec<Row>> {
    let stream = session.execute(sql).await?;
    let schema = stream.schema();
    let batches = futures::stream::iter(stream.collect().await?).map(Ok);
    let options = OutputOptions { format: OutputFormat::Ndjson, ..OutputOptions::default() };
    let mut text = Vec::new();
    write_results(Box::pin(RecordBatchStreamAdapter::new(schema, batches)), &options, &mut text).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    Ok(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}
