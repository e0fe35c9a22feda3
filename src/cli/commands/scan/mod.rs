//! `elava scan`

mod bars;
mod dry_run;
mod plan;
mod summary;
mod watch;

use uuid::Uuid;

use super::daemon::{RepeatedJob, repeat};
use crate::cli::args::ScanArgs;
use crate::cli::resolve::JobPlan;
use crate::cli::{Context, ExitStatus, open, signals};
use crate::error::Result;
use crate::model::{CoverageStatus, ScopeReport, TimeSpan};
use crate::scan::{ScanOptions, ScanReport, scan};
use crate::schedule::{Beat, Timing};
use crate::stop::Stop;
use crate::store::Writer;

pub(super) use plan::Plan;
pub(super) use summary::in_words;
use watch::Watch;

/// Scans accounts, once or again and again.
///
/// # Errors
/// No credentials, an unknown type, the store refuses.
pub async fn run(args: ScanArgs, context: &Context) -> Result<ExitStatus> {
    let plan = Plan::new(&args, &context.settings)?;
    if args.dry_run {
        return dry_run::run(&plan, context).await;
    }
    if let Some(period) = &args.every {
        let timing = TimeSpan::parse(period).and_then(|period| Timing::new(Beat::Every(period), None));
        let timing = timing.map_err(|error| error.context("--every"))?;
        return repeat(RepeatedJob { plan: JobPlan::scan_every(timing), scan: Some(plan) }, context).await;
    }
    let once = async |stop| {
        let writer = open::writer(&context.settings).await?;
        let report = once(&writer, &plan, &stop, context).await?;
        writer.settle().await?;
        Ok(if is_whole(&report) { ExitStatus::Done } else { ExitStatus::Incomplete })
    };
    signals::until_stopped(context.printer, once).await
}

/// One scan, told while it runs and when it has ended.
///
/// # Errors
/// As [`scan`].
pub(super) async fn once(writer: &Writer, plan: &Plan, stop: &Stop, context: &Context) -> Result<ScanReport> {
    let options = ScanOptions { scan_id: Uuid::new_v4().to_string(), at_once: plan.at_once, guard: true, stop: stop.clone() };
    let watch = Watch::new(context.printer);
    let report = scan(writer, &plan.providers, &options, &|event| watch.tell(&event)).await?;
    summary::say(&report, watch.ended(), context.printer);
    report.unreached.iter().for_each(|error| context.printer.error(error));
    Ok(report)
}

/// Whether all that was to be scanned was seen as far as one may ask for.
pub(super) fn is_whole(report: &ScanReport) -> bool {
    let is_well = |scope: &ScopeReport| matches!(scope.status, CoverageStatus::Complete | CoverageStatus::Skipped);
    report.unreached.is_empty() && report.scopes.iter().all(is_well)
}
