//! What the log tells of findings, and of runs of jobs before.

use std::collections::BTreeMap;

use crate::analysis::outcome::Severity;
use crate::cli::Context;
use crate::cli::shell::StoreShell;
use crate::error::Result;
use crate::notify::Told;
use crate::query::{text_literal, text_literals};
use crate::store::FindingStatus;

/// Open findings by severity, also where there are none.
///
/// # Errors
/// Those of the store.
pub async fn open_by_severity(context: &Context) -> Result<BTreeMap<String, u64>> {
    let sql = "SELECT severity, count(*) FROM findings WHERE status = 'open' GROUP BY severity";
    let rows = StoreShell::open(&context.settings, None).await?.texts(sql).await?;
    let mut counts: BTreeMap<String, u64> = Severity::ALL.map(|severity| (severity.to_string(), 0)).into();
    counts.extend(rows.into_iter().map(|[severity, count]| (severity, count.parse().unwrap_or_default())));
    Ok(counts)
}

/// What the end of a job's last run that was well says of it.
///
/// # Errors
/// Those of the store.
pub async fn last_message(job: &str, context: &Context) -> Result<Option<String>> {
    let sql = format!(
        "SELECT details->>'message' FROM audit_log \
         WHERE entry = 'job_ended' AND details->>'job' = {} AND details->>'ok' = 'true' ORDER BY seq DESC LIMIT 1",
        text_literal(job)
    );
    let rows = StoreShell::open(&context.settings, None).await?.texts(&sql).await?;
    Ok(rows.into_iter().next().map(|[message]| message))
}

/// Findings of checks that are new, and those that are resolved, since a job last ended: by runs that come after that in the
/// log, whoever made them.
///
/// # Errors
/// Those of the store.
pub async fn changes(job: &str, checks: &[String], context: &Context) -> Result<(Vec<Told>, Vec<Told>)> {
    let sql = format!(
        "SELECT check_id, title, severity, resource_key, reason, status, status_before \
         FROM finding_changes JOIN \
           (SELECT details->>'run_id' AS run_id, seq FROM audit_log WHERE entry = 'analysis_run' AND seq > coalesce( \
             (SELECT max(seq) FROM audit_log WHERE entry = 'job_ended' AND details->>'job' = {}), 0)) AS runs USING (run_id) \
         WHERE check_id IN ({}) ORDER BY runs.seq",
        text_literal(job),
        text_literals(checks)
    );
    let rows = StoreShell::open(&context.settings, None).await?.texts(&sql).await?;
    Ok(net(rows))
}

/// What changes come to: a finding that came and went is neither new nor resolved.
fn net(rows: Vec<[String; 7]>) -> (Vec<Told>, Vec<Told>) {
    let mut findings: BTreeMap<(String, String), (bool, Told, String)> = BTreeMap::new();
    for [check_id, title, severity, resource_key, reason, status, status_before] in rows {
        let key = (check_id.clone(), resource_key.clone());
        let was_open = findings.get(&key).map_or_else(|| was_told_open(&status_before), |(was_open, ..)| *was_open);
        let told = Told { check_id, title, severity, resource_key, reason };
        findings.insert(key, (was_open, told, status));
    }
    let (mut new, mut resolved) = (Vec::new(), Vec::new());
    for (was_open, told, status) in findings.into_values() {
        match (was_open, FindingStatus::from_word(&status)) {
            (false, Some(FindingStatus::Open)) => new.push(told),
            (true, Some(FindingStatus::Resolved)) => resolved.push(told),
            _ => {}
        }
    }
    (new, resolved)
}

/// Whether a finding of this status was told as new, and not as resolved since.
fn was_told_open(status: &str) -> bool {
    matches!(FindingStatus::from_word(status), Some(FindingStatus::Open | FindingStatus::Unknown))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids of resources that are new, and that are resolved, of changes `resource: before > after`.
    fn told(changes: &[(&str, &str, &str)]) -> [Vec<String>; 2] {
        let row = |(resource, before, after): &(&str, &str, &str)| ["c", "t", "low", resource, "r", after, before].map(str::to_owned);
        let (new, resolved) = net(changes.iter().map(row).collect());
        [new, resolved].map(|told| told.into_iter().map(|told| told.resource_key).collect())
    }

    #[test]
    fn what_came_and_went_is_neither_new_nor_resolved() {
        let none = Vec::<String>::new;
        assert_eq!(told(&[("a", "", "open"), ("b", "open", "resolved")]), [vec!["a".to_owned()], vec!["b".to_owned()]]);
        assert_eq!(told(&[("a", "", "open"), ("a", "open", "resolved")]), [none(), none()]);
        assert_eq!(told(&[("a", "open", "resolved"), ("a", "resolved", "open")]), [none(), none()]);
        assert_eq!(told(&[("a", "resolved", "open"), ("a", "open", "unknown"), ("a", "unknown", "open")]), [vec!["a".to_owned()], none()]);
        assert_eq!(told(&[("a", "open", "unknown")]), [none(), none()], "nobody knows");
        assert_eq!(told(&[("a", "open", "exempt")]), [none(), none()], "it holds, by somebody's wish");
        assert_eq!(told(&[("a", "exempt", "open")]), [vec!["a".to_owned()], none()], "the wish has run out");
    }
}
