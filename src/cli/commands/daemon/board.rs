//! What there is to know of a daemon while it runs: said on stderr as it happens, and kept for whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::info;

use super::LOOK_EVERY;
use super::jobs::ReadyJob;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::model::{Revision, Timestamp};
use crate::notify::{Delivery, Waiting};
use crate::schedule::{Due, Event};
use crate::store::{JobOutcome, JobState};

/// A daemon that has not looked into the log for so many times as long as it should is stuck.
const LOOKS_MISSED_MAX: u32 = 3;

/// What is known. Times and counts of runs are those of this process, unless the log tells more.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Jobs by name.
    pub jobs: BTreeMap<String, JobSeen>,
    /// Deliveries by target.
    pub targets: BTreeMap<String, TargetSeen>,
    /// Open findings by severity.
    pub findings: BTreeMap<String, u64>,
    /// Scans by how they ended.
    pub scans: BTreeMap<&'static str, u64>,
    /// The newest revision.
    pub head: Revision,
    /// The newest run of checks that told of findings.
    pub last_run: Option<String>,
    /// When the log was last looked into.
    pub looked_at: Timestamp,
    /// Why it could not be.
    pub error: Option<String>,
}

/// What is known of a job.
#[derive(Debug, Clone, Default)]
pub struct JobSeen {
    pub ok: u64,
    pub failed: u64,
    pub given_back: u64,
    pub is_running: bool,
    pub seconds: f64,
    pub last_seconds: Option<f64>,
    pub last_end: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    pub next: Option<Due>,
}

/// What is known of a target.
#[derive(Debug, Clone, Default)]
pub struct TargetSeen {
    pub delivered: u64,
    pub failed: u64,
    pub refused: u64,
    pub dropped: u64,
    pub waiting: u64,
}

/// Where it is kept.
#[derive(Debug)]
pub struct Board {
    seen: Mutex<Seen>,
    clock: Arc<dyn Clock>,
}

impl Board {
    /// Nothing is known but the jobs.
    pub fn new(jobs: &[ReadyJob], clock: Arc<dyn Clock>) -> Self {
        let jobs = jobs.iter().map(|ready| (ready.plan.job.name.clone(), JobSeen::default())).collect();
        Self { seen: Mutex::new(Seen { jobs, looked_at: clock.now(), ..Seen::default() }), clock }
    }

    /// What is known now.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// Why the daemon is not well, if it is not.
    pub fn trouble(&self) -> Option<String> {
        let seen = self.lock();
        let silent = self.clock.now().since(seen.looked_at);
        if silent > LOOK_EVERY * LOOKS_MISSED_MAX {
            return Some(format!("the loop is stuck: the log was last looked into at {}", seen.looked_at));
        }
        seen.error.clone()
    }

    /// Takes note of the newest revision.
    pub fn see_head(&self, head: Revision) {
        self.lock().head = head;
    }

    /// Whether findings are to be counted anew, as this is another run than the one that was counted.
    pub fn is_news(&self, last_run: Option<&str>) -> bool {
        last_run.is_some() && self.lock().last_run.as_deref() != last_run
    }

    /// Takes note of open findings.
    pub fn see_findings(&self, last_run: Option<String>, findings: BTreeMap<String, u64>) {
        let mut seen = self.lock();
        (seen.last_run, seen.findings) = (last_run, findings);
    }

    /// Takes note of how a scan ended.
    #[cfg(feature = "aws")]
    pub fn see_scan(&self, status: &'static str) {
        *self.lock().scans.entry(status).or_default() += 1;
    }

    /// Takes note of messages that had to go, as too many wait.
    pub fn see_dropped(&self, target: &str, dropped: usize) {
        self.lock().targets.entry(target.to_owned()).or_default().dropped += dropped as u64;
    }

    /// Says what happens to jobs: a line when one begins and one when it has ended.
    pub fn tell(&self, event: &Event<'_>, printer: Printer) {
        // First: who reads the line may ask at once.
        self.note(event);
        match event {
            Event::Began(run) => printer.say(&format!("job {} began, due {}", run.job, run.due)),
            Event::Ended { run, outcome, took, next } => {
                let ended = if outcome.ok { "ended" } else { "failed" };
                let next = next.map_or(String::new(), |due| format!("; next at {}", due.start));
                printer.say(&format!("job {} {ended} after {:.1}s: {}{next}", run.job, took.as_secs_f64(), outcome.message));
            }
            Event::GivenBack(run) => printer.say(&format!("job {} was stopped, and is to be done again", run.job)),
            Event::Held { job, holder, until } => info!(job, holder, %until, "another daemon has the job"),
            Event::Next { job, due } => info!(job, due = %due.at, start = %due.start, "next"),
            Event::Failed(error) => printer.error(error),
            Event::Looked(_) => {}
        }
    }

    fn note(&self, event: &Event<'_>) {
        let (now, mut seen) = (self.clock.now(), self.lock());
        match event {
            Event::Looked(known) => {
                (seen.looked_at, seen.error) = (now, None);
                seen.jobs.iter_mut().for_each(|(name, job)| job.learn(known.get(name)));
            }
            Event::Failed(error) => (seen.looked_at, seen.error) = (now, Some(error.to_string())),
            Event::Began(run) => seen.job(&run.job).is_running = true,
            Event::Ended { run, outcome, took, next } => seen.job(&run.job).end(outcome, *took, *next),
            Event::GivenBack(run) => {
                let job = seen.job(&run.job);
                (job.is_running, job.given_back) = (false, job.given_back + 1);
            }
            Event::Next { job, due } => seen.job(job).next = Some(*due),
            Event::Held { .. } => {}
        }
    }

    /// Says what happens to messages.
    pub fn tell_delivery(&self, delivery: &Delivery<'_>, printer: Printer) {
        self.note_delivery(delivery);
        match delivery {
            Delivery::Done { target } => info!(target, "delivered"),
            Delivery::Failed { target, error, again_at } => {
                printer.warn(&format!("notify {target}: {error}; the message is kept, and tried again at {again_at}"));
            }
            Delivery::Refused { target, error } => {
                printer.warn(&format!("notify {target}: {error}; the message is kept, and tried again when the daemon is started"));
            }
            Delivery::Dropped { target } => {
                printer.warn(&format!("notify {target}: a message had to go: no [[notify]] of this name was seen for a month"));
            }
            Delivery::Unseen(error) => printer.error(error),
            Delivery::Waiting(_) => {}
        }
    }

    fn note_delivery(&self, delivery: &Delivery<'_>) {
        let mut seen = self.lock();
        match delivery {
            Delivery::Done { target } => seen.target(target).delivered += 1,
            Delivery::Failed { target, .. } => seen.target(target).failed += 1,
            Delivery::Refused { target, .. } => seen.target(target).refused += 1,
            Delivery::Dropped { target } => seen.target(target).dropped += 1,
            Delivery::Waiting(waiting) => seen.count_waiting(waiting),
            Delivery::Unseen(_) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn job(&mut self, name: &str) -> &mut JobSeen {
        self.jobs.entry(name.to_owned()).or_default()
    }

    fn target(&mut self, name: &str) -> &mut TargetSeen {
        self.targets.entry(name.to_owned()).or_default()
    }

    fn count_waiting(&mut self, waiting: &[Waiting]) {
        self.targets.values_mut().for_each(|target| target.waiting = 0);
        waiting.iter().for_each(|waiting| self.target(&waiting.target).waiting += 1);
    }
}

impl JobSeen {
    /// What the log tells of it: others may have done it.
    fn learn(&mut self, state: Option<&JobState>) {
        if let Some(end) = state.and_then(|state| state.end.as_ref()) {
            self.last_end = self.last_end.max(Some(end.at));
            if end.ok {
                self.last_success = self.last_success.max(Some(end.at));
            }
        }
    }

    fn end(&mut self, outcome: &JobOutcome, took: Duration, next: Option<Due>) {
        *(if outcome.ok { &mut self.ok } else { &mut self.failed }) += 1;
        (self.is_running, self.next) = (false, next);
        self.seconds += took.as_secs_f64();
        (self.last_seconds, self.last_end) = (Some(took.as_secs_f64()), Some(outcome.at));
        if outcome.ok {
            self.last_success = Some(outcome.at);
        }
    }
}
