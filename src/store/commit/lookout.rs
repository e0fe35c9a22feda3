//! Learning soon of what others commit.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;

use super::turns::Latency;
use crate::clock::Clock;
use crate::error::Result;
use crate::store::backend::Backend;
use crate::store::segment::segment_name;

/// How many reads are under way at once.
pub(super) const LOOKS_MAX: usize = 16;

/// After so many looks in a row that failed nothing more is looked at: the storage does not let itself be read at present.
const FAILURES_MAX: usize = 16;

/// Where a lookout looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookout<'a> {
    pub(super) backend: &'a dyn Backend,
    pub(super) clock: &'a dyn Clock,
}

impl Lookout<'_> {
    /// Looks at a slot again and again until a segment is there. A look begins every so often, whether earlier ones have ended or
    /// not. One that fails has seen nothing: this is about learning of something early, the create of the slot decides.
    pub(super) async fn watch(self, seq: u64, every: Duration, reads: &mut Latency) -> Bytes {
        let mut looks = FuturesUnordered::new();
        let mut failures = 0;
        while failures < FAILURES_MAX {
            if looks.len() < LOOKS_MAX {
                looks.push(self.look(seq));
            }
            let pause = self.clock.sleep(every);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    biased;
                    Some((found, took)) = looks.next() => match found {
                        Ok(found) => {
                            failures = 0;
                            reads.note(took);
                            if let Some(bytes) = found {
                                return bytes;
                            }
                        }
                        Err(_) => failures += 1,
                    },
                    () = &mut pause => break,
                }
            }
        }
        std::future::pending().await
    }

    /// Reads so many slots at once; the segments up to the first that is free or cannot be read.
    pub(super) async fn read(self, first: u64, count: usize, reads: &mut Latency) -> Vec<Bytes> {
        let looks = join_all((first..).take(count).map(|seq| self.look(seq))).await;
        let mut found = Vec::with_capacity(count);
        for (look, took) in looks {
            if look.is_ok() {
                reads.note(took);
            }
            match look {
                Ok(Some(bytes)) => found.push(bytes),
                _ => break,
            }
        }
        found
    }

    async fn look(self, seq: u64) -> (Result<Option<Bytes>>, Duration) {
        let began = self.clock.elapsed();
        let found = self.backend.get(&segment_name(seq)).await;
        (found, self.clock.elapsed().saturating_sub(began))
    }
}
