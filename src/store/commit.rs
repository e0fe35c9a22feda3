//! The committer: turns what concurrent scans hand in into segments, one durable commit at a time.
//!
//! A create has three outcomes (`attempt`). Done: the batch is durable. Lost: another writer holds the slot; its segment is
//! taken in, the batch is classified anew against the state with it, and the next slot is tried, in turn with the others
//! (`turns`), of whose commits a lookout learns soon (`lookout`). Unknown: the slot is read back; the same bytes go to the same
//! slot until it is seen occupied. A batch leaves a slot only once a foreign segment is in it, so nothing is ever committed twice.

mod attempt;
mod lookout;
mod queue;
mod turns;
mod work;

use std::sync::Arc;

use bytes::Bytes;
use tracing::warn;
use uuid::Uuid;

use self::attempt::{Attempt, attempt, create_segment};
use self::lookout::{Lookout, READ_MAX};
use self::turns::Turns;
use self::work::{Done, LogWork, Wanted, answer};
use super::backend::Backend;
use super::classify::{Draft, Located, Replaced, compare, locate};
use super::compact::{CompactOptions, Compacted, compact, is_due};
use super::contents::Contents;
use super::history::{History, too_fast};
use super::index::StoreSettings;
use super::maintenance::Maintenance;
use super::replay::{load_sightings, load_state, redact, replay};
use super::run::{Begun, Runs};
use super::segment::{HEADER_BYTES, Payload, Segment, SegmentHeader};
use super::state::State;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Content, Revision, Timestamp};

pub use self::queue::Queue;
pub use self::work::{Condition, Request, Work};

/// How often a batch is tried at one slot after other after losing it to other writers.
const LOST_SLOTS_MAX: usize = 10_000;
/// How many slots are read at once by who may have missed some.
const READ_MIN: usize = 4;
/// How often contents are looked up anew because the store was compacted meanwhile.
const REREADS_MAX: usize = 8;

/// The one writer of a process to a store.
#[derive(Debug)]
pub struct Committer {
    history: History,
    state: State,
    runs: Runs,
    contents: Contents,
    maintenance: Maintenance,
    turns: Turns,
    lookout: Lookout,
    clock: Arc<dyn Clock>,
    writer_id: Uuid,
    /// False while the state may lack some of what the history has: a reading of others' commits has failed half way.
    is_current: bool,
}

/// What came of an attempt to write work.
enum Written {
    /// What each piece did; it is durable.
    Done(Vec<Done>),
    /// Another writer's segment is in the slot: its bytes.
    Lost(Bytes),
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
        let (state, runs, contents) = (State::default(), Runs::default(), Contents::default());
        let (maintenance, turns) = (Maintenance::default(), Turns::default());
        let lookout = Lookout::new(Arc::clone(&history.backend), Arc::clone(&clock));
        let mut committer = Self { history, state, runs, contents, maintenance, turns, lookout, clock, writer_id, is_current: false };
        committer.reload().await?;
        committer.caught_up();
        Ok(committer)
    }

    /// Serves requests that came in together; those that write go into one segment, with those that come in while it waits for its
    /// turn among other writers.
    pub async fn serve(&mut self, requests: Vec<Request>, queue: &mut Queue) {
        let mut work = Vec::with_capacity(requests.len());
        for request in requests {
            match request {
                Request::Write(asked) => work.push(asked),
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
        if work.is_empty() {
            return;
        }
        let outcome = match self.commit(&mut work, queue).await {
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
        self.await_maintenance().await?;
        self.compact_tail(options).await
    }

    /// Waits for the compaction that is under way, and compacts what has become due meanwhile, or was redacted.
    async fn catch_up_compaction(&mut self) -> Result<()> {
        self.await_maintenance().await?;
        if is_due(&self.history) || self.history.lags_redactions() {
            self.compact_tail(CompactOptions::default()).await?;
        }
        Ok(())
    }

    /// Waits for the compaction that is under way, and reads what was committed meanwhile.
    async fn await_maintenance(&mut self) -> Result<()> {
        let began_from = self.maintenance.began_from();
        let waited = self.maintenance.wait().await;
        self.catch_up().await?;
        match waited {
            // Another compaction has replaced the files that this one missed.
            Err(error) if error.kind() == ErrorKind::Corrupt && began_from != Some(self.history.manifest.number) => Ok(()),
            waited => waited,
        }
    }

    /// Compacts the tail. A file that is gone may have been replaced by another compaction.
    async fn compact_tail(&mut self, options: CompactOptions) -> Result<Compacted> {
        for _ in 0..REREADS_MAX {
            let known = self.history.manifest.number;
            let error = match compact(&mut self.history, options).await {
                Err(error) if error.kind() == ErrorKind::Corrupt => error,
                outcome => return outcome,
            };
            self.catch_up().await?;
            if self.history.manifest.number == known {
                return Err(error);
            }
        }
        Err(too_fast())
    }

    /// Reads what other writers have committed. What a reading that failed has left undone is made up for by the next.
    async fn catch_up(&mut self) -> Result<()> {
        let was_current = std::mem::replace(&mut self.is_current, false);
        let fresh = self.history.refresh().await?;
        if fresh.restarted || !was_current {
            self.reload().await?;
        } else {
            fresh.segments.iter().try_for_each(|segment| self.follow(segment))?;
        }
        self.caught_up();
        Ok(())
    }

    /// Takes in the segment that was found in the next slot.
    async fn take_in(&mut self, bytes: &Bytes) -> Result<()> {
        // One that was cut down is covered by a manifest, which has to be read.
        if !self.is_current || bytes.len() == HEADER_BYTES {
            return self.catch_up().await;
        }
        let segment = Arc::new(Segment::decode(bytes, self.history.last.0 + 1, Some(self.history.store_id))?);
        self.is_current = false;
        self.history.push(Arc::clone(&segment))?;
        self.follow(&segment)?;
        self.caught_up();
        Ok(())
    }

    /// Brings the state to a segment of another writer, which the history has.
    fn follow(&mut self, segment: &Segment) -> Result<()> {
        replay(&mut self.state, segment, Some(&mut self.runs))?;
        redact(&mut self.state, segment, &self.history.index)?;
        self.contents.follow_foreign(segment)?;
        self.turns.lost(&segment.header, self.clock.elapsed());
        Ok(())
    }

    /// All that the history has is in the state.
    fn caught_up(&mut self) {
        self.is_current = true;
        self.settle();
        if self.runs.is_idle() {
            self.state.forget_gone();
        }
        self.runs.forget_completed(&self.history.index);
    }

    /// Makes final what was classified.
    fn settle(&mut self) {
        self.state.settle();
        self.runs.settle();
    }

    /// Takes back what was classified.
    fn roll_back(&mut self) {
        self.state.roll_back();
        self.runs.roll_back();
    }

    /// Makes the state anew, as where segments were cut down before they were read. A file that is gone may have been replaced by a
    /// compaction that has not been read yet.
    async fn reload(&mut self) -> Result<()> {
        for _ in 0..REREADS_MAX {
            let known = self.history.manifest.number;
            let error = match self.read_state().await {
                Err(error) if error.kind() == ErrorKind::Corrupt => error,
                outcome => return outcome,
            };
            self.history.refresh().await?;
            if self.history.manifest.number == known {
                return Err(error);
            }
        }
        Err(too_fast())
    }

    /// Reads the state from the tables and the tail. Scans under way keep the numbers of their scopes and what they and others saw
    /// since they began.
    async fn read_state(&mut self) -> Result<()> {
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
        Err(too_fast())
    }

    /// Commits work as one segment, with what comes in before it gets a slot; returns what each piece did.
    async fn commit(&mut self, work: &mut Vec<Work>, queue: &mut Queue) -> Result<Vec<Done>> {
        if !self.is_current || work.iter().any(Work::depends) {
            self.catch_up().await?;
        }
        let mut age = 0;
        let mut is_behind = self.turns.is_behind(self.clock.elapsed());
        for _ in 0..LOST_SLOTS_MAX {
            // Who has just read the log to its end does not know if anybody waits: it goes at once, and sees whose turn it is.
            age = if is_behind { age.max(u32::from(self.read_on().await?)) } else { self.wait_for_turn(age).await? };
            // Who knows of no others does not look out for them: if it loses, it may have missed more.
            is_behind = !self.turns.is_contended();
            queue.join(work);
            let located = self.locate(work).await?;
            match self.write(work, located, age).await {
                Ok(Written::Done(done)) => {
                    self.settle();
                    return Ok(done);
                }
                Ok(Written::Lost(winner)) => {
                    self.roll_back();
                    self.take_in(&winner).await?;
                    age = age.saturating_add(1);
                }
                Err(error) => {
                    self.roll_back();
                    return Err(error);
                }
            }
        }
        Err(Error::unavailable(format!("other writers were faster {LOST_SLOTS_MAX} times; nothing was written")))
    }

    /// Waits until a batch of an age may go, and takes in what others commit meanwhile; returns its age then.
    async fn wait_for_turn(&mut self, mut age: u32) -> Result<u32> {
        for _ in 0..LOST_SLOTS_MAX {
            let wait = self.turns.wait(age, self.clock.elapsed());
            let Some(every) = self.turns.look_every(age).filter(|_| !wait.is_zero()) else { break };
            let found = tokio::select! {
                biased;
                found = self.lookout.watch(self.history.last.0 + 1, every, &mut self.turns.reads) => found,
                () = self.clock.sleep(wait) => break,
            };
            self.take_in(&found).await?;
            age = age.saturating_add(1);
        }
        Ok(age)
    }

    /// Reads on to the end of the log, more segments at once the more there are; whether there were any.
    async fn read_on(&mut self) -> Result<bool> {
        let began = self.history.last.0;
        let mut count = READ_MIN;
        for _ in 0..LOST_SLOTS_MAX {
            let first = self.history.last.0 + 1;
            let found = self.lookout.read(first, count, &mut self.turns.reads).await;
            let is_end = found.len() < count;
            for (seq, bytes) in (first..).zip(&found) {
                // Where one had been cut down, more than it was taken in.
                if seq == self.history.last.0 + 1 {
                    self.take_in(bytes).await?;
                }
            }
            if is_end {
                break;
            }
            count = (count * 2).min(READ_MAX);
        }
        Ok(self.history.last.0 > began)
    }

    /// Classifies work and writes the segment.
    async fn write(&mut self, work: &[Work], located: Vec<Vec<Located>>, age: u32) -> Result<Written> {
        let (done, built) = self.build(work, located)?;
        let Some((mut header, payload, replaced)) = built else { return Ok(Written::Done(done)) };
        header.lost_slots = age;
        let bytes = Segment::encode(&mut header, &payload.encode()?);
        if let Attempt::Lost(winner) = attempt(&mut self.lookout, &mut self.turns, &header, &bytes).await? {
            return Ok(Written::Lost(winner));
        }
        self.turns.won(&header, self.clock.elapsed());
        let segment = Arc::new(Segment::written(header, payload, &bytes)?);
        self.history.push(Arc::clone(&segment))?;
        self.contents.follow(replaced);
        if segment.redacts() {
            redact(&mut self.state, &segment, &self.history.index)?;
            self.contents.clear();
        }
        Ok(Written::Done(done))
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
            features: draft.features(),
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
            lost_slots: 0,
        };
        let (payload, replaced) = draft.finish()?;
        Ok((done, Some((header, payload, replaced))))
    }
}

/// A segment in the making, and what it does to the contents at hand.
type Built = (SegmentHeader, Payload, Replaced);

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
        features: 0,
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
        lost_slots: 0,
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
