//! The findings that are known of runs before.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rows;
use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::query::QuerySession;
use crate::store::{FindingRecord, FindingStatus};

/// Findings that are not resolved, by check and resource key.
pub(super) type KnownFindings = BTreeMap<String, BTreeMap<String, FindingRecord>>;

/// Findings are held by the run that compares with them.
const SQL: &str = "SELECT check_id, resource_key, severity, title, status, reason, since, last_seen_at, last_seen_revision, \
                   exempt_reason, exempt_until, details FROM findings WHERE status <> 'resolved'";

/// The findings that a session sees, except those that are resolved.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn known(session: &QuerySession) -> Result<KnownFindings> {
    let mut known = KnownFindings::new();
    for batch in rows::all(session, SQL).await? {
        let text = |name: &str| rows::texts(&batch, name);
        let (checks, keys, severities, titles) = (text("check_id")?, text("resource_key")?, text("severity")?, text("title")?);
        let (statuses, reasons, exempt, details) = (text("status")?, text("reason")?, text("exempt_reason")?, text("details")?);
        let (since, seen, until) =
            (rows::times(&batch, "since")?, rows::times(&batch, "last_seen_at")?, rows::times(&batch, "exempt_until")?);
        let revisions = rows::numbers(&batch, "last_seen_revision")?;
        let at = |times: &[Option<Timestamp>], row: usize| times.get(row).copied().flatten();
        for row in 0..batch.num_rows() {
            let word = statuses.value(row);
            let status = FindingStatus::from_word(word).ok_or_else(|| Error::corrupt(format!("a finding's status is {word:?}")))?;
            let finding = FindingRecord {
                status,
                check_id: checks.value(row).to_owned(),
                resource_key: keys.value(row).to_owned(),
                severity: severities.value(row).to_owned(),
                title: titles.value(row).to_owned(),
                reason: reasons.value(row).to_owned(),
                since: at(&since, row),
                exempt_reason: rows::text(&exempt, row),
                exempt_until: at(&until, row),
                last_seen_at: at(&seen, row),
                last_seen_revision: revisions.get(row).copied().flatten(),
                details: rows::text(&details, row)
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .filter(|value: &Value| !value.is_null()),
            };
            known.entry(finding.check_id.clone()).or_default().insert(finding.resource_key.clone(), finding);
        }
    }
    Ok(known)
}
