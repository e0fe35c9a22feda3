//! A store in a bucket of an object store: Amazon's S3 and servers that speak its protocol, Google's, Azure's.
//!
//! What makes the log safe is a create that fails if the name is taken, which is a `PUT` with a condition here. It is sent by
//! a client that never repeats a request by itself: only we know what the answer to a repeated one means (`client`). Its
//! outcomes are told apart in `outcome`. That the storage keeps the condition is tried out before the first write (`probe`).
//! Large files are put together on this machine, since their names are hashes of all of their bytes (`staged`).

mod client;
mod outcome;
mod probe;
mod staged;
mod url;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use uuid::Uuid;

use super::backend::{Backend, Created, Listed, Staged};
use super::cache::BlockCache;
use crate::error::{Error, ErrorKind, Result};

pub use client::Bucket;
pub use url::{BucketUrl, Cloud};

use client::{Attempt, Retries, StorageClock};
use outcome::Outcome;
use staged::StagedObject;

/// How often a create is sent that did not even reach the storage.
const UNSENT_ATTEMPTS_MAX: usize = 4;
/// The first wait before another try; it doubles with each.
const BACK_OFF_FIRST: Duration = Duration::from_millis(100);
/// Reads of a query that are under way at once, whatever number of cores there is to work on what they bring.
const READS_AT_ONCE: usize = 8;
/// The longest wait.
const BACK_OFF_MAX: Duration = Duration::from_secs(5);

/// A store in a bucket.
#[derive(Debug)]
pub struct ObjectBackend {
    url: BucketUrl,
    /// What the storage is called where it is not the cloud's own.
    endpoint: Option<String>,
    /// Sends each request once.
    commits: Arc<dyn ObjectStore>,
    /// Repeats requests that may be repeated.
    objects: Arc<dyn ObjectStore>,
    clock: StorageClock,
    staging: PathBuf,
    prepared: AtomicBool,
    cache: Option<Arc<BlockCache>>,
}

impl ObjectBackend {
    /// A store at a URL, whose bucket is reached as it is configured. Large files are put together in the folder `staging`.
    ///
    /// # Errors
    /// `Invalid` if it is configured in a way that cannot be.
    pub fn new(url: BucketUrl, bucket: Bucket, staging: PathBuf) -> Result<Self> {
        let (endpoint, clock) = (bucket.endpoint(), StorageClock::default());
        let client = |retries| -> Result<Arc<dyn ObjectStore>> {
            let client = bucket.client(&url.bucket, retries, &clock);
            let client =
                client.map_err(|error| Error::invalid(format!("{url} cannot be reached as it is configured")).with_source(error))?;
            Ok(Arc::new(PrefixStore::new(client, url.prefix.as_str())))
        };
        let (commits, objects) = (client(Retries::None)?, client(Retries::Limited)?);
        Ok(Self { url, endpoint, commits, objects, clock, staging, prepared: AtomicBool::new(false), cache: None })
    }

    /// The same, with blocks of data files kept in a cache.
    #[must_use]
    pub fn with_cache(self, cache: Option<Arc<BlockCache>>) -> Self {
        Self { cache, ..self }
    }

    /// Whether a create of a name was sent and how it ended.
    async fn attempt(&self, name: &str, bytes: &Bytes) -> Outcome {
        let attempt = Attempt::default();
        let mut options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        options.extensions.insert(attempt.clone());
        match self.commits.put_opts(&Path::from(name), bytes.clone().into(), options).await {
            Ok(_) => Outcome::Created(Created::Done),
            Err(object_store::Error::AlreadyExists { .. }) => Outcome::Created(Created::Exists),
            Err(error) => Outcome::of(attempt.fate(), &self.doing("create", name), &error),
        }
    }

    /// The bytes of an object, `None` if there is none.
    async fn read(&self, name: &str, options: GetOptions) -> Result<Option<Bytes>> {
        let read = async { self.objects.get_opts(&Path::from(name), options).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if outcome::is_missing(&error) => Ok(None),
            Err(error) => Err(self.told("read", name, &error)),
        }
    }

    fn doing(&self, verb: &str, name: &str) -> String {
        format!("cannot {verb} {name} in {}", self.url)
    }

    fn told(&self, verb: &str, name: &str, error: &object_store::Error) -> Error {
        outcome::told(ErrorKind::Unavailable, &self.doing(verb, name), error)
    }

    /// What tells this place from others: the same bucket at another server is another place.
    fn identity(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("{} at {endpoint}", self.url),
            None => self.url.to_string(),
        }
    }
}

#[async_trait]
impl Backend for ObjectBackend {
    async fn create(&self, name: &str, bytes: Bytes) -> Result<Created> {
        for attempt in 1.. {
            match self.attempt(name, &bytes).await {
                Outcome::Created(created) => return Ok(created),
                Outcome::Unsent(_) if attempt < UNSENT_ATTEMPTS_MAX => self.back_off(attempt).await,
                Outcome::Unsent(error) | Outcome::Refused(error) | Outcome::Unknown(error) => return Err(error),
            }
        }
        Err(Error::internal("tried without end"))
    }

    fn stage(&self) -> Result<Box<dyn Staged>> {
        Ok(Box::new(StagedObject::new(Arc::clone(&self.objects), self.url.to_string(), self.staging.clone())))
    }

    async fn replace(&self, name: &str, bytes: Bytes) -> Result<()> {
        let replaced = self.objects.put(&Path::from(name), bytes.into()).await;
        replaced.map(drop).map_err(|error| self.told("replace", name, &error))
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        self.read(name, GetOptions::new()).await
    }

    async fn get_start(&self, name: &str, bytes: usize) -> Result<Option<Bytes>> {
        self.read(name, GetOptions::new().with_range(Some(0..bytes as u64))).await
    }

    async fn list(&self, folder: &str, after: &str) -> Result<Vec<Listed>> {
        let prefix = Path::from(folder);
        let stream = match after {
            "" => self.objects.list(Some(&prefix)),
            after => self.objects.list_with_offset(Some(&prefix), &Path::from(after)),
        };
        let found: Vec<ObjectMeta> = stream.try_collect().await.map_err(|error| self.told("list", folder, &error))?;
        // Of a storage that tells no time it is at least that of the newest object.
        let now = self.clock.told().or_else(|| found.iter().map(|found| found.last_modified).max()).unwrap_or_default();
        let listed = |found: ObjectMeta| Listed {
            name: found.location.to_string(),
            bytes: found.size,
            age_seconds: (now - found.last_modified).num_seconds().try_into().unwrap_or(0),
        };
        // Not every server knows how to begin a listing after a name; it lists all then.
        let mut listed: Vec<Listed> = found.into_iter().map(listed).filter(|listed| listed.name.as_str() > after).collect();
        listed.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(listed)
    }

    async fn delete(&self, name: &str) -> Result<()> {
        match self.objects.delete(&Path::from(name)).await {
            Err(error) if !outcome::is_missing(&error) => Err(self.told("delete", name, &error)),
            _ => Ok(()),
        }
    }

    async fn prepare(&self) -> Result<()> {
        if !self.prepared.load(Ordering::Acquire) {
            probe::prove(self, &self.identity()).await?;
            self.prepared.store(true, Ordering::Release);
        }
        Ok(())
    }

    async fn back_off(&self, attempt: usize) {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
        let longest = BACK_OFF_FIRST.saturating_mul(1 << doublings).min(BACK_OFF_MAX);
        // Between half of it and all: writers that were refused together do not come back together.
        let share = f64::from(Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
        tokio::time::sleep(longest.mul_f64(0.5 + share / 2.0)).await;
    }

    fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    fn reads_at_once(&self) -> usize {
        READS_AT_ONCE
    }

    fn cache(&self) -> Option<Arc<BlockCache>> {
        self.cache.clone()
    }

    fn location(&self) -> String {
        self.url.to_string()
    }
}
