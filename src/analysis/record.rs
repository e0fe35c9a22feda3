//! Recording runs: what a run found is compared with the findings that are known, and what differs is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::exemptions::ExemptionRule;
use super::known::known;
use super::outcome::{CheckOutcome, Extent, Finding, Gap, Outcome, Resolved, Resource, Status};
use super::packs::Packs;
use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::query::QuerySession;
use crate::store::{FindingRecord, FindingStatus, LastRun, RunRecord, Writer};

/// What a run over the present makes of findings.
#[derive(Debug)]
pub struct Changes {
    /// The newest run that was known.
    after: LastRun,
    /// How many redactions were.
    redactions: usize,
    /// The findings that differ from how they were.
    findings: Vec<FindingRecord>,
}

/// What a run over the present is compared with.
#[derive(Debug)]
pub struct Compared<'a> {
    /// The newest run of which the findings tell.
    pub last_run: Option<String>,
    /// How many redactions the tables follow that the session reads.
    pub redactions: usize,
    /// The packs: findings of checks that none of them has are of checks that were removed.
    pub packs: &'a Packs,
    /// Whether those are resolved by that. Another may have packs that are not here, so it is done only if somebody says so.
    pub resolves_removed: bool,
}

/// Compares a run over the present with the findings that a session sees. Tells the outcome what is new, what is resolved, and
/// what is left of checks that were removed.
///
/// # Errors
/// The store cannot be read.
pub async fn compare(session: &QuerySession, with: Compared<'_>, outcome: &mut Outcome) -> Result<Changes> {
    let mut known = known(session).await?;
    let mut findings = Vec::new();
    for check in &mut outcome.checks {
        if matches!(check.status, Status::Pass | Status::Fail | Status::Incomplete) {
            let known = known.remove(&check.check.id).unwrap_or_default();
            compare_check(check, known, &mut findings)?;
        }
    }
    known.retain(|id, _| !with.packs.checks().iter().any(|check| check.about.id == *id));
    outcome.removed = known.iter().map(|(id, findings)| (id.clone(), findings.len())).collect();
    if with.resolves_removed {
        let resolved = |finding: FindingRecord| FindingRecord { status: FindingStatus::Resolved, ..finding };
        findings.extend(known.into_values().flat_map(BTreeMap::into_values).map(resolved));
    }
    Ok(Changes { after: LastRun(with.last_run), redactions: with.redactions, findings })
}

fn compare_check(check: &mut CheckOutcome, mut known: BTreeMap<String, FindingRecord>, changed: &mut Vec<FindingRecord>) -> Result<()> {
    let mut findings = std::mem::take(&mut check.findings);
    for finding in &mut findings {
        let before = known.remove(&finding.resource.resource_key);
        finding.is_new = Some(before.is_none());
        let record = record_of(check, finding);
        if before.is_none_or(|before| differs(&before, &record)) {
            changed.push(record);
        }
    }
    // Of findings that are more than are held, it is not known which of the known ones they are.
    let told_up_to = findings.last().filter(|_| check.more_findings > 0).map(|last| last.resource.resource_key.clone());
    check.findings = findings;
    let gone = known.into_values().filter(|before| told_up_to.as_ref().is_none_or(|last| before.resource_key <= *last));
    for before in gone {
        let resource = Resource::of(before.resource_key.clone(), None)?;
        let status = if is_seen(&resource, &check.gaps) { FindingStatus::Resolved } else { FindingStatus::Unknown };
        if status == before.status {
            continue;
        }
        if status == FindingStatus::Resolved {
            check.resolved.push(Resolved { resource, reason: before.reason.clone(), since: before.since });
        }
        changed.push(FindingRecord { status, ..before });
    }
    Ok(())
}

/// Whether what is not found any more is so because it is not: no scope that its check looks at is hidden where it is.
fn is_seen(resource: &Resource, gaps: &[Gap]) -> bool {
    !gaps.iter().any(|gap| gap.concerns(resource.place()))
}

fn record_of(check: &CheckOutcome, finding: &Finding) -> FindingRecord {
    let exemption = finding.exemption.as_ref();
    FindingRecord {
        status: if exemption.is_some() { FindingStatus::Exempt } else { FindingStatus::Open },
        check_id: check.check.id.clone(),
        resource_key: finding.resource.resource_key.clone(),
        severity: check.check.severity.to_string(),
        title: check.check.title.clone(),
        reason: finding.reason.clone(),
        since: finding.since.and_then(|since| since.at),
        exempt_reason: exemption.map(|exemption| exemption.reason.clone()),
        exempt_until: exemption.map(|exemption| exemption.until),
        last_seen_at: None,
        last_seen_revision: None,
        details: finding.details.clone(),
    }
}

/// Whether there is something to write. When it was last seen follows from the runs.
fn differs(before: &FindingRecord, now: &FindingRecord) -> bool {
    let told = |finding: &FindingRecord| {
        let FindingRecord { status, severity, title, reason, since, exempt_reason, exempt_until, details, .. } = finding.clone();
        (status, severity, title, reason, since, exempt_reason, exempt_until, details)
    };
    told(before) != told(now)
}

/// Writes a run, and what it makes of findings.
///
/// # Errors
/// `Conflict` if another run has told of findings, or something was redacted, meanwhile: run anew. Else as a commit.
pub async fn record(
    writer: &Writer,
    started_at: Timestamp,
    outcome: &Outcome,
    changes: Option<Changes>,
    exemptions: &[ExemptionRule],
) -> Result<()> {
    let (findings, redactions) = changes.as_ref().map_or((&[][..], 0), |changes| (changes.findings.as_slice(), changes.redactions));
    writer.record_findings(&outcome.run_id, findings, redactions).await?;
    let details = details(outcome, findings, exemptions)?;
    let findings = changes.map(|changes| changes.after);
    writer.record_run(&RunRecord { run_id: outcome.run_id.clone(), started_at, findings, details }).await
}

/// What the log says of a run: all that is needed to run it again, and how it came out.
fn details(outcome: &Outcome, changed: &[FindingRecord], exemptions: &[ExemptionRule]) -> Result<Map<String, Value>> {
    let (kind, from, to) = match outcome.extent {
        Extent::Point(at) if outcome.is_present => ("present", None, at),
        Extent::Point(at) => ("as_of", None, at),
        Extent::Range { from, to } => ("between", Some(from), to),
    };
    let with_status = |status: FindingStatus| changed.iter().filter(|finding| finding.status == status).count();
    let opened = outcome.checks.iter().flat_map(|check| &check.findings).filter(|finding| finding.is_new == Some(true)).count();
    let results = outcome.checks.iter().map(|check| {
        let (id, status, findings) = (&check.check.id, check.status, check.open() + check.exempt());
        json!({"check_id": id, "status": status, "why": check.why, "findings": findings})
    });
    let in_force: Vec<&ExemptionRule> = exemptions.iter().filter(|rule| to.at < Some(rule.exemption.until)).collect();
    let parameters: BTreeMap<&str, _> = outcome.checks.iter().map(|check| (check.check.id.as_str(), &check.parameters)).collect();
    let details = json!({
        "kind": kind,
        "from_revision": from.map(|from| from.revision),
        "revision": to.revision,
        "status": outcome.status(),
        "checks": outcome.checks.len(),
        "passed": outcome.count(Status::Pass),
        "failed": outcome.count(Status::Fail),
        "incomplete": outcome.count(Status::Incomplete),
        "skipped": outcome.count(Status::Skipped),
        "errors": outcome.count(Status::Error),
        "findings": outcome.checks.iter().map(|check| check.open() + check.exempt()).sum::<usize>(),
        "exempt": outcome.checks.iter().map(CheckOutcome::exempt).sum::<usize>(),
        "opened": opened,
        "resolved": with_status(FindingStatus::Resolved),
        "version": outcome.elava_version,
        "parameters": parameters,
        "exemptions": in_force,
        "results": results.collect::<Vec<_>>(),
    });
    match details {
        Value::Object(details) => Ok(details),
        _ => Err(Error::internal("the details of a run are no object")),
    }
}
