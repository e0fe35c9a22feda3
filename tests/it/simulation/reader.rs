//! Processes that only read: what they were told does not change, whatever others do meanwhile.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elava::store::{Backend, Snapshot, Store, VerifyOptions, verify_with};
use elava::{Error, ErrorKind, Result};

use super::storage::Storage;
use super::think;
use super::weather::Event;
use crate::oracle::answers::{self, sorted};
use crate::oracle::model::Oracle;
use crate::support::driver::same;
use crate::support::{Row, fetch, session};

/// How often a reader tries to read. There are fewer faults than that in a run.
const TRIES_MAX: usize = 300;

/// What a reader was told.
#[derive(Debug)]
pub struct Seen {
    /// How many segments the log had.
    pub segments: u64,
    observations: Vec<Row>,
    versions: Vec<Row>,
}

impl Seen {
    /// Checks it against an oracle that was told as much of the log.
    pub fn check(&self, oracle: &Oracle) {
        let what = |table: &str| format!("{table} after {} segments", self.segments);
        let view = oracle.view();
        same(&what("observations"), view.observations(), self.observations.clone(), answers::ORDER_BY_REVISION).unwrap();
        same(&what("resource_versions"), view.resource_versions(), self.versions.clone(), answers::ORDER_BY_VERSION).unwrap();
    }
}

/// Whether an error is about the storage as it is now, and nothing is wrong with the store.
fn is_passing(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable
}

/// One life of a reader.
#[derive(Debug, Clone)]
pub struct Reader {
    pub storage: Storage,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    pub rounds: usize,
    pub grace: Duration,
}

impl Reader {
    /// Reads until it has read often enough.
    pub async fn live(self) {
        for _ in 0..self.rounds {
            think(&self.storage).await;
            let opened = self.patiently(|| Store::open(Arc::new(self.storage.clone()) as Arc<dyn Backend>)).await;
            for _ in 0..2 {
                let snapshot = self.patiently(|| opened.snapshot()).await;
                self.hold(&snapshot).await;
            }
        }
    }

    /// Asks, and asks again much later.
    async fn hold(&self, snapshot: &Arc<Snapshot>) {
        let Some(first) = self.ask(snapshot).await else { return };
        think(&self.storage).await;
        think(&self.storage).await;
        if let Some(second) = self.ask(snapshot).await {
            assert_eq!(first.observations, second.observations, "what a snapshot tells of observations changes");
            assert_eq!(first.versions, second.versions, "what a snapshot tells of versions changes");
            if self.superseded_for(snapshot).is_some() {
                self.storage.world.state().count(Event::ReaderAskedAgain);
            }
        }
        self.seen.lock().unwrap().push(first);
    }

    /// What a snapshot tells; none if it was held for too long.
    async fn ask(&self, snapshot: &Arc<Snapshot>) -> Option<Seen> {
        let mut session = session(snapshot, None);
        for _ in 0..TRIES_MAX {
            match self.tables(snapshot, &mut session).await {
                Ok(seen) => return Some(seen),
                Err(error) if is_passing(&error) => think(&self.storage).await,
                Err(error) => {
                    assert!(self.may_be_gone(snapshot, &error), "a reader failed: {:?}: {error}", error.kind());
                    self.storage.world.state().count(Event::ReaderOutlivedFiles);
                    return None;
                }
            }
        }
        panic!("nothing could ever be read");
    }

    async fn tables(&self, snapshot: &Arc<Snapshot>, session: &mut elava::query::QuerySession) -> Result<Seen> {
        let observations = sorted(fetch(session, "SELECT * FROM observations").await?, answers::ORDER_BY_REVISION);
        let versions = sorted(fetch(session, "SELECT * FROM resource_versions").await?, answers::ORDER_BY_VERSION);
        Ok(Seen { segments: snapshot.last_segment().0, observations, versions })
    }

    /// For how long there has been a newer manifest than that of a snapshot, in microseconds.
    fn superseded_for(&self, snapshot: &Snapshot) -> Option<u64> {
        let state = self.storage.world.state();
        state.published.get(&(snapshot.manifest().number + 1)).map(|at| state.now - at)
    }

    /// Whether files of a snapshot may be gone: after the grace period, and then the error says what is not there.
    fn may_be_gone(&self, snapshot: &Snapshot, error: &Error) -> bool {
        let is_over = self.superseded_for(snapshot).is_some_and(|micros| u128::from(micros) >= self.grace.as_micros());
        let text = error.to_string();
        ["is not there", "not found", "is missing"].iter().any(|gone| text.contains(gone)) && is_over
    }

    /// Does what may not be possible yet, until it is.
    async fn patiently<T, F: Future<Output = Result<T>>>(&self, act: impl Fn() -> F) -> T {
        for _ in 0..TRIES_MAX {
            match act().await {
                Ok(done) => return done,
                Err(error) => {
                    let passes = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::NotFound);
                    assert!(passes, "a reader failed: {:?}: {error}", error.kind());
                    think(&self.storage).await;
                }
            }
        }
        panic!("the store could never be read");
    }
}

/// Verifies the store again and again while others write.
pub async fn audit(storage: Storage, rounds: usize) {
    for _ in 0..rounds {
        think(&storage).await;
        match verify_with(Arc::new(storage.clone()), &VerifyOptions::default()).await {
            Ok(report) => {
                assert!(report.is_sound(), "verify, while others write: {:?}", report.damage);
                storage.world.state().count(Event::VerifiedMeanwhile);
            }
            Err(error) => {
                let passes = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::NotFound);
                assert!(passes, "verify failed: {:?}: {error}", error.kind());
            }
        }
    }
}
