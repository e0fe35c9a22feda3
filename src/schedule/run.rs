//! The loop that does jobs when they are due: no job twice at a time, what was missed once, until it is told to stop.
//!
//! A job that is due is claimed in the ledger, done, and its end is put down there. A process that dies in between leaves a claim that
//! runs out; then the job is done again, by whoever sees that first. A process that is told to stop gives its claims back.
//!
//! Jobs go on while the ledger is read and written: what one of them holds, the ledger may wait for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, future, stream};
use tokio::sync::mpsc;

use super::ledger::{Claimed, Ledger};
use super::timing::{Beat, Due, Timing};
use super::wait::Wait;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::stop::Stop;
use crate::store::{JobClaim, JobOutcome, JobState};

/// The least that is waited before a claim is tried again that another holds, or an end is put down that the store refused.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A job and when it is due.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name: another than all others of the store.
    pub name: String,
    /// When it is due.
    pub timing: Timing,
}

/// One run of a job.
#[derive(Debug, Clone)]
pub struct Run {
    /// The job.
    pub job: String,
    /// The time for which it is done.
    pub due: Timestamp,
    /// Whether it was begun before for that time, by one who did not come to its end.
    pub again: bool,
}

/// What a job did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether it did all that it is for.
    pub ok: bool,
    /// What there is to say of it, in a line.
    pub message: String,
}

/// How jobs are done: on the thread of the loop, so that what a job needs may stay where it is.
#[async_trait(?Send)]
pub trait Work {
    /// Does one. Once told to stop it ends soon, with an error if something is left to do.
    ///
    /// # Errors
    /// Why it could not be done.
    async fn run(&self, run: &Run, stop: &Stop) -> Result<Report>;
}

/// What happens, told as it does.
#[derive(Debug)]
pub enum Event<'a> {
    /// The ledger was read.
    Looked(&'a BTreeMap<String, JobState>),
    /// A job begins.
    Began(&'a Run),
    /// A job has ended.
    Ended {
        /// Which.
        run: &'a Run,
        /// How.
        outcome: &'a JobOutcome,
        /// How long it took.
        took: Duration,
        /// When it starts next.
        next: Option<Due>,
    },
    /// A job was told to stop before it was done, and is free to be done by others.
    GivenBack(&'a Run),
    /// A job is due, and another does it.
    Held {
        /// The job.
        job: &'a str,
        /// Who does.
        holder: &'a str,
        /// Until when, unless they renew it.
        until: Timestamp,
    },
    /// When a job starts next.
    Next {
        /// The job.
        job: &'a str,
        /// When.
        due: Due,
    },
    /// The ledger could not be read or written.
    Failed(&'a Error),
}

/// How the loop goes about it.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// Whose claims these are: another name for each process.
    pub holder: String,
    /// How long a claim holds.
    pub lease: Duration,
    /// How often the ledger is read, at least.
    pub look_every: Duration,
    /// Most jobs that are done at once.
    pub at_once: usize,
}

/// Does jobs.
pub struct Runner<'a> {
    /// The jobs.
    pub jobs: &'a [Job],
    /// Where claims are kept.
    pub ledger: &'a dyn Ledger,
    /// How a job is done.
    pub work: &'a dyn Work,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How to wait for it.
    pub wait: &'a dyn Wait,
    /// How to go about it.
    pub options: RunnerOptions,
    /// Who is told what happens.
    pub tell: &'a (dyn Fn(Event<'_>) + Send + Sync),
}

impl std::fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("jobs", &self.jobs).field("options", &self.options).finish_non_exhaustive()
    }
}

/// What the loop knows of a job.
#[derive(Debug, Default)]
struct Slot {
    /// The newest due time that is dealt with.
    after: Option<Timestamp>,
    /// The due time for which somebody began and did not come to the end.
    begun: Option<Timestamp>,
    /// Another has it until then, or the store refused.
    not_before: Option<Timestamp>,
    /// It is being done here, since when it was last claimed.
    running: Option<(Run, Timestamp)>,
    /// Its end, which is not put down yet.
    ending: Option<(Timestamp, JobOutcome)>,
    next: Option<Due>,
}

/// A run that was begun: which job's, and when.
#[derive(Debug)]
struct Begun {
    place: usize,
    run: Run,
    at: Timestamp,
}

impl Runner<'_> {
    /// Does jobs until it is told to stop; then waits for those that are being done, which are told too.
    pub async fn run(&self, stop: &Stop) {
        let at_once = self.options.at_once.max(1);
        let ((begin, begun), (end, ended)) = (mpsc::channel(at_once), mpsc::channel(at_once));
        future::join(self.work_on(begun, end, stop), self.direct(begin, ended, stop)).await;
    }

    /// Does what is begun, until nothing more comes.
    async fn work_on(&self, mut begun: mpsc::Receiver<Begun>, end: mpsc::Sender<(Begun, Result<Report>)>, stop: &Stop) {
        let (begun, end) = (stream::poll_fn(|context| begun.poll_recv(context)), &end);
        let work = |begun: Begun| async move {
            let report = self.work.run(&begun.run, stop).await;
            // Who directs listens for as long as something is being done.
            let _ = end.send((begun, report)).await;
        };
        begun.for_each_concurrent(None, work).await;
    }

    /// Begins what is due, and puts down how it ended.
    async fn direct(&self, begin: mpsc::Sender<Begun>, mut ended: mpsc::Receiver<(Begun, Result<Report>)>, stop: &Stop) {
        let mut slots: Vec<Slot> = self.jobs.iter().map(|_| Slot::default()).collect();
        while !stop.is_requested() {
            self.look(&mut slots).await;
            self.start(&mut slots, &begin).await;
            let wake = self.wake(&mut slots);
            tokio::select! {
                biased;
                Some((begun, report)) = ended.recv() => self.end(&mut slots, begun, report, stop).await,
                () = self.wait.until(wake) => {}
                () = stop.requested() => {}
            }
        }
        drop(begin);
        while let Some((begun, report)) = ended.recv().await {
            self.end(&mut slots, begun, report, stop).await;
        }
    }

    /// Learns what others did, and puts down what could not be put down before.
    async fn look(&self, slots: &mut [Slot]) {
        for (job, slot) in self.jobs.iter().zip(slots.iter_mut()) {
            self.put_down(job, slot).await;
            self.renew(job, slot).await;
        }
        let known = match self.ledger.jobs().await {
            Ok(known) => known,
            Err(error) => return (self.tell)(Event::Failed(&error)),
        };
        let now = self.clock.now();
        for (job, slot) in self.jobs.iter().zip(slots.iter_mut()) {
            match known.get(&job.name) {
                Some(state) if slot.ending.is_none() => slot.learn(state, &self.options.holder, now),
                None if slot.after.is_none() && matches!(job.timing.beat, Beat::Cron(_)) => self.remember(job, slot, now).await,
                _ => {}
            }
        }
        (self.tell)(Event::Looked(&known));
    }

    /// A cron expression that nobody saw before is due from now on: a claim that has run out says so to whoever comes later.
    async fn remember(&self, job: &Job, slot: &mut Slot, now: Timestamp) {
        match self.ledger.claim(&self.claim(job, now, now)).await {
            Ok(_) => slot.after = Some(now),
            Err(error) => (self.tell)(Event::Failed(&error)),
        }
    }

    /// Begins what is due; when it returns, all of it is under way.
    async fn start(&self, slots: &mut [Slot], begin: &mpsc::Sender<Begun>) {
        let mut running = running(slots);
        for (place, (job, slot)) in self.jobs.iter().zip(slots.iter_mut()).enumerate() {
            let now = self.clock.now();
            if running >= self.options.at_once || !slot.is_idle() || slot.not_before.is_some_and(|time| time > now) {
                continue;
            }
            let Some(due) = job.timing.newest(&job.name, slot.after, now) else { continue };
            if let Some(run) = self.take(job, slot, due.at, now).await {
                (self.tell)(Event::Began(&run));
                slot.running = Some((run.clone(), now));
                running += 1;
                let _ = begin.send(Begun { place, run, at: now }).await;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Claims a job that is due.
    async fn take(&self, job: &Job, slot: &mut Slot, due: Timestamp, now: Timestamp) -> Option<Run> {
        match self.ledger.claim(&self.claim(job, due, now.plus(self.options.lease))).await {
            Ok(Claimed::Granted) => {
                let again = slot.begun == Some(due);
                (slot.begun, slot.not_before) = (Some(due), None);
                return Some(Run { job: job.name.clone(), due, again });
            }
            Ok(Claimed::Held { holder, until }) => {
                slot.not_before = Some(until.max(now.plus(RETRY_AFTER)));
                (self.tell)(Event::Held { job: &job.name, holder: &holder, until });
            }
            Ok(Claimed::Done) => (slot.after, slot.begun) = (slot.after.max(Some(due)), None),
            Err(error) => {
                slot.not_before = Some(now.plus(RETRY_AFTER));
                (self.tell)(Event::Failed(&error));
            }
        }
        None
    }

    /// Holds a job longer that takes longer. Where that fails it goes on: at worst another does it too.
    async fn renew(&self, job: &Job, slot: &mut Slot) {
        let now = self.clock.now();
        let Some((run, claimed)) = &mut slot.running else { return };
        if now < claimed.plus(self.options.lease / 3) {
            return;
        }
        *claimed = now;
        match self.ledger.claim(&self.claim(job, run.due, now.plus(self.options.lease))).await {
            Ok(Claimed::Held { holder, until }) => (self.tell)(Event::Held { job: &job.name, holder: &holder, until }),
            Ok(_) => {}
            Err(error) => (self.tell)(Event::Failed(&error)),
        }
    }

    async fn end(&self, slots: &mut [Slot], begun: Begun, report: Result<Report>, stop: &Stop) {
        let Begun { place, run, at } = begun;
        let (Some(job), Some(slot)) = (self.jobs.get(place), slots.get_mut(place)) else { return };
        slot.running = None;
        let now = self.clock.now();
        if report.is_err() && stop.is_requested() {
            if let Err(error) = self.ledger.claim(&self.claim(job, run.due, now)).await {
                (self.tell)(Event::Failed(&error));
            }
            return (self.tell)(Event::GivenBack(&run));
        }
        let report = report.unwrap_or_else(|error| Report { ok: false, message: error.to_string() });
        let outcome = JobOutcome { at: now, ok: report.ok, message: report.message };
        let next = job.timing.next(&job.name, Some(run.due), now);
        (self.tell)(Event::Ended { run: &run, outcome: &outcome, took: now.since(at), next });
        (slot.after, slot.begun) = (Some(run.due), None);
        slot.ending = Some((run.due, outcome));
        self.put_down(job, slot).await;
    }

    /// Puts down how a job ended; if the store refuses, it is tried again later.
    async fn put_down(&self, job: &Job, slot: &mut Slot) {
        let Some((due, outcome)) = slot.ending.take() else { return };
        if let Err(error) = self.ledger.end(&self.claim(job, due, outcome.at), &outcome).await {
            (self.tell)(Event::Failed(&error));
            slot.ending = Some((due, outcome));
        }
    }

    /// When there is something to do next.
    fn wake(&self, slots: &mut [Slot]) -> Timestamp {
        let (now, has_room) = (self.clock.now(), running(slots) < self.options.at_once);
        let mut wake = now.plus(self.options.look_every);
        for (job, slot) in self.jobs.iter().zip(slots) {
            let then = match &slot.running {
                Some((_, claimed)) => Some(claimed.plus(self.options.lease / 3)),
                None if slot.ending.is_some() => Some(now.plus(RETRY_AFTER)),
                None if job.timing.newest(&job.name, slot.after, now).is_none() => {
                    let next = job.timing.next(&job.name, slot.after, now);
                    if let (Some(due), true) = (next, next != slot.next) {
                        (self.tell)(Event::Next { job: &job.name, due });
                    }
                    slot.next = next;
                    next.map(|due| due.start)
                }
                // It is due: others have it, or it waits until fewer are done at once.
                None => slot.not_before.filter(|_| has_room),
            };
            wake = then.map_or(wake, |then| wake.min(then));
        }
        wake
    }

    fn claim(&self, job: &Job, due: Timestamp, lease_until: Timestamp) -> JobClaim {
        JobClaim { job: job.name.clone(), due, holder: self.options.holder.clone(), at: self.clock.now(), lease_until }
    }
}

/// How many jobs are being done.
fn running(slots: &[Slot]) -> usize {
    slots.iter().filter(|slot| slot.running.is_some()).count()
}

impl Slot {
    fn is_idle(&self) -> bool {
        self.running.is_none() && self.ending.is_none()
    }

    /// Takes in what the ledger knows: what has ended is dealt with, what was begun and left is not.
    fn learn(&mut self, state: &JobState, holder: &str, now: Timestamp) {
        if self.running.is_some() {
            return;
        }
        let dealt_with = if state.end.is_some() { state.due } else { state.due.minus(Duration::from_micros(1)) };
        self.after = Some(dealt_with);
        self.begun = state.end.is_none().then_some(state.due);
        let is_others = state.end.is_none() && state.holder != holder && state.lease_until > now;
        self.not_before =
            if is_others { Some(state.lease_until) } else { self.not_before.filter(|time| *time > now && state.end.is_none()) };
    }
}
