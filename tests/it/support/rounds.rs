//! A store that counts what is asked of it, and how many requests had to wait for others: those that are made one after the
//! other are as many rounds, those that are made at once are one.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use elava::Result;
use elava::store::{Backend, BlockCache, Created, Listed, Staged};
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult,
};

use super::fault_backend::FaultBackend;

/// So often others may go on before a request ends: all that are made at once have begun by then.
const TURNS: usize = 100;
/// So often at most where more requests are awaited: what is read from a disk first takes as long as it takes.
const TURNS_MAX: usize = 1_000_000;

/// A request for an object, or a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The name, or the folder with a slash.
    pub name: String,
    /// Which bytes, if not all.
    pub range: Option<Range<u64>>,
    /// It began when requests of the round before had ended, and none of its own; from 1.
    pub round: usize,
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Request>,
    rounds_ended: usize,
    /// How names begin of which so many requests begin before one ends.
    awaited: Option<(&'static str, usize)>,
}

impl Seen {
    /// Whether all have begun that are awaited with a request for a name.
    fn has_all(&self, name: &str) -> bool {
        let Some((start, count)) = self.awaited.filter(|(start, _)| name.starts_with(start)) else { return true };
        self.requests.iter().filter(|request| request.name.starts_with(start)).count() >= count
    }
}

/// What was asked of a store.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<Seen>>);

impl Requests {
    /// All since this was last called, in the order in which they began.
    pub fn take(&self) -> Vec<Request> {
        let mut seen = self.0.lock().unwrap();
        seen.rounds_ended = 0;
        std::mem::take(&mut seen.requests)
    }

    /// From now on no request for a name that begins so ends before so many have begun, unless they never do.
    pub fn await_at_once(&self, start: &'static str, count: usize) {
        self.0.lock().unwrap().awaited = Some((start, count));
    }

    async fn pass(&self, name: &str, range: Option<Range<u64>>) {
        let round = {
            let mut seen = self.0.lock().unwrap();
            let round = seen.rounds_ended + 1;
            seen.requests.push(Request { name: name.to_owned(), range, round });
            round
        };
        for turn in 0..TURNS_MAX {
            if turn >= TURNS && self.0.lock().unwrap().has_all(name) {
                break;
            }
            tokio::task::yield_now().await;
        }
        let mut seen = self.0.lock().unwrap();
        seen.rounds_ended = seen.rounds_ended.max(round);
    }
}

/// How many rounds requests took.
pub fn rounds(requests: &[Request]) -> usize {
    requests.iter().map(|request| request.round).max().unwrap_or(0)
}

/// A store in memory, of which all that is read is counted.
#[derive(Debug)]
pub struct CountingBackend {
    inner: Arc<FaultBackend>,
    cache: Option<Arc<BlockCache>>,
    pub requests: Requests,
}

impl CountingBackend {
    pub fn over(inner: &Arc<FaultBackend>) -> Arc<Self> {
        Self::with_cache(inner, None)
    }

    pub fn with_cache(inner: &Arc<FaultBackend>, cache: Option<BlockCache>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner), cache: cache.map(Arc::new), requests: Requests::default() })
    }
}

#[async_trait]
impl Backend for CountingBackend {
    async fn create(&self, name: &str, bytes: Bytes) -> Result<Created> {
        self.inner.create(name, bytes).await
    }

    fn stage(&self) -> Result<Box<dyn Staged>> {
        self.inner.stage()
    }

    async fn replace(&self, name: &str, bytes: Bytes) -> Result<()> {
        self.inner.replace(name, bytes).await
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        self.requests.pass(name, None).await;
        self.inner.get(name).await
    }

    async fn get_start(&self, name: &str, bytes: usize) -> Result<Option<Bytes>> {
        self.requests.pass(name, Some(0..bytes as u64)).await;
        self.inner.get_start(name, bytes).await
    }

    async fn list(&self, folder: &str, after: &str) -> Result<Vec<Listed>> {
        self.requests.pass(&format!("{folder}/"), None).await;
        self.inner.list(folder, after).await
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.inner.delete(name).await
    }

    async fn prepare(&self) -> Result<()> {
        self.inner.prepare().await
    }

    fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(CountingStore { inner: self.inner.object_store(), requests: self.requests.clone() })
    }

    fn reads_at_once(&self) -> usize {
        8
    }

    fn cache(&self) -> Option<Arc<BlockCache>> {
        self.cache.clone()
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

/// Ranges are put together into requests as `object_store` does it for buckets.
#[derive(Debug)]
struct CountingStore {
    inner: Arc<dyn ObjectStore>,
    requests: Requests,
}

impl std::fmt::Display for CountingStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for CountingStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let range = match &options.range {
            Some(GetRange::Bounded(range)) => Some(range.clone()),
            None => None,
            other => panic!("{location}: {other:?} is asked for"),
        };
        self.requests.pass(location.as_ref(), range).await;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, object_store::Result<Path>>) -> BoxStream<'static, object_store::Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
