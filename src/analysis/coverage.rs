//! What is known of the scopes that a check depends on.

use super::outcome::Gap;
use super::rows;
use crate::error::Result;
use crate::model::matches;
use crate::query::QuerySession;

/// What a scope's newest listing came to, when it was not seen whole.
const SKIPPED: &str = "skipped";
/// A scope that a scan has seen which has not ended.
const RUNNING: &str = "running";
const COMPLETE: &str = "complete";

/// All scopes of a session's point.
#[derive(Debug, Default)]
pub(super) struct Coverage(Vec<ScopeState>);

#[derive(Debug)]
struct ScopeState {
    gap: Gap,
    /// Whether it was ever seen, whole or in part.
    was_listed: bool,
}

/// What is known of some types.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Whether any scope of them was ever listed.
    pub(super) is_listed: bool,
    /// The scopes that were not seen whole.
    pub(super) gaps: Vec<Gap>,
    /// The types of which no scope was ever listed.
    pub(super) never_listed: Vec<String>,
}

impl Coverage {
    /// The coverage that a session sees.
    ///
    /// # Errors
    /// Whatever the query runs into.
    pub(super) async fn read(session: &QuerySession) -> Result<Self> {
        let sql = "SELECT provider, account_id, region, resource_type, last_status, last_error_code, \
                   resources > 0 OR last_complete_at IS NOT NULL AS was_seen FROM scopes ORDER BY 1, 2, 3, 4";
        let mut scopes = Vec::new();
        for batch in rows::all(session, sql).await? {
            let names = ["provider", "account_id", "region", "resource_type", "last_status", "last_error_code"];
            let columns = names.iter().map(|name| rows::texts(&batch, name)).collect::<Result<Vec<_>>>()?;
            let seen = rows::numbers(&batch, "was_seen")?;
            for (row, was_seen) in seen.into_iter().enumerate() {
                let mut cells = columns.iter().map(|column| rows::text(column, row));
                let mut cell = || cells.next().flatten();
                let mut text = || cell().unwrap_or_default();
                let (provider, account_id, region, resource_type) = (text(), text(), text(), text());
                let status = cell().unwrap_or_else(|| RUNNING.to_owned());
                let was_listed = was_seen == Some(1) || status != SKIPPED;
                scopes
                    .push(ScopeState { gap: Gap { provider, account_id, region, resource_type, status, error_code: cell() }, was_listed });
            }
        }
        Ok(Self(scopes))
    }

    /// What is known of the types that patterns name. A scope that was skipped is none that one may see: it is no gap.
    pub(super) fn of(&self, types: &[String]) -> Known {
        let is_listed = |pattern: &String| self.of_type(pattern).any(|scope| scope.was_listed);
        let is_gap = |gap: &&Gap| gap.status != COMPLETE && gap.status != SKIPPED;
        let mut gaps: Vec<Gap> = Vec::new();
        for gap in types.iter().flat_map(|pattern| self.of_type(pattern)).map(|scope| &scope.gap).filter(is_gap) {
            if !gaps.contains(gap) {
                gaps.push(gap.clone());
            }
        }
        Known {
            is_listed: types.iter().any(is_listed),
            gaps,
            never_listed: types.iter().filter(|pattern| !is_listed(pattern)).cloned().collect(),
        }
    }

    fn of_type<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = &'a ScopeState> {
        self.0.iter().filter(move |scope| matches(pattern, &scope.gap.resource_type))
    }
}
