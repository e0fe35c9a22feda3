//! What a job does: its steps in order, until one fails, and then who is told.

use async_trait::async_trait;
use uuid::Uuid;

#[cfg(feature = "aws")]
use super::board::Board;
use super::findings;
use super::jobs::{ReadyJob, Writers};
use super::notifier::Notifier;
use super::query;
use crate::analysis::outcome::{CheckOutcome, Severity, Status};
use crate::cli::args::ExportArgs;
use crate::cli::commands::check::{Ask, Asked, given};
use crate::cli::commands::export;
use crate::cli::commands::retain;
#[cfg(feature = "aws")]
use crate::cli::commands::scan;
use crate::cli::resolve::ExportPlan;
use crate::cli::{Context, open};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::notify::{Message, Rows, Told};
use crate::schedule::{Report, Run, Work};
use crate::stop::Stop;
use crate::store::CompactOptions;

/// Does the jobs of a daemon.
pub struct JobWork<'a> {
    /// The jobs.
    pub jobs: &'a [ReadyJob],
    /// The store.
    pub writers: &'a Writers<'a>,
    /// Who is told.
    pub notifier: &'a Notifier<'a>,
    /// Who keeps count.
    #[cfg(feature = "aws")]
    pub board: &'a Board,
    /// The settings, and the printer.
    pub context: &'a Context,
}

/// What the steps of a run have done.
#[derive(Debug, Default)]
struct Done {
    lines: Vec<String>,
    has_errors: bool,
    new: Vec<Told>,
    resolved: Vec<Told>,
    open: Option<usize>,
    rows: Option<Rows>,
}

#[async_trait(?Send)]
impl Work for JobWork<'_> {
    async fn run(&self, run: &Run, stop: &Stop) -> Result<Report> {
        let ready = self.jobs.iter().find(|ready| ready.plan.job.name == run.job);
        let ready = ready.ok_or_else(|| Error::internal(format!("there is no job {}", run.job)))?;
        let mut done = Done::default();
        if let Err(error) = self.steps(ready, run, stop, &mut done).await {
            self.writers.drop_open().await;
            if stop.is_requested() {
                return Err(error);
            }
            done.lines.push(error.to_string());
            done.has_errors = true;
            self.context.printer.error(&error.context(format!("job {}", run.job)));
        }
        let report = Report { ok: !done.has_errors, message: done.lines.join("; ") };
        self.notifier.tell(&ready.plan.notify, &self.message(run, &report, done)?, stop).await?;
        Ok(report)
    }
}

impl JobWork<'_> {
    async fn steps(&self, ready: &ReadyJob, run: &Run, stop: &Stop, done: &mut Done) -> Result<()> {
        #[cfg(feature = "aws")]
        if let Some(plan) = &ready.scan {
            self.scan(plan, stop, done).await?;
        }
        tokio::select! {
            finished = self.others(ready, run, done) => finished,
            // Half of each of them is none: the next run begins where this one did.
            () = stop.requested() => Err(Error::unavailable("stopped before it was done")),
        }
    }

    async fn others(&self, ready: &ReadyJob, run: &Run, done: &mut Done) -> Result<()> {
        let (plan, zone) = (&ready.plan, self.context.settings.daemon.time_zone.value);
        if let Some(names) = &plan.check {
            self.check(names, run, done).await.map_err(|error| error.context("check"))?;
        }
        if let Some(query) = &plan.query {
            let (line, rows) = query::run(query, run, zone, self.context).await.map_err(|error| error.context("query"))?;
            done.lines.push(line);
            done.rows = Some(rows);
        }
        if let Some(export) = &plan.export {
            done.lines.push(self.export(export, run).await.map_err(|error| error.context("export"))?);
        }
        if plan.compact {
            let compacted = self.writers.get().await?.compact(CompactOptions::default()).await?;
            done.lines.push(format!("compacted {} segments with {} observations", compacted.segments, compacted.observations));
        }
        if plan.retain {
            let writer = self.writers.get().await?;
            done.lines.push(retain::by_settings(&writer).await.map_err(|error| error.context("retain"))?);
        }
        Ok(())
    }

    #[cfg(feature = "aws")]
    async fn scan(&self, plan: &scan::Plan, stop: &Stop, done: &mut Done) -> Result<()> {
        let writer = self.writers.get().await?;
        let report = scan::once(&writer, plan, stop, self.context).await;
        self.board.see_scan(match &report {
            Ok(report) if scan::is_whole(report) => "complete",
            Ok(_) => "incomplete",
            Err(_) => "failed",
        });
        done.lines.push(scan::in_words(&report?));
        writer.settle().await
    }

    /// What is told is what changed since the job last ended, whoever ran the checks: nothing is left out if a run before this
    /// one recorded its findings and came no further.
    async fn check(&self, names: &[String], run: &Run, done: &mut Done) -> Result<()> {
        let settings = &self.context.settings;
        let packs = given::packs(settings, &[], &[])?;
        let checks = given::chosen(&packs, settings, names, Severity::Low)?;
        let ask = Ask { packs: &packs, checks, extent: Asked::Present, condition: None, record: true, resolves_removed: false };
        let outcome = ask.run(settings).await?;
        let ids: Vec<String> = outcome.checks.iter().map(|check| check.check.id.clone()).collect();
        (done.new, done.resolved) = findings::changes(&run.job, &ids, self.context).await?;
        let open: usize = outcome.checks.iter().map(CheckOutcome::open).sum();
        let counts = Status::ALL.into_iter().map(|status| (outcome.count(status), status)).filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, status)| format!("{count} {status}")).collect();
        let (new, resolved) = (done.new.len(), done.resolved.len());
        done.lines.push(format!("checks: {}; findings: {open} open, {new} new, {resolved} resolved", counts.join(", ")));
        done.open = Some(open);
        done.has_errors |= outcome.count(Status::Error) > 0;
        Ok(())
    }

    async fn export(&self, plan: &ExportPlan, run: &Run) -> Result<String> {
        let target = plan.to.at(run.due, self.context.settings.daemon.time_zone.value);
        let arguments = ExportArgs {
            table: plan.table.clone(),
            as_of: plan.as_of.clone(),
            from: None,
            to: vec![target.display().to_string()],
            condition: plan.condition.clone(),
            partition_by: plan.partition_by.clone(),
            format: plan.format,
        };
        match export::once(&arguments, self.context).await {
            // Exports are published whole: the run that did not come to its end has made it.
            Err(error) if error.kind() == ErrorKind::Conflict && run.again => Ok(format!("{} is there", target.display())),
            exported => exported,
        }
    }

    fn message(&self, run: &Run, report: &Report, done: Done) -> Result<Message> {
        let message = Message {
            id: Uuid::new_v4().to_string(),
            job: run.job.clone(),
            due: run.due.to_string(),
            at: SystemClock.now().to_string(),
            store: open::location(&self.context.settings)?,
            ok: report.ok,
            summary: report.message.clone(),
            new: done.new,
            resolved: done.resolved,
            more_new: 0,
            more_resolved: 0,
            open: done.open,
            rows: done.rows,
        };
        Ok(message.limited())
    }
}
