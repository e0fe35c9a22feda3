//! Running checks over a stretch of history: when each was violated.

use futures::FutureExt;

use super::check::Check;
use super::coverage::Coverage;
use super::findings::FINDINGS_MAX;
use super::intervals::{Intervals, Method, Question, Violation, intervals};
use super::job::{Job, moment};
use super::names::Names;
use super::outcome::{CheckOutcome, Interval, Outcome, Resource};
use super::packs::Packs;
use super::run::Request;
use super::workers::each;
use crate::error::{Error, Result};
use crate::model::{Revision, Timestamp};
use crate::query::QuerySession;

/// The intervals of a check, as they are told.
struct Found {
    held: Vec<Interval>,
    more: usize,
    method: Option<Method>,
}

/// Runs checks over all states from a revision to the one where a session is pinned. What its types' scopes came to is judged
/// at the end.
///
/// # Errors
/// `Invalid` if the range ends before it begins; else as [`super::run()`].
pub async fn run_between(session: &QuerySession, from: Revision, packs: &Packs, checks: &[&Check], request: &Request) -> Result<Outcome> {
    let head = session.view().head();
    if from > head {
        return Err(Error::invalid(format!("the range begins at revision {from} and ends before it, at {head}")).with_hint("swap them"));
    }
    let coverage = Coverage::read(session).await?;
    let jobs = checks.iter().map(|check| (Job::new(check, packs, &coverage), from)).collect();
    let mut found = each(session, jobs, |session, (job, from)| search(session, job, from).boxed()).await?;
    let told = found.iter().filter_map(|(_, found)| found.as_ref().ok()).flat_map(|found| &found.held);
    let names = Names::after(session, from, told.map(|interval| &interval.resource), request.condition.as_deref()).await?;
    for (_, found) in &mut found {
        found.iter_mut().for_each(|found| found.held.retain_mut(|interval| names.give(&mut interval.resource)));
    }
    Ok(request.outcome(session, Some(from), found.into_iter().map(|(job, found)| outcome(job, found)).collect()))
}

async fn search(session: &mut QuerySession, job: Job, from: Revision) -> (Job, Result<Found>) {
    let found = match &job.skipped {
        Some(_) => Ok(Found { held: Vec::new(), more: 0, method: None }),
        None => find(session, &job, from).await,
    };
    (job, found)
}

async fn find(session: &mut QuerySession, job: &Job, from: Revision) -> Result<Found> {
    let question = Question { sql: &job.sql, parameters: &job.values.query, lasting: job.values.lasting };
    let to = moment(&session.view(), session.view().head());
    let Intervals { mut violations, method } = intervals(session, &question, from, to.revision, None).await?;
    violations.sort_by(|left, right| (&left.resource_key, left.opened.revision).cmp(&(&right.resource_key, right.opened.revision)));
    let more = violations.len().saturating_sub(FINDINGS_MAX);
    violations.truncate(FINDINGS_MAX);
    let held = violations.into_iter().map(|violation| told(violation, to.at)).collect::<Result<Vec<_>>>()?;
    Ok(Found { held, more, method: Some(method) })
}

fn told(violation: Violation, end: Option<Timestamp>) -> Result<Interval> {
    let micros = |at: Option<Timestamp>| at.map_or(0, Timestamp::micros);
    let closed = violation.closed.map_or(end, |closed| closed.at);
    Ok(Interval {
        resource: Resource::of(violation.resource_key, None)?,
        reason: violation.reason,
        opened: violation.opened,
        opened_before: violation.opened_before,
        closed: violation.closed,
        lasted_seconds: micros(closed).saturating_sub(micros(violation.opened.at)) / 1_000_000,
        exemption: None,
    })
}

fn outcome(job: Job, found: Result<Found>) -> CheckOutcome {
    match found {
        Ok(Found { held, more, method }) => CheckOutcome { violations: held, more_findings: more, method, ..job.outcome(None) },
        Err(error) => job.outcome(Some(&error)),
    }
}
