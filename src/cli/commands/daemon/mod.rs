//! `elava daemon`: the jobs of the settings, done when they are due, until it is told to stop.

mod board;
mod findings;
mod jobs;
mod ledger;
mod metrics;
mod notifier;
mod query;
mod server;
mod work;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use crate::cli::resolve::{TargetPlan, Way};
use crate::cli::{Context, ExitStatus, open, signals};
use crate::clock::SystemClock;
use crate::error::Result;
use crate::notify::{self, Courier, CourierOptions, Outbox, Target};
#[cfg(feature = "aws")]
use crate::schedule::OwnLedger;
use crate::schedule::{Job, Ledger, RealWait, Runner, RunnerOptions};
use crate::stop::Stop;

use board::Board;
use jobs::{ReadyJob, Writers};
use ledger::StoreLedger;
use notifier::Notifier;
use server::Server;
use work::JobWork;

/// How long a claim of a job holds: as long as one waits for a daemon that has died. Jobs that take longer renew it.
const LEASE: Duration = Duration::from_secs(300);
/// How often the log is looked into for what other daemons did. One that has not done so for three times as long is stuck.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Jobs that are done at once: each may take all the memory that a query is given.
const JOBS_AT_ONCE: usize = 4;
/// How long a claim of deliveries to a target holds: twice as long as the slowest may take.
const DELIVERY_LEASE: Duration = Duration::from_secs(120);
/// The first pause after a delivery that failed.
const PAUSE_MIN: Duration = Duration::from_secs(2);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(1800);

/// Does the jobs of the settings.
///
/// # Errors
/// A job cannot be done as it is set, or the address to tell how it is is taken. A job that fails later is told, and the
/// next run may do better.
pub async fn run(context: &Context) -> Result<ExitStatus> {
    let daemon = &context.settings.daemon;
    let jobs = daemon.jobs.value.iter().map(|plan| ReadyJob::of_settings(plan, context)).collect::<Result<Vec<_>>>()?;
    let targets = daemon.targets.iter().map(|plan| target(plan, context)).collect::<Result<Vec<_>>>()?;
    let board = Arc::new(Board::new(&jobs, Arc::new(SystemClock)));
    let server = match daemon.listen.value {
        Some(address) => Some(Server::bind(address, Arc::clone(&board)).await?),
        None => None,
    };
    if let Some(server) = &server {
        context.printer.say(&format!("health and metrics at http://{}", server.address()));
    }
    let writers = Writers::new(context);
    let ledger = StoreLedger::new(&writers, &board);
    signals::until_stopped(context.printer, async |stop| {
        let crew = Crew { jobs: &jobs, targets: &targets, ledger: &ledger, writers: &writers, board: &board, context };
        // On a thread of its own: it answers while the loop is stuck.
        if let Some(server) = server {
            let stop = stop.clone();
            tokio::spawn(async move { server.run(&stop).await });
        }
        crew.work(&stop).await?;
        Ok(ExitStatus::Done)
    })
    .await
}

/// Does one job of this process alone, which no other daemon shares.
///
/// # Errors
/// If it cannot be told to stop, or is not waited for when it was. No error of the job ends it.
#[cfg(feature = "aws")]
pub(super) async fn repeat(job: ReadyJob, context: &Context) -> Result<ExitStatus> {
    let jobs = [job];
    let (board, writers, ledger) = (Arc::new(Board::new(&jobs, Arc::new(SystemClock))), Writers::new(context), OwnLedger::default());
    signals::until_stopped(context.printer, async |stop| {
        let crew = Crew { jobs: &jobs, targets: &[], ledger: &ledger, writers: &writers, board: &board, context };
        crew.work(&stop).await?;
        Ok(ExitStatus::Done)
    })
    .await
}

#[cfg(feature = "aws")]
pub(super) use jobs::ReadyJob as RepeatedJob;

/// What the loops of a daemon share.
struct Crew<'a> {
    jobs: &'a [ReadyJob],
    targets: &'a [Target],
    ledger: &'a dyn Ledger,
    writers: &'a Writers<'a>,
    board: &'a Board,
    context: &'a Context,
}

impl Crew<'_> {
    /// Does jobs and delivers messages until it is told to stop.
    async fn work(&self, stop: &Stop) -> Result<()> {
        let (printer, clock) = (self.context.printer, Arc::new(SystemClock));
        let holder = Uuid::new_v4().simple().to_string();
        let outbox = Outbox::new(open::backend(&self.context.settings).await?);
        let notifier = Notifier::new(self.targets, outbox.clone(), self.board, printer);
        let work = JobWork {
            jobs: self.jobs,
            writers: self.writers,
            notifier: &notifier,
            #[cfg(feature = "aws")]
            board: self.board,
            context: self.context,
        };
        let jobs: Vec<Job> = self.jobs.iter().map(|ready| ready.plan.job.clone()).collect();
        jobs.iter().for_each(|job| printer.say(&format!("job {}: {}", job.name, job.timing)));
        let wait = RealWait(Arc::<SystemClock>::clone(&clock));
        let runner = Runner {
            jobs: &jobs,
            ledger: self.ledger,
            work: &work,
            clock: Arc::<SystemClock>::clone(&clock),
            wait: &wait,
            options: RunnerOptions { holder: holder.clone(), lease: LEASE, look_every: LOOK_EVERY, at_once: JOBS_AT_ONCE },
            tell: &|event| self.board.tell(&event, printer),
        };
        tokio::join!(runner.run(stop), self.deliver(holder, outbox, notifier.more(), &wait, stop));
        Ok(())
    }

    async fn deliver(&self, holder: String, outbox: Outbox, more: &Notify, wait: &RealWait, stop: &Stop) {
        if self.targets.is_empty() {
            return;
        }
        let courier = Courier {
            targets: self.targets,
            outbox,
            ledger: self.ledger,
            clock: Arc::new(SystemClock),
            options: CourierOptions { holder, lease: DELIVERY_LEASE, pause_min: PAUSE_MIN, pause_max: PAUSE_MAX, look_every: LOOK_EVERY },
            tell: &|delivery| self.board.tell_delivery(&delivery, self.context.printer),
        };
        courier.run(more, wait, stop).await;
    }
}

/// A place where messages go, ready to take them.
fn target(plan: &TargetPlan, context: &Context) -> Result<Target> {
    let sink = match &plan.way {
        Way::Webhook(url, headers) => notify::webhook(url.clone(), headers.clone()),
        Way::Slack(url) => notify::slack(url.clone()),
        Way::File(path) => open::refuse_inside_store(&context.settings, path).map(|()| notify::file(path.clone())),
        Way::Command(words) => Ok(words.split_first().map_or_else(
            || notify::command(String::new(), Vec::new()),
            |(program, arguments)| notify::command(program.clone(), arguments.to_vec()),
        )),
    };
    Ok(Target {
        name: plan.name.clone(),
        wanted: plan.wanted.clone(),
        sink: sink.map_err(|error| error.context(format!("notify, {:?}", plan.name)))?,
    })
}
