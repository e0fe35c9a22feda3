//! `elava daemon`: scans of what the settings name, on a beat, until it is told to stop.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::scan::{Plan, once};
use crate::cli::args::ScanArgs;
use crate::cli::{Context, ExitStatus, open, signals};
use crate::clock::{Clock, SystemClock};
use crate::error::Result;
use crate::model::Timestamp;
use crate::scan::{Every, Stop};
use crate::store::{CompactOptions, Writer};

/// Scans again and again.
///
/// # Errors
/// What the settings name cannot be scanned. A scan that fails later is told, and the next one may do better.
pub async fn run(context: &Context) -> Result<ExitStatus> {
    let plan = Plan::new(&ScanArgs::default(), &context.settings)?;
    repeat(&plan, context.settings.scanning.every()?, context).await
}

/// Scans on a beat.
///
/// # Errors
/// If it cannot be told to stop, or is not waited for when it was. No error of a scan ends it.
pub(super) async fn repeat(plan: &Plan, every: Every, context: &Context) -> Result<ExitStatus> {
    context.printer.say(&format!("scans every {}, up to {} late; Ctrl-C ends it", every.period, every.jitter));
    signals::until_stopped(context.printer, async |stop| {
        let began = Instant::now();
        while !stop.is_requested() {
            if let Err(error) = turn(plan, &stop, context).await {
                context.printer.error(&error);
            }
            rest(every, began, &stop, context).await;
        }
        Ok(ExitStatus::Done)
    })
    .await
}

/// One scan and what follows it. The store is opened anew for each: what broke one of them does not break the next, and
/// between them no memory is held.
async fn turn(plan: &Plan, stop: &Stop, context: &Context) -> Result<()> {
    context.printer.say(&format!("scan began at {}", SystemClock.now()));
    let began = Instant::now();
    let writer = open::writer(&context.settings).await?;
    once(&writer, plan, stop, context).await?;
    context.printer.say(&format!("scan took {:.1}s", began.elapsed().as_secs_f64()));
    tokio::select! {
        kept = keep(&writer, context) => kept,
        // Half a compaction is none: the next one begins where this one did.
        () = stop.requested() => Ok(()),
    }
}

/// Compacts what a scan wrote: all of it, or as much as was due by itself.
async fn keep(writer: &Writer, context: &Context) -> Result<()> {
    if !context.settings.scanning.compact.value {
        return writer.settle().await;
    }
    let done = writer.compact(CompactOptions::default()).await?;
    context.printer.say(&format!("compacted {} segments with {} observations", done.segments, done.observations));
    Ok(())
}

/// Waits for the next beat.
async fn rest(every: Every, began: Instant, stop: &Stop, context: &Context) {
    let wait = every.wait(began.elapsed(), Uuid::new_v4().as_u64_pair().0);
    if stop.is_requested() {
        return;
    }
    context.printer.say(&format!("next scan at {}", after(SystemClock.now(), wait)));
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = stop.requested() => {}
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
}
