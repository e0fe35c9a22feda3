//! Delivers what waits in the outbox: each target's messages in order, again after longer and longer pauses while it fails.
//!
//! Delivering to a target is a job of the ledger, so that of several daemons one does it at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::outbox::{Outbox, Waiting};
use super::{Target, Undelivered};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Timestamp;
use crate::schedule::{Claimed, Ledger, Wait, spread};
use crate::stop::Stop;
use crate::store::{JobClaim, JobOutcome};

/// What the names of its jobs begin with, which no job of the settings does.
const JOB_PREFIX: &str = "notify.";
/// How long a message is kept for a target that is not in the settings any more.
const STRAY_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// No message is begun in the second half of a claim: the first has to arrive, or fail, before it runs out.
const LEASE_PARTS: u32 = 2;

/// How deliveries go about it.
#[derive(Debug, Clone)]
pub struct CourierOptions {
    /// Whose claims these are.
    pub holder: String,
    /// How long a claim holds: twice as long as a sink may take, or longer.
    pub lease: Duration,
    /// The first pause after a failure; each is twice the one before.
    pub pause_min: Duration,
    /// The longest.
    pub pause_max: Duration,
    /// How often the outbox is looked into, at least: others may have left something.
    pub look_every: Duration,
}

/// What became of a message.
#[derive(Debug)]
pub enum Delivery<'a> {
    /// It has arrived.
    Done {
        /// Where.
        target: &'a str,
    },
    /// It has not, and is kept.
    Failed {
        /// Where it should be.
        target: &'a str,
        /// Why it is not.
        error: &'a Error,
        /// When it is tried again.
        again_at: Timestamp,
    },
    /// The target does not understand it. It is kept, and tried again by the next process.
    Refused {
        /// Where it should be.
        target: &'a str,
        /// Why it is not.
        error: &'a Error,
    },
    /// It had to go: for so long nobody knew its target.
    Dropped {
        /// Where it should have been.
        target: &'a str,
    },
    /// What waits could not be seen to.
    Unseen(&'a Error),
    /// These wait.
    Waiting(&'a [Waiting]),
}

/// Delivers messages.
pub struct Courier<'a> {
    /// Where to.
    pub targets: &'a [Target],
    /// Those that wait.
    pub outbox: Outbox,
    /// Where claims are kept.
    pub ledger: &'a dyn Ledger,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How to go about it.
    pub options: CourierOptions,
    /// Who is told what happens.
    pub tell: &'a (dyn Fn(Delivery<'_>) + Send + Sync),
}

/// Failures of a target in a row, and when it is tried again.
#[derive(Debug, Clone, Copy)]
struct Pause {
    failures: u32,
    until: Timestamp,
}

/// What a process knows of deliveries that failed.
#[derive(Debug, Default)]
pub struct Failures {
    pauses: BTreeMap<String, Pause>,
    /// Messages that their targets refused.
    refused: BTreeSet<String>,
}

impl std::fmt::Debug for Courier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier").field("targets", &self.targets).field("options", &self.options).finish_non_exhaustive()
    }
}

impl Courier<'_> {
    /// Delivers until it is told to stop; `more` says that a message was put into the outbox.
    pub async fn run(&self, more: &Notify, wait: &dyn Wait, stop: &Stop) {
        let mut failures = Failures::default();
        while !stop.is_requested() {
            let next = tokio::select! {
                next = self.round(&mut failures) => next,
                // What is on its way is sent once more by whoever comes next.
                () = stop.requested() => return,
            };
            let look = self.clock.now().plus(self.options.look_every);
            tokio::select! {
                () = wait.until(next.map_or(look, |next| next.min(look))) => {}
                () = more.notified() => {}
                () = stop.requested() => {}
            }
        }
    }

    /// Delivers what may be tried now; says when there is something to try again.
    pub async fn round(&self, failures: &mut Failures) -> Option<Timestamp> {
        let waiting = match self.outbox.waiting().await {
            Ok(waiting) => waiting,
            Err(error) => {
                (self.tell)(Delivery::Unseen(&error));
                return None;
            }
        };
        failures.refused.retain(|name| waiting.iter().any(|waiting| waiting.name == *name));
        self.drop_strays(&waiting).await;
        for target in self.targets {
            let due = failures.pauses.get(&target.name).is_none_or(|pause| pause.until <= self.clock.now());
            let messages = failures.left(&waiting, target);
            if !due || messages.is_empty() {
                continue;
            }
            if let Err(error) = self.turn(target, &messages, failures).await {
                (self.tell)(Delivery::Unseen(&error));
                self.pause(failures, target, None);
            }
        }
        let waiting = self.outbox.waiting().await.ok()?;
        (self.tell)(Delivery::Waiting(&waiting));
        let left = self.targets.iter().filter(|target| !failures.left(&waiting, target).is_empty());
        left.map(|target| failures.pauses.get(&target.name).map_or(self.clock.now(), |pause| pause.until)).min()
    }

    /// Drops what has waited for too long for a target that is not there. Another daemon may have it in its settings.
    async fn drop_strays(&self, waiting: &[Waiting]) {
        let is_known = |waiting: &Waiting| self.targets.iter().any(|target| target.name == waiting.target);
        for stray in waiting.iter().filter(|waiting| waiting.age > STRAY_MAX && !is_known(waiting)) {
            match self.outbox.remove(stray).await {
                Ok(()) => (self.tell)(Delivery::Dropped { target: &stray.target }),
                Err(error) => (self.tell)(Delivery::Unseen(&error)),
            }
        }
    }

    /// Delivers to one target, unless another does.
    async fn turn(&self, target: &Target, messages: &[&Waiting], failures: &mut Failures) -> Result<()> {
        let (job, now) = (format!("{JOB_PREFIX}{}", target.name), self.clock.now());
        let claim = JobClaim { job, due: now, holder: self.options.holder.clone(), at: now, lease_until: now.plus(self.options.lease) };
        let busy_until = match self.ledger.claim(&claim).await? {
            Claimed::Granted => None,
            Claimed::Held { until, .. } => Some(until.min(now.plus(self.options.pause_max))),
            Claimed::Done => Some(now.plus(self.options.pause_min)),
        };
        if let Some(until) = busy_until {
            failures.pauses.insert(target.name.clone(), Pause { failures: 0, until });
            return Ok(());
        }
        let (delivered, failed) = self.deliver(target, messages, failures).await;
        let message = failed.as_ref().map_or_else(|| format!("{delivered} delivered"), |failed| failed.error.to_string());
        let outcome = JobOutcome { at: self.clock.now(), ok: failed.is_none(), message };
        let put_down = self.ledger.end(&claim, &outcome).await;
        match failed {
            Some(failed) => {
                let again_at = self.pause(failures, target, failed.retry_after);
                (self.tell)(Delivery::Failed { target: &target.name, error: &failed.error, again_at });
            }
            None => drop(failures.pauses.remove(&target.name)),
        }
        put_down
    }

    /// Sends in order: up to the first that fails, but past those that the target does not understand.
    async fn deliver(&self, target: &Target, messages: &[&Waiting], failures: &mut Failures) -> (usize, Option<Undelivered>) {
        let mut delivered = 0;
        let until = self.clock.now().plus(self.options.lease / LEASE_PARTS);
        for waiting in messages.iter().take_while(|_| self.clock.now() < until) {
            match self.send(target, waiting).await {
                Ok(()) => delivered += 1,
                Err(failed) if failed.is_refused => {
                    (self.tell)(Delivery::Refused { target: &target.name, error: &failed.error });
                    failures.refused.insert(waiting.name.clone());
                }
                Err(failed) => return (delivered, Some(failed)),
            }
        }
        (delivered, None)
    }

    async fn send(&self, target: &Target, waiting: &Waiting) -> Result<(), Undelivered> {
        let unreadable = |error: Error| {
            let is_refused = matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported);
            Undelivered { error, retry_after: None, is_refused }
        };
        // Another may have delivered it meanwhile.
        let Some(message) = self.outbox.read(waiting).await.map_err(unreadable)? else { return Ok(()) };
        target.sink.send(&message).await?;
        (self.tell)(Delivery::Done { target: &target.name });
        Ok(self.outbox.remove(waiting).await?)
    }

    /// Leaves a target alone for a while: twice as long as before, and up to half of that shorter, as others may wait too.
    fn pause(&self, failures: &mut Failures, target: &Target, at_least: Option<Duration>) -> Timestamp {
        let now = self.clock.now();
        let before = failures.pauses.get(&target.name).map_or(0, |pause| pause.failures);
        let longest = self.options.pause_min.saturating_mul(2_u32.saturating_pow(before)).min(self.options.pause_max);
        let pause = longest - spread(&format!("{} {}", target.name, self.options.holder), now, longest / 2);
        let until = now.plus(pause.max(at_least.unwrap_or_default().min(self.options.pause_max)));
        failures.pauses.insert(target.name.clone(), Pause { failures: before.saturating_add(1), until });
        until
    }
}

impl Failures {
    /// The messages for a target that it has not refused, in their order.
    fn left<'w>(&self, waiting: &'w [Waiting], target: &Target) -> Vec<&'w Waiting> {
        waiting.iter().filter(|waiting| waiting.target == target.name && !self.refused.contains(&waiting.name)).collect()
    }
}
