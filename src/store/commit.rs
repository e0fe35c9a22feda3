//! The committer: turns what concurrent scans hand in into segments, one durable commit at a time.
//!
//! A create has three outcomes. Done: the batch is durable. Lost: another writer holds the slot; its segment is read, the
//! batch is classified anew against the state with it, and the next slot is tried. Unknown: the slot is read back; the
//! same bytes go to the same slot until it is seen occupied. A batch leaves a slot only once a foreign segment is in it,
//! so nothing is ever committed twice.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tracing::warn;
use uuid::Uuid;

use super::backend::{Backend, Created};
use super::classify::{Draft, Located, Replaced, compare, locate};
use super::compact::{CompactOptions, Compacted, compact, is_due};
use super::contents::Contents;
use super::entries::Entry;
use super::findings::LastRun;
use super::history::History;
use super::index::{LogIndex, StoreSettings};
use super::jobs::JobClaim;
use super::maintenance::Maintenance;
use super::replay::{load_sightings, load_state, replay};
use super::retention::{check_floor, check_not_gone};
use super::run::{Begin, Begun, Committed, End, Runs};
use super::segment::{HEADER_BYTES, Payload, Segment, SegmentHeader, segment_name};
use super::state::{ScanNo, State};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Content, ContentHash, Observation, ResourceKey, Revision, Timestamp};

/// How often a batch is tried at one slot after other after losing it to other writers.
const LOST_SLOTS_MAX: usize = 10_000;
/// How often an unknown outcome is looked into before the caller is told that it is unknown.
const UNKNOWN_ATTEMPTS_MAX: usize = 8;
/// How often contents are looked up anew because the store was compacted meanwhile.
const REREADS_MAX: usize = 8;

/// What can be asked of the committer.
#[derive(Debug)]
pub enum Request {
    /// A scan begins.
    Begin(Begin, oneshot::Sender<Result<Begun>>),
    /// A scan has seen resources.
    Observe(ScanNo, Vec<Observation>, Option<Revision>, oneshot::Sender<Result<Committed>>),
    /// A scan ends.
    End(ScanNo, End, oneshot::Sender<Result<Committed>>),
    /// A scan was left without an end.
    Leave(ScanNo),
    /// Something besides scans is to be logged.
    Log(Vec<Entry>, Condition, oneshot::Sender<Result<()>>),
    /// The tail is to be compacted.
    Compact(CompactOptions, oneshot::Sender<Result<Compacted>>),
    /// A compaction that is under way is to be waited for.
    Settle(oneshot::Sender<Result<()>>),
    /// What the log looks like now.
    History(oneshot::Sender<Result<History>>),
    /// The contents of live resources.
    Known(Vec<Wanted>, oneshot::Sender<Result<Vec<Option<Arc<Content>>>>>),
}

/// On what it depends whether entries are written: the log as it is when they are, whoever wrote it.
#[derive(Debug)]
pub enum Condition {
    /// On nothing.
    Always,
    /// No run has told of findings since this one.
    LastRun(LastRun),
    /// The job can be had.
    Job(JobClaim),
    /// Nothing holds the floor below this revision.
    Floor(Revision),
    /// The floor is not above this revision.
    NotGone(Revision),
}

impl Condition {
    fn check(&self, index: &LogIndex) -> Result<()> {
        match self {
            Self::Always => Ok(()),
            Self::LastRun(LastRun(known)) if *known == index.last_run => Ok(()),
            Self::LastRun(_) => Err(Error::new(ErrorKind::Conflict, "another run has told of findings meanwhile")),
            Self::Job(claim) => claim.check(index.jobs.get(&claim.job)),
            Self::Floor(floor) => check_floor(index, *floor),
            Self::NotGone(revision) => check_not_gone(index, *revision),
        }
    }
}

/// A resource whose content is asked for, unless it is that of a hash.
pub type Wanted = (ResourceKey, Option<ContentHash>);

/// The one writer of a process to a store.
#[derive(Debug)]
pub struct Committer {
    history: History,
    state: State,
    runs: Runs,
    contents: Contents,
    maintenance: Maintenance,
    clock: Arc<dyn Clock>,
    writer_id: Uuid,
    /// False while the state may lack some of what the history has: a reading of others' commits has failed half way.
    is_current: bool,
}

/// The part of a request that goes into a segment.
enum Work {
    Begin(Begin, oneshot::Sender<Result<Begun>>),
    Observe(ScanNo, Vec<Observation>, Option<Revision>, oneshot::Sender<Result<Committed>>),
    End(ScanNo, End, oneshot::Sender<Result<Committed>>),
    Log(Vec<Entry>, Condition, oneshot::Sender<Result<()>>),
}

impl Work {
    fn observations(&self) -> &[Observation] {
        match self {
            Self::Observe(_, observations, ..) => observations,
            _ => &[],
        }
    }

    /// Whether what others have written decides what becomes of it.
    fn depends(&self) -> bool {
        match self {
            Self::Begin(..) => true,
            Self::Log(_, condition, _) => !matches!(condition, Condition::Always),
            Self::Observe(..) | Self::End(..) => false,
        }
    }
}

/// What a piece of work did.
enum Done {
    Begun(Begun),
    Committed(Committed),
    Logged,
    Refused(Error),
}

impl Committer {
    /// Opens a store for writing, and makes it if it is not there.
    ///
    /// # Errors
    /// As [`Backend::prepare`] and [`History::open`].
    pub async fn open(backend: Arc<dyn Backend>, clock: Arc<dyn Clock>) -> Result<Self> {
        backend.prepare().await?;
        let writer_id = clock.new_id();
        let history = match History::find(Arc::clone(&backend)).await? {
            Some(history) if history.point.is_some() => {
                let error = Error::invalid(format!("{} holds a backup, which is only read", history.backend.location()));
                return Err(error.with_hint("`elava --store PLACE restore BACKUP` makes a store of it in another place"));
            }
            Some(history) => history,
            None => make_store(backend, &*clock, writer_id).await?,
        };
        let state = load_state(&history, &[]).await?;
        let (runs, contents, maintenance) = (Runs::default(), Contents::default(), Maintenance::default());
        Ok(Self { history, state, runs, contents, maintenance, clock, writer_id, is_current: true })
    }

    /// Serves requests that came in together; those that write go into one segment.
    pub async fn serve(&mut self, requests: Vec<Request>) {
        let mut work = Vec::with_capacity(requests.len());
        for request in requests {
            match request {
                Request::Observe(scan, observations, token, reply) => work.push(Work::Observe(scan, observations, token, reply)),
                Request::End(scan, end, reply) => work.push(Work::End(scan, end, reply)),
                Request::Begin(begin, reply) => work.push(Work::Begin(begin, reply)),
                Request::Log(entries, condition, reply) => work.push(Work::Log(entries, condition, reply)),
                Request::Leave(scan) => self.runs.break_off(scan),
                Request::Compact(options, reply) => {
                    let compacted = self.compact(options).await;
                    let _ = reply.send(compacted);
                }
                Request::Settle(reply) => {
                    let settled = self.catch_up_compaction().await;
                    let _ = reply.send(settled);
                }
                Request::History(reply) => {
                    let refreshed = self.catch_up().await;
                    let _ = reply.send(refreshed.map(|()| self.history.clone()));
                }
                Request::Known(wanted, reply) => {
                    let known = self.known(&wanted).await;
                    let _ = reply.send(known);
                }
            }
        }
        if !work.is_empty() {
            let outcome = match self.commit(&work).await {
                Ok(mut done) => {
                    self.look_back(&mut done).await;
                    Ok(done)
                }
                Err(error) => {
                    self.break_off(&work, error.kind());
                    Err(error)
                }
            };
            answer(work, outcome);
            self.maintain().await;
        }
    }

    /// Has a long tail compacted beside the writing, and takes up what was compacted.
    async fn maintain(&mut self) {
        if self.maintenance.keep_up(&self.history).await
            && let Err(error) = self.catch_up().await
        {
            warn!(%error, "what was compacted cannot be read yet; it is tried again after the next commit");
        }
    }

    /// A scan that goes on after it broke must know what it and others saw since it began. Where that cannot be read,
    /// only this beginning fails: what the others of its group wrote is durable.
    async fn look_back(&mut self, done: &mut [Done]) {
        for done in done {
            if let Done::Begun(Begun::Continued { scan, token, .. }) = *done {
                let loaded = load_sightings(&self.history, &mut self.state, &mut self.runs, Some(scan), token).await;
                self.settle();
                if let Err(error) = loaded {
                    self.runs.break_off(scan);
                    *done = Done::Refused(error.context("what was seen since the scan began cannot be read"));
                }
            }
        }
    }

    /// Of scans whose batch may have been written nobody knows where they stand, and one whose end failed has nobody left
    /// to drive it: they go on when they are begun again.
    fn break_off(&mut self, work: &[Work], kind: ErrorKind) {
        for work in work {
            match work {
                Work::End(scan, ..) => self.runs.break_off(*scan),
                Work::Observe(scan, ..) if kind == ErrorKind::Uncertain => self.runs.break_off(*scan),
                _ => {}
            }
        }
    }

    /// Compacts the tail; what others have committed meanwhile is read first.
    async fn compact(&mut self, options: CompactOptions) -> Result<Compacted> {
        self.maintenance.wait().await?;
        self.catch_up().await?;
        compact(&mut self.history, options).await
    }

    /// Waits for the compaction that is under way, and compacts what has become due meanwhile.
    async fn catch_up_compaction(&mut self) -> Result<()> {
        self.maintenance.wait().await?;
        self.catch_up().await?;
        if is_due(&self.history) {
            compact(&mut self.history, CompactOptions::default()).await?;
        }
        Ok(())
    }

    /// Reads what other writers have committed. What a reading that failed has left undone is made up for by the next.
    async fn catch_up(&mut self) -> Result<()> {
        let was_current = std::mem::replace(&mut self.is_current, false);
        let fresh = self.history.refresh().await?;
        if fresh.restarted || !was_current {
            self.reload().await?;
        } else {
            for segment in fresh.segments {
                replay(&mut self.state, &segment, Some(&mut self.runs))?;
                self.contents.follow_foreign(&segment)?;
            }
        }
        self.is_current = true;
        self.settle();
        if self.runs.is_idle() {
            self.state.forget_gone();
        }
        self.runs.forget_completed(&self.history.index);
        Ok(())
    }

    /// Makes final what was classified.
    fn settle(&mut self) {
        self.state.settle();
        self.runs.settle();
    }

    /// Makes the state anew where segments were cut down before they were read. Scans under way keep the numbers of their
    /// scopes and what they and others saw since they began.
    async fn reload(&mut self) -> Result<()> {
        let mut state = load_state(&self.history, self.state.scopes()).await?;
        self.runs.forget_seen();
        if let Some(token) = self.runs.oldest_token(self.history.index.floor) {
            load_sightings(&self.history, &mut state, &mut self.runs, None, token).await?;
        }
        self.state = state;
        self.contents.clear();
        Ok(())
    }

    /// Finds the resources of the observations, and tells which differ in what.
    async fn locate(&mut self, work: &[Work]) -> Result<Vec<Vec<Located>>> {
        let mut located = Vec::new();
        let find = |state: &State| {
            let mut wanted = Vec::new();
            located = work.iter().map(|work| locate(state, work.observations(), &mut wanted)).collect();
            wanted
        };
        self.load(find).await?;
        for (work, located) in work.iter().zip(&mut located) {
            compare(&self.contents, &self.history.index.settings.types, work.observations(), located);
        }
        Ok(located)
    }

    /// The contents of those resources that are live and have another hash than is given with them.
    async fn known(&mut self, wanted: &[Wanted]) -> Result<Vec<Option<Arc<Content>>>> {
        let mut versions = Vec::new();
        let find = |state: &State| {
            let version = |(key, hash): &Wanted| {
                let known = state.find(key).and_then(|place| state.slot(place)).map(|slot| slot.known);
                known.filter(|known| known.alive && Some(known.hash) != *hash).map(|known| known.version)
            };
            versions = wanted.iter().map(version).collect();
            versions.iter().copied().flatten().collect()
        };
        self.load(find).await?;
        Ok(versions.into_iter().map(|version| self.contents.get(version?).map(Arc::clone)).collect())
    }

    /// Puts the contents of the versions that are found in the state at hand. A file that is gone may have been replaced by a
    /// compaction that has not been read yet.
    async fn load(&mut self, mut find: impl FnMut(&State) -> Vec<Revision>) -> Result<()> {
        for _ in 0..REREADS_MAX {
            let known = self.history.manifest.number;
            let wanted = find(&self.state);
            let Err(error) = self.contents.load(&self.history, wanted).await else { return Ok(()) };
            self.catch_up().await?;
            if self.history.manifest.number == known {
                return Err(error);
            }
        }
        Err(Error::unavailable("the store is compacted faster than it can be read"))
    }

    /// Commits work as one segment; returns what each piece did.
    async fn commit(&mut self, work: &[Work]) -> Result<Vec<Done>> {
        if !self.is_current || work.iter().any(Work::depends) {
            self.catch_up().await?;
        }
        for _ in 0..LOST_SLOTS_MAX {
            let located = self.locate(work).await?;
            match self.write(work, located).await {
                Ok(Some(done)) => {
                    self.settle();
                    return Ok(done);
                }
                outcome => {
                    self.state.roll_back();
                    self.runs.roll_back();
                    outcome?;
                }
            }
            self.catch_up().await?;
        }
        Err(Error::unavailable(format!("other writers were faster {LOST_SLOTS_MAX} times; nothing was written")))
    }

    /// Classifies work and writes the segment; `None` if another writer holds the slot.
    async fn write(&mut self, work: &[Work], located: Vec<Vec<Located>>) -> Result<Option<Vec<Done>>> {
        let (done, built) = self.build(work, located)?;
        let Some((mut header, payload, replaced)) = built else { return Ok(Some(done)) };
        let bytes = Segment::encode(&mut header, &payload.encode()?);
        if !create_segment(&*self.history.backend, &header, &bytes).await? {
            return Ok(None);
        }
        self.history.push(Arc::new(Segment::written(header, payload, &bytes)?))?;
        self.contents.follow(replaced);
        Ok(Some(done))
    }

    /// Classifies work against the state; no tables where there is nothing to write.
    fn build(&mut self, work: &[Work], located: Vec<Vec<Located>>) -> Result<(Vec<Done>, Option<Built>)> {
        let index = Arc::clone(&self.history.index);
        let head_time = index.head_time.map(Timestamp::from_micros);
        let mut draft = Draft::new(&mut self.state, &index.settings.types, &self.contents, index.head, head_time);
        let mut done = Vec::with_capacity(work.len());
        let mut log = LogWork::new(&index);
        for (work, located) in work.iter().zip(located) {
            // Work that is refused has not touched the draft, so the others of its group go on.
            let outcome = match work {
                Work::Begin(begin, _) => self.runs.begin(begin, &index, self.clock.now(), &mut draft).map(Done::Begun),
                Work::Observe(scan, observations, token, _) => {
                    self.runs.observe(*scan, observations, located, *token, &index, &mut draft).map(Done::Committed)
                }
                Work::End(scan, end, _) => self.runs.end(*scan, end, &index, &mut draft).map(Done::Committed),
                Work::Log(entries, condition, _) => log.push(entries, condition, &mut draft).map(|()| Done::Logged),
            };
            done.push(outcome.unwrap_or_else(Done::Refused));
        }
        if draft.is_empty() {
            return Ok((done, None));
        }
        let (first_at, last_at) = draft.times();
        let last_at = if draft.count() == 0 { head_time.unwrap_or_default() } else { last_at };
        let header = SegmentHeader {
            store_id: self.history.store_id,
            seq: self.history.last.0 + 1,
            first_revision: index.head + 1,
            count: draft.count(),
            batch_id: self.clock.new_id(),
            writer_id: self.writer_id,
            written_at: self.clock.now(),
            first_at: first_at.unwrap_or(last_at),
            last_at,
            previous_hash: self.history.last.1,
            payload_bytes: 0,
            payload_hash: [0; 32],
            manifest_number: self.history.manifest.number,
            manifest_hash: self.history.manifest_hash,
        };
        let (payload, replaced) = draft.finish()?;
        Ok((done, Some((header, payload, replaced))))
    }
}

/// What is logged besides scans in one commit.
struct LogWork<'a> {
    index: &'a LogIndex,
    has_conditional: bool,
}

impl<'a> LogWork<'a> {
    fn new(index: &'a LogIndex) -> Self {
        Self { index, has_conditional: false }
    }

    /// The conditions are about the log before this commit, so that it may hold one such piece of work.
    fn push(&mut self, entries: &[Entry], condition: &Condition, draft: &mut Draft<'_>) -> Result<()> {
        if !matches!(condition, Condition::Always) {
            if self.has_conditional {
                return Err(Error::new(ErrorKind::Conflict, "another job, run or floor is recorded at this moment"));
            }
            condition.check(self.index)?;
            self.has_conditional = true;
        }
        entries.iter().for_each(|entry| draft.push_entry(Entry { head: draft.head(), ..entry.clone() }));
        Ok(())
    }
}

/// A segment in the making, and what it does to the contents at hand.
type Built = (SegmentHeader, Payload, Replaced);

/// Creates a segment: true if it is ours, false if another writer holds the slot.
///
/// Only a create that answers says that a segment is durable, so an unknown outcome is looked into by trying again.
/// Once an outcome was unknown, no later refusal makes it known: the error stays `Uncertain`.
async fn create_segment(backend: &dyn Backend, header: &SegmentHeader, bytes: &Bytes) -> Result<bool> {
    let name = segment_name(header.seq);
    let mut unknown = None;
    for attempt in 0..UNKNOWN_ATTEMPTS_MAX {
        if attempt > 0 {
            backend.back_off(attempt).await;
        }
        match backend.create(&name, bytes.clone()).await {
            Ok(Created::Done) => return Ok(true),
            Ok(Created::Exists) => match backend.get(&name).await {
                Ok(Some(found)) => {
                    let found = SegmentHeader::decode(found.get(..HEADER_BYTES).unwrap_or(&found), header.seq, Some(header.store_id))?;
                    return Ok(found.batch_id == header.batch_id);
                }
                // It may be our own from an attempt that was thought to have failed; or other creates of the name were under way,
                // of which an object store lets none be done then.
                Ok(None) => unknown = unknown.or(Some(Error::unavailable(format!("{name} exists, but cannot be found")))),
                Err(error) => unknown = Some(error),
            },
            Err(error) if error.kind() == ErrorKind::Uncertain => unknown = Some(error),
            Err(error) if unknown.is_none() => return Err(error),
            Err(error) => unknown = Some(error),
        }
    }
    let error = Error::new(ErrorKind::Uncertain, format!("it is not known whether {name} was written"));
    let error = error.with_hint("begin the scan again under its id, or repeat the import: what was written is found");
    Err(match unknown {
        Some(cause) => error.with_source(cause),
        None => error,
    })
}

/// The first segment of a store: it holds the settings that the store starts with.
async fn make_store(backend: Arc<dyn Backend>, clock: &dyn Clock, writer_id: Uuid) -> Result<History> {
    let now = clock.now();
    let mut state = State::default();
    let settings = StoreSettings::default();
    let contents = Contents::default();
    let mut draft = Draft::new(&mut state, &settings.types, &contents, 0, None);
    draft.push_entry(settings.to_entry(now));
    let payload = draft.finish()?.0.encode()?;
    let mut header = SegmentHeader {
        store_id: clock.new_id(),
        seq: 1,
        first_revision: 1,
        count: 0,
        batch_id: clock.new_id(),
        writer_id,
        written_at: now,
        first_at: Timestamp::default(),
        last_at: Timestamp::default(),
        previous_hash: [0; 32],
        payload_bytes: 0,
        payload_hash: [0; 32],
        manifest_number: 0,
        manifest_hash: [0; 32],
    };
    let bytes = Segment::encode(&mut header, &payload);
    // Another writer may make the store at the same time: whoever's segment it is, the store is there.
    let made = create_segment(&*backend, &header, &bytes).await;
    match made {
        // That a segment of another store is there says just that.
        Err(error) if error.kind() != ErrorKind::Corrupt => Err(error),
        _ => History::open(backend).await,
    }
}

fn answer(work: Vec<Work>, outcome: Result<Vec<Done>>) {
    match outcome {
        Ok(done) => {
            for pair in work.into_iter().zip(done) {
                match pair {
                    (Work::Begin(_, reply), Done::Begun(begun)) => drop(reply.send(Ok(begun))),
                    (Work::Observe(_, observations, _, reply), Done::Committed(committed)) => {
                        let _ = reply.send(Ok(committed));
                        // Freeing many small texts takes a while that the next commit need not wait for.
                        tokio::task::spawn_blocking(move || drop(observations));
                    }
                    (Work::End(.., reply), Done::Committed(committed)) => drop(reply.send(Ok(committed))),
                    (Work::Log(.., reply), Done::Logged) => drop(reply.send(Ok(()))),
                    (work, Done::Refused(error)) => refuse(work, error),
                    // A reply that is dropped tells the caller that the committer is at fault.
                    _ => {}
                }
            }
        }
        Err(error) => work.into_iter().for_each(|work| refuse(work, error.duplicate())),
    }
}

fn refuse(work: Work, error: Error) {
    match work {
        Work::Begin(_, reply) => drop(reply.send(Err(error))),
        Work::Observe(.., reply) | Work::End(.., reply) => drop(reply.send(Err(error))),
        Work::Log(.., reply) => drop(reply.send(Err(error))),
    }
}
