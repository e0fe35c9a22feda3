//! Running checks over the state at a session's point.

use futures::FutureExt;

use super::check::Check;
use super::coverage::Coverage;
use super::exemptions::ExemptionRule;
use super::findings::{Findings, find};
use super::job::Job;
use super::names::Names;
use super::outcome::{CheckOutcome, Outcome, Since};
use super::packs::Packs;
use super::since::since;
use super::workers::each;
use crate::error::Result;
use crate::model::TimeSpan;
use crate::query::QuerySession;

/// How checks are run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The run's id.
    pub run_id: String,
    /// Whether the session's point is the present.
    pub is_present: bool,
    /// A condition of SQL on the resource columns that what is told of must meet.
    pub condition: Option<String>,
    /// What is allowed for now.
    pub exemptions: Vec<ExemptionRule>,
}

/// Runs checks over the state at the point where a session is pinned. A check that cannot be run stops no other.
///
/// # Errors
/// What is not about one check: the condition cannot be read, the store cannot be reached.
pub async fn run(session: &QuerySession, packs: &Packs, checks: &[&Check], request: &Request) -> Result<Outcome> {
    let coverage = Coverage::read(session).await?;
    let jobs = checks.iter().map(|check| Job::new(check, packs, &coverage)).collect();
    let mut found = each(session, jobs, |session, job: Job| search(session, job).boxed()).await?;
    let told = found.iter().filter_map(|(_, found)| found.as_ref().ok()).flat_map(|found| &found.held);
    let names = Names::at_point(session, told.map(|finding| &finding.resource), request.condition.as_deref()).await?;
    for (_, found) in &mut found {
        found.iter_mut().for_each(|found| found.held.retain_mut(|finding| names.give(&mut finding.resource)));
    }
    let found = each(session, found, |session, (job, found)| lasting(session, job, found).boxed()).await?;
    Ok(request.outcome(session, None, found.into_iter().map(|(job, found)| outcome(job, found)).collect()))
}

/// What a job's query finds.
async fn search(session: &mut QuerySession, job: Job) -> (Job, Result<Findings>) {
    let found = match &job.skipped {
        Some(_) => Ok(Findings::default()),
        None => find(session, &job.sql, &job.values.query).await,
    };
    (job, found)
}

/// Tells since when findings have held, and leaves out those that have not held for long enough.
async fn lasting(session: &mut QuerySession, job: Job, found: Result<Findings>) -> (Job, Result<Findings>) {
    let found = match found {
        Ok(found) if !found.held.is_empty() && (!found.tells_since || job.values.lasting.is_some()) => {
            tell_since(session, &job, found).await
        }
        found => found,
    };
    (job, found)
}

async fn tell_since(session: &QuerySession, job: &Job, mut found: Findings) -> Result<Findings> {
    let now = session.view().time_of(session.view().head());
    let keys: Vec<String> = found.held.iter().map(|finding| finding.resource.resource_key.clone()).collect();
    let held = since(session, &job.sql, &job.values.query, job.values.lasting, &keys).await?;
    let tells_since = found.tells_since;
    let lasts = |since: Option<&Since>, span: TimeSpan| {
        let at = since.and_then(|since| since.at);
        at.is_some_and(|at| now.micros().saturating_sub(at.micros()) >= span.micros())
    };
    found.held.retain_mut(|finding| {
        let since = held.get(&finding.resource.resource_key);
        if !tells_since {
            finding.since = since.copied();
        }
        job.values.lasting.is_none_or(|span| lasts(since, span))
    });
    Ok(found)
}

fn outcome(job: Job, found: Result<Findings>) -> CheckOutcome {
    match found {
        Ok(Findings { held, more, .. }) => CheckOutcome { findings: held, more_findings: more, ..job.outcome(None) },
        Err(error) => job.outcome(Some(&error)),
    }
}
