//! Processes that only read: what they were told does not change, whatever others do meanwhile.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elava::clock::Clock;
use elava::query::QuerySession;
use elava::store::{Backend, Snapshot, Store, VerifyOptions, verify_with};
use elava::{Error, ErrorKind, Result};

use super::scene::think;
use super::storage::{SimulatedClock, Storage};
use super::weather::Event;
use crate::oracle::answers::{self, sorted};
use crate::oracle::model::Oracle;
use crate::support::driver::same;
use crate::support::{Row, fetch, session};

/// How often a reader tries to read. There are fewer faults than that in a run.
const TRIES_MAX: usize = 300;

/// So long at most a reader waits until there is something that others may replace, which is after so many manifests.
const THOUGHTS_BEFORE: usize = 12;
const MANIFESTS_BEFORE: usize = 2;
/// So long at most it waits for its files to be gone.
const THOUGHTS_MAX: usize = 12;
/// Of so many readers one stands still before it asks again, and does not renew its pin.
const READERS_TO_A_PAUSE: usize = 2;

/// What a reader was told.
#[derive(Debug)]
pub struct Seen {
    /// How many segments the log had.
    pub segments: u64,
    floor: i64,
    observations: Vec<Row>,
    versions: Vec<Row>,
    /// The state at the floor.
    oldest: Vec<Row>,
}

impl Seen {
    /// Checks it against an oracle that was told as much of the log.
    pub fn check(&self, oracle: &Oracle) {
        let what = |table: &str| format!("{table} after {} segments", self.segments);
        let view = oracle.view();
        assert_eq!(self.floor, view.floor(), "{}", what("the floor"));
        same(&what("observations"), view.observations(), self.observations.clone(), answers::ORDER_BY_REVISION).unwrap();
        same(&what("resource_versions"), view.resource_versions(), self.versions.clone(), answers::ORDER_BY_VERSION).unwrap();
        let oldest = view.resources_as_of(self.floor).unwrap();
        same(&what("the state at the floor"), oldest, self.oldest.clone(), answers::ORDER_BY_KEY).unwrap();
    }
}

/// Below the floor there is an error that names it. False if there is nothing below.
pub async fn check_floor(session: &mut QuerySession, floor: i64) -> bool {
    let Some(below) = floor.checked_sub(1).filter(|below| *below >= 0) else { return false };
    let error = fetch(session, &format!("SELECT * FROM resources_as_of({below})")).await.unwrap_err();
    assert!(error.to_string().contains(&format!("revision {below} has been compacted; the oldest is {floor}")), "{error}");
    true
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
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock { world: Arc::clone(&self.storage.world), life: self.storage.life });
        for _ in 0..self.rounds {
            for _ in 0..THOUGHTS_BEFORE {
                think(&self.storage).await;
                if self.storage.world.state().published.len() >= MANIFESTS_BEFORE {
                    break;
                }
            }
            let opened = self.patiently(|| Store::open(Arc::new(self.storage.clone()) as Arc<dyn Backend>)).await;
            for _ in 0..2 {
                if self.storage.world.state().chance.next(2) == 0 {
                    let snapshot = self.patiently(|| opened.snapshot()).await;
                    self.hold(&snapshot, false).await;
                } else {
                    let (snapshot, pin) = self.patiently(|| opened.pinned(&clock)).await;
                    self.hold(&snapshot, pin.is_held()).await;
                    pin.release().await;
                }
            }
        }
    }

    /// Asks, and asks again much later.
    async fn hold(&self, snapshot: &Arc<Snapshot>, is_pinned: bool) {
        let mut session = session(snapshot, None);
        if check_floor(&mut session, snapshot.floor()).await {
            self.count(Event::AskedBelowFloor);
        }
        let Some(first) = self.ask(snapshot, &mut session, is_pinned).await else { return };
        if self.storage.world.state().chance.next(READERS_TO_A_PAUSE) == 0 {
            self.storage.stand_still();
        }
        for _ in 0..THOUGHTS_MAX {
            think(&self.storage).await;
            if self.grace_is_over(snapshot) {
                break;
            }
        }
        think(&self.storage).await;
        if let Some(second) = self.ask(snapshot, &mut session, is_pinned).await {
            assert_eq!(first.observations, second.observations, "what a snapshot tells of observations changes");
            assert_eq!(first.versions, second.versions, "what a snapshot tells of versions changes");
            assert_eq!(first.oldest, second.oldest, "what a snapshot tells of the state at its floor changes");
            if self.superseded_for(snapshot).is_some() {
                self.count(Event::ReaderAskedAgain);
            }
            if is_pinned && self.grace_is_over(snapshot) {
                self.count(Event::PinKeptFiles);
            }
        }
        self.seen.lock().unwrap().push(first);
    }

    /// What a snapshot tells; none if it was held for too long.
    async fn ask(&self, snapshot: &Snapshot, session: &mut QuerySession, is_pinned: bool) -> Option<Seen> {
        let floor = snapshot.floor();
        let mut rows = async |sql: &str, order| Some(sorted(self.rows(snapshot, session, sql, is_pinned).await?, order));
        let observations = rows("SELECT * FROM observations", answers::ORDER_BY_REVISION).await?;
        let versions = rows("SELECT * FROM resource_versions", answers::ORDER_BY_VERSION).await?;
        let oldest = rows(&format!("SELECT * FROM resources_as_of({floor})"), answers::ORDER_BY_KEY).await?;
        Some(Seen { segments: snapshot.last_segment().0, floor, observations, versions, oldest })
    }

    /// The rows of a statement; none if files of the snapshot are gone.
    async fn rows(&self, snapshot: &Snapshot, session: &mut QuerySession, sql: &str, is_pinned: bool) -> Option<Vec<Row>> {
        for _ in 0..TRIES_MAX {
            match fetch(session, sql).await {
                Ok(rows) => return Some(rows),
                Err(error) if is_passing(&error) => think(&self.storage).await,
                Err(error) => {
                    let text = error.to_string();
                    assert!(text.contains("is missing: run it again"), "a reader failed: {:?}: {error}", error.kind());
                    assert!(self.grace_is_over(snapshot), "files are gone that a reader has time for: {error}");
                    assert!(!is_pinned || self.pin_ran_out(), "files are gone that a reader has pinned: {error}");
                    self.count(if is_pinned { Event::PinRanOut } else { Event::ReaderOutlivedFiles });
                    return None;
                }
            }
        }
        panic!("nothing could ever be read");
    }

    fn count(&self, event: Event) {
        self.storage.world.state().count(event);
    }

    /// For how long there has been a newer manifest than that of a snapshot, in microseconds.
    fn superseded_for(&self, snapshot: &Snapshot) -> Option<u64> {
        let state = self.storage.world.state();
        state.published.get(&(snapshot.manifest().number + 1)).map(|at| state.now - at)
    }

    /// Whether files of a snapshot may be gone.
    fn grace_is_over(&self, snapshot: &Snapshot) -> bool {
        self.superseded_for(snapshot).is_some_and(|micros| u128::from(micros) >= self.grace.as_micros())
    }

    /// Whether a sweep could take the pin of this reader for nobody's.
    fn pin_ran_out(&self) -> bool {
        let state = self.storage.world.state();
        state.pins.get(&self.storage.life).is_some_and(|pin| state.lapsed.contains(pin))
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
