//! What is known of the scopes that a check depends on.

use std::collections::BTreeSet;

use super::outcome::{CheckAbout, Gap};
use super::rows;
use crate::error::Result;
use crate::model::matches;
use crate::query::QuerySession;

/// What a scope's newest listing came to, when it was not seen whole.
const SKIPPED: &str = "skipped";
/// A scope that a scan has seen which has not ended.
const RUNNING: &str = "running";
const COMPLETE: &str = "complete";
/// A scope that no scan has named.
const UNLISTED: &str = "unlisted";

/// All scopes of a session's point.
#[derive(Debug, Default)]
pub(super) struct Coverage(Vec<ScopeState>);

#[derive(Debug)]
struct ScopeState {
    gap: Gap,
    /// Whether it was ever listed, whole or in part.
    was_listed: bool,
}

/// What is known of some types.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Whether any scope of them was ever listed, and of each that is needed.
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
                   resources > 0 AS has_some, last_complete_at IS NOT NULL AS was_whole FROM scopes ORDER BY 1, 2, 3, 4";
        let mut scopes = Vec::new();
        for batch in rows::all(session, sql).await? {
            let names = ["provider", "account_id", "region", "resource_type", "last_status", "last_error_code"];
            let columns = names.iter().map(|name| rows::texts(&batch, name)).collect::<Result<Vec<_>>>()?;
            let (some, whole) = (rows::numbers(&batch, "has_some")?, rows::numbers(&batch, "was_whole")?);
            for (row, (has_some, was_whole)) in some.into_iter().zip(whole).enumerate() {
                let mut cells = columns.iter().map(|column| rows::text(column, row));
                let mut cell = || cells.next().flatten();
                let mut text = || cell().unwrap_or_default();
                let (provider, account_id, region, resource_type) = (text(), text(), text(), text());
                let status = cell().unwrap_or_else(|| RUNNING.to_owned());
                let (has_some, was_whole) = (has_some == Some(1), was_whole == Some(1));
                let was_listed = has_some || was_whole || status != SKIPPED;
                let gap = Gap { provider, account_id, region, resource_type, status, error_code: cell(), was_whole };
                scopes.push(ScopeState { gap, was_listed });
            }
        }
        Ok(Self(scopes))
    }

    /// What is known of the types of a check. A scope that was skipped is none that one may see: it is no gap, unless it is needed.
    pub(super) fn of(&self, check: &CheckAbout) -> Known {
        let is_listed = |pattern: &String| self.of_type(pattern).any(|scope| scope.was_listed);
        let is_gap = |gap: &&Gap| gap.status != COMPLETE && gap.status != SKIPPED;
        let mut gaps: Vec<Gap> = Vec::new();
        let seen = check.types.iter().flat_map(|pattern| self.of_type(pattern)).map(|scope| &scope.gap).filter(is_gap).cloned();
        for gap in seen.chain(self.needed(check)) {
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
        Known {
            is_listed: check.types.iter().any(is_listed) && check.needs.iter().all(is_listed),
            gaps,
            never_listed: check.types.iter().filter(|pattern| !is_listed(pattern)).cloned().collect(),
        }
    }

    /// Scopes of needed types that were not listed where others of the check's types were.
    fn needed(&self, check: &CheckAbout) -> Vec<Gap> {
        let others = check.types.iter().filter(|pattern| !check.needs.contains(pattern));
        let places = others.flat_map(|pattern| self.of_type(pattern)).filter(|scope| scope.was_listed).map(|scope| scope.gap.place());
        let places: BTreeSet<[&str; 3]> = places.collect();
        let mut gaps = Vec::new();
        for (place, need) in places.into_iter().flat_map(|place| check.needs.iter().map(move |need| (place, need))) {
            let mut there = self.of_type(need).filter(|scope| scope.gap.concerns(place));
            let was_listed = there.clone().any(|scope| scope.was_listed);
            let [provider, account_id, region] = place.map(ToOwned::to_owned);
            let unlisted = || {
                let (resource_type, status) = (need.clone(), UNLISTED.to_owned());
                Gap { provider, account_id, region, resource_type, status, error_code: None, was_whole: false }
            };
            gaps.extend((!was_listed).then(|| there.next().map_or_else(unlisted, |scope| scope.gap.clone())));
        }
        gaps
    }

    fn of_type<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = &'a ScopeState> + Clone {
        self.0.iter().filter(move |scope| matches(pattern, &scope.gap.resource_type))
    }
}
