//! Learning soon of what others commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use tokio::task::JoinHandle;

use super::turns::Latency;
use crate::clock::Clock;
use crate::error::Result;
use crate::store::backend::Backend;
use crate::store::segment::segment_name;

/// How many slots are read at once.
pub(super) const READ_MAX: usize = 16;
/// How many looks are under way at once.
const LOOKS_MAX: usize = 48;
/// Who has looked so often in vain looks half as often from then on: a create may take hours.
const LOOKS_AT_A_RATE: u32 = 64;
/// After so many looks in a row that failed nothing more is looked at: the storage does not let itself be read at present.
const FAILURES_MAX: usize = 16;

/// What is seen of the next slots, by looks that overlap: a look that finds a slot free tells so only after the time of a read.
#[derive(Debug)]
pub(super) struct Lookout {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) clock: Arc<dyn Clock>,
    /// The looks that are under way. Those at slots that are taken meanwhile end as the others do: a request that is given up
    /// takes its connection along.
    looks: FuturesUnordered<JoinHandle<Look>>,
    /// The segments that looks have found, by slot.
    found: BTreeMap<u64, Bytes>,
    /// The newest slot that was free when it was looked at, or that this writer has taken.
    free: u64,
}

/// What a look at a slot has seen, and how long it took.
#[derive(Debug)]
struct Look {
    seq: u64,
    found: Result<Option<Bytes>>,
    took: Duration,
}

impl Lookout {
    pub(super) fn new(backend: Arc<dyn Backend>, clock: Arc<dyn Clock>) -> Self {
        Self { backend, clock, looks: FuturesUnordered::new(), found: BTreeMap::new(), free: 0 }
    }

    /// Notes that this writer has taken a slot.
    pub(super) fn won(&mut self, seq: u64) {
        self.free = seq;
    }

    /// Looks at a slot again and again until a segment is there. A look begins every so often, whether earlier ones have ended or
    /// not. One that fails has seen nothing: this is about learning of something early, the create of the slot decides.
    ///
    /// Who has not seen the slot before become taken may be late, and the next one taken too by the time that it is told of this one. It
    /// would stay late, by as much in each round. So it looks at both.
    pub(super) async fn watch(&mut self, seq: u64, mut every: Duration, reads: &mut Latency) -> Bytes {
        self.found = self.found.split_off(&seq);
        let (mut looked, mut failures) = (0_u32, 0);
        while failures < FAILURES_MAX {
            let is_late = self.free.saturating_add(1) < seq;
            for seq in seq..=seq.saturating_add(u64::from(is_late)) {
                if self.looks.len() < LOOKS_MAX {
                    self.looks.push(tokio::spawn(look(Arc::clone(&self.backend), Arc::clone(&self.clock), seq)));
                }
            }
            looked = looked.saturating_add(1);
            if looked.is_multiple_of(LOOKS_AT_A_RATE) {
                every = every.saturating_mul(2);
            }
            let clock = Arc::clone(&self.clock);
            let mut pause = clock.sleep(every);
            loop {
                if let Some(found) = self.found.remove(&seq) {
                    return found;
                }
                tokio::select! {
                    biased;
                    Some(look) = self.looks.next() => {
                        let has_seen = look.is_ok_and(|look| self.note(look, reads).is_ok());
                        failures = if has_seen { 0 } else { failures + 1 };
                    }
                    () = &mut pause => break,
                }
            }
        }
        std::future::pending().await
    }

    fn note(&mut self, look: Look, reads: &mut Latency) -> Result<()> {
        let found = look.found?;
        reads.note(look.took);
        match found {
            Some(bytes) => drop(self.found.insert(look.seq, bytes)),
            None => self.free = self.free.max(look.seq),
        }
        Ok(())
    }

    /// Reads so many slots at once; the segments up to the first that is free or cannot be read.
    pub(super) async fn read(&mut self, first: u64, count: usize, reads: &mut Latency) -> Vec<Bytes> {
        let looks = (first..).take(count).map(|seq| look(Arc::clone(&self.backend), Arc::clone(&self.clock), seq));
        let mut found = Vec::with_capacity(count);
        for look in join_all(looks).await {
            if look.found.is_ok() {
                reads.note(look.took);
            }
            match look.found {
                Ok(Some(bytes)) => found.push(bytes),
                _ => break,
            }
        }
        found
    }
}

async fn look(backend: Arc<dyn Backend>, clock: Arc<dyn Clock>, seq: u64) -> Look {
    let began = clock.elapsed();
    let found = backend.get(&segment_name(seq)).await;
    Look { seq, found, took: clock.elapsed().saturating_sub(began) }
}
