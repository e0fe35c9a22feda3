//! A process that scans: what it is to do, and what it was told, outlive it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elava::model::{Observation, Timestamp};
use elava::store::{Backend, Begin, Committed, CompactOptions, ScanBegun, ScanSession, Writer};
use elava::{Error, ErrorKind, Result};

use super::keeper::{Kept, raise};
use super::scene::{rest, think};
use super::storage::{SimulatedClock, Storage};
use super::weather::Event;
use crate::model::{observation, report};
use crate::oracle::history::{Op, asked};
use crate::oracle::model as naive;
use crate::oracle::value::Micros;
use crate::support::driver::of_short_histories;

/// How often a step is tried, over and over again. There are fewer faults than that in a run.
const TRIES_MAX: usize = 300;
/// After so many failures of one step a process opens the store anew.
const TRIES_OF_A_WRITER: usize = 4;

/// What was handed in of a scan, and what its process was told of it.
#[derive(Debug, Clone, Default)]
pub struct ScanRecord {
    /// When it says that it began; `None`: now.
    pub at: Option<Micros>,
    pub provider: String,
    /// All observations that were handed in, whether that was acknowledged or not.
    pub lines: Vec<naive::Observation>,
    /// How many lines there were after each batch.
    pub batches: Vec<usize>,
    pub scopes: Vec<naive::ScopeLine>,
    /// How it was to end.
    pub end: Option<Op>,
    pub begun: bool,
    /// How many lines were acknowledged.
    pub acknowledged: usize,
    pub ended: bool,
    /// First and last revision of what was committed, after so many lines.
    pub committed: BTreeMap<usize, (i64, i64)>,
}

/// All scans by their ids.
pub type Ledger = Arc<Mutex<BTreeMap<String, ScanRecord>>>;

/// What a process is to do.
#[derive(Debug, Clone)]
pub struct Job {
    pub ops: Arc<Vec<Op>>,
    pub next: Arc<Mutex<usize>>,
    pub scan: Arc<Mutex<String>>,
    /// Scans begin now, by the clock of the process, and not when they say.
    pub live: bool,
    pub grace: Duration,
    pub kept: Arc<Mutex<Kept>>,
}

impl Job {
    pub fn new(mut ops: Vec<Op>, live: bool, grace: Duration, kept: Arc<Mutex<Kept>>) -> Self {
        let batches = ops.iter_mut().filter_map(|op| if let Op::Observe { batch, .. } = op { Some(batch) } else { None });
        // What gives its own times is no scan that begins now.
        batches.flatten().filter(|_| live).for_each(|line| line.observed_at = None);
        Self { ops: Arc::new(ops), next: Arc::default(), scan: Arc::default(), live, grace, kept }
    }
}

/// One life of the process.
pub struct Scanner {
    storage: Storage,
    job: Job,
    ledger: Ledger,
    /// The scan of the step under way: by the time that it ends another life may be at the next.
    scan_id: String,
    writer: Option<Writer>,
    session: Option<ScanSession>,
    /// Whether it was ever told that an outcome is unknown: what it has written itself may be news to it then.
    knows_not_all: bool,
}

/// Opens a store for writing, with settings by which short histories have many epochs.
pub async fn open(storage: &Storage) -> Result<Writer> {
    let clock = Arc::new(SimulatedClock { world: Arc::clone(&storage.world), life: storage.life });
    let writer = Writer::open(Arc::new(storage.clone()) as Arc<dyn Backend>, clock).await?;
    let settings = writer.history().await?.index.settings.clone();
    let wanted = of_short_histories(settings.clone());
    if settings != wanted {
        writer.change_settings(wanted).await?;
    }
    Ok(writer)
}

/// Compacts and sweeps.
pub async fn compact(writer: &Writer, grace: Duration) -> Result<()> {
    writer.compact(CompactOptions { grace }).await.map(|_| ())
}

/// Whether an error is one that a caller goes on after, as its kind says.
pub fn check_kind(what: &dyn std::fmt::Debug, error: &Error) {
    let expected = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Uncertain | ErrorKind::Conflict);
    let broke_off = error.kind() == ErrorKind::Invalid && error.message().contains("broke off");
    assert!(expected || broke_off, "{what:?}: {:?}: {error}", error.kind());
}

fn is_below_floor(error: &Error) -> bool {
    error.kind() == ErrorKind::Invalid && error.message().contains("below the oldest that is kept")
}

impl Scanner {
    pub fn new(storage: Storage, job: Job, ledger: Ledger) -> Self {
        Self { storage, job, ledger, scan_id: String::new(), writer: None, session: None, knows_not_all: false }
    }

    /// Goes on where an earlier life stopped.
    pub async fn live(mut self) {
        let ops = Arc::clone(&self.job.ops);
        loop {
            let next = *self.job.next.lock().unwrap();
            let Some(op) = ops.get(next) else { return };
            if matches!(op, Op::Begin { .. }) {
                rest(&self.storage).await;
            }
            think(&self.storage).await;
            self.insist(op).await;
            self.storage.is_newest().await;
            *self.job.next.lock().unwrap() += 1;
        }
    }

    async fn insist(&mut self, op: &Op) {
        for tries in 1..TRIES_MAX {
            let Err(error) = self.attempt(op).await else { return };
            if error.message().contains("another process is writing scan") {
                let mut state = self.storage.world.state();
                assert!(
                    self.knows_not_all || state.may_be_overtaken(self.storage.life),
                    "{op:?}: nobody else has ever written this scan: {error}"
                );
                state.count(Event::ScanOvertaken);
            }
            self.knows_not_all |= error.kind() == ErrorKind::Uncertain;
            self.storage.is_newest().await;
            check_kind(op, &error);
            let goes_on = error.kind() == ErrorKind::Unavailable && matches!(op, Op::Observe { .. });
            if !goes_on {
                self.session = None;
            }
            if tries % TRIES_OF_A_WRITER == 0 {
                (self.session, self.writer) = (None, None);
            }
            think(&self.storage).await;
        }
        panic!("{op:?} was never done");
    }

    async fn writer(&mut self) -> Result<Writer> {
        if self.writer.is_none() {
            self.writer = Some(open(&self.storage).await?);
        }
        Ok(self.writer.clone().unwrap())
    }

    /// Looks at the record of the scan under way, or alters it.
    fn record<T>(&self, act: impl FnOnce(&mut ScanRecord) -> T) -> T {
        act(self.ledger.lock().unwrap().get_mut(&self.scan_id).unwrap())
    }

    async fn attempt(&mut self, op: &Op) -> Result<()> {
        self.scan_id.clone_from(&self.job.scan.lock().unwrap());
        match op {
            Op::Begin { scan_id, provider, at, .. } => {
                let at = if self.job.live { None } else { Some(*at) };
                let record = ScanRecord { at, provider: provider.clone(), ..ScanRecord::default() };
                self.ledger.lock().unwrap().entry(scan_id.clone()).or_insert(record);
                self.scan_id.clone_from(scan_id);
                self.job.scan.lock().unwrap().clone_from(scan_id);
                assert!(self.begin().await?, "{scan_id} has not been completed by anybody");
                self.record(|record| record.begun = true);
            }
            Op::Observe { batch, .. } => self.observe(batch).await?,
            Op::Scope { line, .. } => self.record(|record| record.scopes.push(line.clone())),
            Op::Complete { at, .. } => {
                self.record(|record| record.end = Some(op.clone()));
                if self.begin().await? {
                    let scopes = self.record(|record| record.scopes.iter().map(report).collect());
                    let session = self.session.take().unwrap();
                    session.complete(at.map(Timestamp::from_micros), scopes).await?;
                }
                self.record(|record| record.ended = true);
            }
            Op::Fail { .. } => {
                self.record(|record| record.end = Some(op.clone()));
                let begun = self.begin().await;
                // It has failed before, which nobody knew; then the floor has passed where it began.
                if !begun.as_ref().is_err_and(is_below_floor) {
                    assert!(begun?, "a scan that fails has not been completed");
                    let scopes = self.record(|record| record.scopes.iter().map(report).collect());
                    let session = self.session.take().unwrap();
                    session.fail("broke", scopes).await?;
                }
                self.record(|record| record.ended = true);
            }
            Op::Abandon { .. } => self.session = None,
            Op::Compact => {
                let writer = self.writer().await?;
                compact(&writer, self.job.grace).await?;
            }
            Op::Retain { share } => {
                let writer = self.writer().await?;
                let history = writer.history().await?;
                raise(&writer, &history, asked(*share, history.head()), &self.storage, &self.job.kept).await?;
            }
            Op::Reopen => (self.session, self.writer) = (None, None),
            Op::Checkpoint => {}
        }
        Ok(())
    }

    /// Begins the scan, or goes on with it: what was acknowledged is handed in again and passed over. False: it has completed.
    async fn begin(&mut self) -> Result<bool> {
        if self.session.is_some() {
            return Ok(true);
        }
        let (record, scan_id) = (self.record(|record| record.clone()), self.scan_id.clone());
        let (provider, at) = (Some(record.provider), record.at.map(Timestamp::from_micros));
        let begin = Begin { scan_id: scan_id.clone(), provider, at, lift: true, guard: false, scopes: Vec::new() };
        let writer = self.writer().await?;
        self.storage.is_newest().await;
        let session = match writer.begin(begin).await? {
            ScanBegun::Session(session) => session,
            ScanBegun::Completed => {
                self.storage.is_newest().await;
                return Ok(false);
            }
        };
        let known = usize::try_from(session.known_lines()).unwrap();
        assert!(known >= record.acknowledged, "{scan_id}: {} lines were acknowledged, {known} are there", record.acknowledged);
        if record.begun {
            self.storage.world.state().count(Event::ScanContinued);
        }
        self.storage.is_newest().await;
        if record.acknowledged > 0 {
            session.observe(handed_in(&record.lines[..record.acknowledged])).await?;
        }
        self.storage.is_newest().await;
        self.session = Some(session);
        Ok(true)
    }

    async fn observe(&mut self, batch: &[naive::Observation]) -> Result<()> {
        let lines = self.record(|record| {
            if record.lines.len() == record.acknowledged {
                record.lines.extend(batch.iter().cloned());
                record.batches.push(record.lines.len());
            }
            record.lines.len()
        });
        assert!(self.begin().await?, "a scan that goes on has not been completed");
        let Committed { first_revision, last_revision, .. } = self.session.as_ref().unwrap().observe(handed_in(batch)).await?;
        self.record(|record| {
            record.acknowledged = record.acknowledged.max(lines);
            record.committed.extend(first_revision.zip(last_revision).map(|revisions| (lines, revisions)));
        });
        Ok(())
    }
}

fn handed_in(lines: &[naive::Observation]) -> Vec<Observation> {
    lines.iter().map(observation).collect()
}
