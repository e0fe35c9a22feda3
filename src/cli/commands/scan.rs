//! `elava scan`

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use super::import::{changes_in_words, listed};
use crate::cli::args::ScanArgs;
use crate::cli::progress::Progress;
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, Result};
use crate::model::{CoverageStatus, Scope, ScopeReport};
use crate::scan::aws::{Aws, AwsOptions, Regions, Replay, Selection};
use crate::scan::limits::Limits;
use crate::scan::provider::Provider;
use crate::scan::{Every, ScanEvent, ScanOptions, ScanReport, scan};
use crate::store::Writer;

/// What every scan asks: whose credentials it has, and which regions there are.
const ALWAYS: [&str; 2] = ["ec2:DescribeRegions", "sts:GetCallerIdentity"];

/// Scans an account.
///
/// # Errors
/// No credentials, an unknown type, the store refuses.
pub async fn run(args: ScanArgs, context: &Context) -> Result<ExitStatus> {
    let limits = Arc::new(Limits::default());
    let providers = providers(&args, &limits)?;
    if args.dry_run {
        return dry_run(&providers, context).await;
    }
    let every = args.every.as_deref().map(Every::parse).transpose().map_err(|error| error.context("--every"))?;
    let writer = open::writer(&context.settings).await?;
    let Some(every) = every else { return once(&writer, &providers, &args, context).await };
    let began = Instant::now();
    loop {
        // One that failed is told, and the next one may do better.
        if let Err(error) = once(&writer, &providers, &args, context).await {
            context.printer.error(&error);
        }
        let wait = every.wait(began.elapsed(), Uuid::new_v4().as_u64_pair().0);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitStatus::Done),
        }
    }
}

/// One scan.
async fn once(writer: &Writer, providers: &[Arc<dyn Provider>], args: &ScanArgs, context: &Context) -> Result<ExitStatus> {
    let options = ScanOptions { scan_id: Uuid::new_v4().to_string(), at_once: args.at_once, guard: true };
    let bar = Progress::count(context.printer, "scanning");
    let (ended, total) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let skipped = Mutex::new(BTreeSet::new());
    let tell = |event: ScanEvent<'_>| match event {
        ScanEvent::Planned { listings } => total.store(listings, Ordering::Relaxed),
        ScanEvent::Page { .. } => {}
        ScanEvent::Note { about, note } => bar.warn(&format!("{} {} {}: {note}", about.account_id, about.region, about.call)),
        ScanEvent::Ended { about, resources, outcome } => {
            let done = ended.fetch_add(1, Ordering::Relaxed) + 1;
            bar.set(done as u64, Some(total.load(Ordering::Relaxed) as u64));
            match outcome {
                Ok(()) => tracing::info!(account = about.account_id, region = about.region, call = about.call, resources, "listed"),
                Err(failure) if failure.reason.is_skip() => {
                    if skipped.lock().unwrap_or_else(PoisonError::into_inner).insert(failure.message.clone()) {
                        bar.warn(&format!("skipped: {}", failure.message));
                    }
                }
                Err(failure) => bar.warn(&format!("{} {} {}: {failure}", about.account_id, about.region, about.call)),
            }
        }
    };
    let outcome = scan(writer, providers, &options, &tell).await;
    let settled = writer.settle().await;
    let report = outcome?;
    settled?;
    drop(bar);
    context.printer.say(&in_words(&report));
    Ok(if report.scopes.iter().all(is_well) { ExitStatus::Done } else { ExitStatus::Incomplete })
}

/// Whether a scope was seen as far as one may ask for.
fn is_well(report: &ScopeReport) -> bool {
    matches!(report.status, CoverageStatus::Complete | CoverageStatus::Skipped)
}

fn providers(args: &ScanArgs, limits: &Arc<Limits>) -> Result<Vec<Arc<dyn Provider>>> {
    if let Some(folder) = &args.replay {
        return Ok(vec![Arc::new(Replay::new(folder))]);
    }
    let regions = match (args.all_regions, args.region.is_empty()) {
        (true, _) => Regions::Enabled,
        (false, true) => Regions::Configured,
        (false, false) => Regions::Named(args.region.clone()),
    };
    let selection =
        Selection { regions, types: args.types.clone(), excluded_types: args.exclude_type.clone(), is_incremental: args.incremental };
    let each_or_none = |named: &[String]| if named.is_empty() { vec![None] } else { named.iter().cloned().map(Some).collect() };
    let (profiles, roles) = (each_or_none(&args.profile), each_or_none(&args.role_arn));
    let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
    for profile in &profiles {
        for role_arn in &roles {
            let options = AwsOptions {
                profile: profile.clone(),
                role_arn: role_arn.clone(),
                external_id: args.external_id.clone(),
                endpoint_url: args.endpoint_url.clone(),
                request_time_max: Duration::from_secs(args.request_timeout),
            };
            providers.push(Arc::new(Aws::new(options, selection.clone(), limits)?));
        }
    }
    Ok(providers)
}

/// Prints what would be asked, and the policy that allows no more than that.
async fn dry_run(providers: &[Arc<dyn Provider>], context: &Context) -> Result<ExitStatus> {
    let (mut listings, mut permissions) = (Vec::new(), BTreeSet::from(ALWAYS.map(str::to_owned)));
    for provider in providers {
        for listing in provider.listings().await? {
            let about = listing.about();
            permissions.extend(about.permissions.iter().cloned());
            let scopes: Vec<&str> = about.scopes.iter().map(Scope::as_str).collect();
            listings.push(json!({ "call": about.call, "account_id": about.account_id, "region": about.region, "scopes": scopes }));
        }
    }
    let statement = json!({ "Sid": "ElavaReads", "Effect": "Allow", "Action": permissions, "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let plan = json!({ "listings": listings, "policy": policy });
    let text = serde_json::to_string_pretty(&plan).map_err(|error| Error::internal("the plan is no JSON").with_source(error))?;
    context.printer.data(&format!("{text}\n"))?;
    Ok(ExitStatus::Done)
}

/// `40 scopes complete, 1 failed; resources: 5 created`.
fn in_words(report: &ScanReport) -> String {
    let count = |status: CoverageStatus| report.scopes.iter().filter(|scope| scope.status == status).count() as i64;
    let statuses =
        [CoverageStatus::Complete, CoverageStatus::Suspect, CoverageStatus::Partial, CoverageStatus::Failed, CoverageStatus::Skipped];
    let scopes = listed(&statuses.map(|status| (count(status), status.as_str())));
    let scopes = if scopes.is_empty() { "none".to_owned() } else { scopes };
    format!("scopes: {scopes}; resources: {}; {} requests", changes_in_words(&report.counts), report.calls)
}
