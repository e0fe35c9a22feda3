//! A store in memory that takes its time, as one in a bucket does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use elava::clock::Clock;
use elava::store::{Backend, Created, Listed, Staged};
use elava::{Error, Result};
use object_store::ObjectStore;

use super::fault_backend::FaultBackend;

/// How slow it is.
#[derive(Debug, Clone, Copy)]
pub struct Slowness {
    /// How long a write takes, about.
    pub write: Duration,
    /// How long a read or a listing takes, about.
    pub read: Duration,
    /// After which part of its time a write is done and seen by others; the rest is the way of the answer.
    pub done_at: f64,
    /// No two requests take the same time, unless this is 0.
    pub seed: u64,
}

/// A store in memory behind a slow way.
#[derive(Debug, Clone)]
pub struct SlowBackend {
    memory: Arc<FaultBackend>,
    clock: Arc<dyn Clock>,
    slowness: Slowness,
    requests: Arc<AtomicU64>,
    refused: Arc<AtomicUsize>,
    /// Of so many reads one is refused; none for 0.
    refused_reads: Arc<AtomicU64>,
}

impl SlowBackend {
    pub fn new(memory: Arc<FaultBackend>, clock: Arc<dyn Clock>, slowness: Slowness) -> Self {
        Self { memory, clock, slowness, requests: Arc::default(), refused: Arc::default(), refused_reads: Arc::default() }
    }

    /// How many requests there were.
    #[allow(dead_code, reason = "a bench uses it")]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many creates found their name taken.
    #[allow(dead_code, reason = "a bench uses it")]
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    /// From now on one of so many reads is refused; none for 0.
    #[allow(dead_code, reason = "a bench does not use it")]
    pub fn refuse_reads(&self, one_of: u64) {
        self.refused_reads.store(one_of, Ordering::SeqCst);
    }

    /// From two thirds of the usual time to four thirds; every fiftieth request takes three times as long.
    fn takes(&self, usual: Duration) -> Duration {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        if self.slowness.seed == 0 {
            return usual;
        }
        let chance = mixed(self.slowness.seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let share = (chance >> 11) as f64 / (1_u64 << 53) as f64;
        let usual = if chance.is_multiple_of(50) { usual * 3 } else { usual };
        usual.mul_f64((2.0 + 2.0 * share) / 3.0)
    }
}

/// The end of SplitMix64.
fn mixed(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[async_trait]
impl Backend for SlowBackend {
    async fn create(&self, name: &str, bytes: Bytes) -> Result<Created> {
        let (takes, this, name) = (self.takes(self.slowness.write), self.clone(), name.to_owned());
        let done_at = takes.mul_f64(this.slowness.done_at);
        // What was sent arrives, also where nobody waits for the answer any more.
        let sent = tokio::spawn(async move {
            this.clock.sleep(done_at).await;
            let created = this.memory.create(&name, bytes).await;
            this.refused.fetch_add(usize::from(matches!(created, Ok(Created::Exists))), Ordering::SeqCst);
            this.clock.sleep(takes - done_at).await;
            created
        });
        sent.await.unwrap()
    }

    fn stage(&self) -> Result<Box<dyn Staged>> {
        self.memory.stage()
    }

    async fn replace(&self, name: &str, bytes: Bytes) -> Result<()> {
        self.clock.sleep(self.takes(self.slowness.write)).await;
        self.memory.replace(name, bytes).await
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        let takes = self.takes(self.slowness.read);
        self.clock.sleep(takes / 2).await;
        let one_of = self.refused_reads.load(Ordering::SeqCst);
        if one_of > 0 && self.requests().is_multiple_of(one_of) {
            return Err(Error::unavailable("refused"));
        }
        let found = self.memory.get(name).await;
        self.clock.sleep(takes / 2).await;
        found
    }

    async fn list(&self, folder: &str, after: &str) -> Result<Vec<Listed>> {
        let takes = self.takes(self.slowness.read);
        self.clock.sleep(takes / 2).await;
        let found = self.memory.list(folder, after).await;
        self.clock.sleep(takes / 2).await;
        found
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.memory.delete(name).await
    }

    async fn prepare(&self) -> Result<()> {
        self.memory.prepare().await
    }

    fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.memory.object_store()
    }

    fn location(&self) -> String {
        self.memory.location()
    }
}
