//! How scans end: what complete scopes did not list is deleted, unless too much of it is missing to be believed, and the
//! coverage of every scope is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use super::classify::{Draft, Observer};
use super::entries::{ChangeCounts, Entry, EntryKind};
use super::index::{GuardSettings, LogIndex};
use super::run::{Committed, Run};
use crate::error::Result;
use crate::model::{CoverageStatus, Revision, Scope, ScopeReport, Timestamp};

impl Run {
    /// Deletes what complete scopes did not list, in the order of keys, and writes the scan's coverage and end.
    pub(super) fn complete(
        &mut self,
        observer: &Observer,
        at: Timestamp,
        reports: &[ScopeReport],
        index: &LogIndex,
        draft: &mut Draft<'_>,
    ) -> Result<Committed> {
        let mut coverage = self.coverage(reports, draft);
        let mut doomed = self.doomed(&mut coverage, observer, draft);
        if self.guard {
            hold_back(&mut doomed, &mut coverage, index, observer.token);
        }
        let first = draft.head() + 1;
        let mut counts = ChangeCounts::default();
        for (place, scope) in in_key_order(doomed, draft) {
            let before = counts.deleted;
            draft.delete(observer, place, at, &mut counts);
            if let Some(scope) = coverage.iter_mut().find(|covered| covered.number == scope) {
                scope.deleted += counts.deleted - before;
            }
        }
        for scope in &coverage {
            let [_, account, _, _] = scope.report.scope.parts();
            self.note_account(account);
        }
        if counts.deleted > 0 {
            self.push_batch(first, counts, draft);
        }
        let deleted = coverage.iter().filter(|scope| scope.deleted > 0).map(|scope| (scope.report.scope.clone(), scope.deleted)).collect();
        let last = draft.head();
        self.push_completed(coverage, at, draft);
        let (first_revision, last_revision) = (last >= first).then_some((first, last)).unzip();
        Ok(Committed { first_revision, last_revision, counts: self.counts, deleted })
    }

    /// What complete scopes did not list, by the number of the scope, without what another scan spares; all of it is noted as
    /// missing.
    fn doomed(&self, coverage: &mut [Covered], observer: &Observer, draft: &Draft<'_>) -> HashMap<u32, Vec<u32>> {
        let complete: HashMap<u32, usize> = (0..)
            .zip(coverage.iter())
            .filter(|(_, scope)| scope.report.status == CoverageStatus::Complete)
            .map(|(at, scope)| (scope.number, at))
            .collect();
        let mut doomed: HashMap<u32, Vec<u32>> = HashMap::new();
        for (scope, place, spared) in draft.missing(&complete, observer, &self.seen) {
            if let Some(covered) = complete.get(&scope).and_then(|at| coverage.get_mut(*at)) {
                *covered.missing.get_or_insert(0) += 1;
            }
            if !spared {
                doomed.entry(scope).or_default().push(place);
            }
        }
        doomed
    }

    fn push_completed(&mut self, coverage: Vec<Covered>, at: Timestamp, draft: &mut Draft<'_>) {
        let whole = coverage.iter().all(|scope| matches!(scope.report.status, CoverageStatus::Complete | CoverageStatus::Skipped));
        self.push_coverage(coverage, at, draft);
        let mut entry = Entry::new(EntryKind::ScanCompleted, at, Some(Arc::clone(&self.scan_id)), draft.head());
        entry.status = Some(if whole { "complete" } else { "partial" });
        entry.counts = Some(self.counts);
        entry.provider = self.provider.clone();
        entry.account_id = self.account_of(draft);
        draft.push_entry(entry);
    }

    pub(super) fn fail(&mut self, error: &str, reports: &[ScopeReport], draft: &mut Draft<'_>) {
        let at = draft.times().1.max(self.newest);
        let mut coverage = self.coverage(reports, draft);
        for scope in &mut coverage {
            let [_, account, _, _] = scope.report.scope.parts();
            self.note_account(account);
            // A scan that broke has completed nothing.
            if scope.report.status == CoverageStatus::Complete {
                (scope.report.status, scope.missing) = (CoverageStatus::Partial, None);
            }
        }
        self.push_coverage(coverage, at, draft);
        let mut entry = Entry::new(EntryKind::ScanFailed, at, Some(Arc::clone(&self.scan_id)), draft.head());
        entry.status = Some("failed");
        entry.error = Some(error.to_owned());
        entry.counts = Some(self.counts);
        entry.provider = self.provider.clone();
        entry.account_id = self.account_of(draft);
        draft.push_entry(entry);
    }

    /// One statement per scope, sorted: the worse of several, and `partial` for scopes that were observed but not declared.
    fn coverage(&self, reports: &[ScopeReport], draft: &mut Draft<'_>) -> Vec<Covered> {
        let mut by_scope: BTreeMap<Scope, ScopeReport> = BTreeMap::new();
        for report in reports {
            let known = by_scope.entry(report.scope.clone()).or_insert_with(|| report.clone());
            if report.status > known.status {
                *known = report.clone();
            }
        }
        for scope in self.scopes.keys() {
            let scope = Scope::from_stored(&draft.state().scope(*scope));
            by_scope.entry(scope).or_insert_with_key(|scope| ScopeReport::new(scope.clone(), CoverageStatus::Partial));
        }
        let covered = by_scope.into_values().map(|report| {
            let number = draft.scope_number(&report.scope);
            let sighted = self.scopes.get(&number).copied().unwrap_or_default();
            let missing = (report.status == CoverageStatus::Complete).then_some(0);
            Covered { number, listed: sighted.listed, missing, deleted: sighted.deleted, report }
        });
        covered.collect()
    }

    fn push_coverage(&self, coverage: Vec<Covered>, at: Timestamp, draft: &mut Draft<'_>) {
        for scope in coverage {
            let mut entry = Entry::new(EntryKind::ScopeCovered, at, Some(Arc::clone(&self.scan_id)), draft.head());
            entry.status = Some(scope.report.status.as_str());
            entry.error_code = scope.report.error_code;
            entry.error = scope.report.error;
            entry.duration_ms = scope.report.duration_ms;
            entry.api_calls = scope.report.api_calls;
            (entry.listed, entry.missing, entry.deleted) = (Some(scope.listed), scope.missing, Some(scope.deleted));
            entry.scope = Some(scope.report.scope);
            draft.push_entry(entry);
        }
    }
}

/// A scope at the end of a scan.
struct Covered {
    number: u32,
    report: ScopeReport,
    listed: i64,
    missing: Option<i64>,
    deleted: i64,
}

impl Covered {
    /// Whether a provider's listing misses so much that it is not believed at once.
    fn is_suspicious(&self, missing: usize, guard: &GuardSettings) -> bool {
        let listed = usize::try_from(self.listed).unwrap_or(0);
        let known = listed + missing;
        let most = missing > guard.missing && missing.saturating_mul(100) > known.saturating_mul(guard.missing_percent);
        let all = listed == 0 && missing > 0 && missing >= guard.missing_all;
        guard.enabled && (most || all)
    }
}

/// Makes scopes suspect that miss so much that it is not believed at once, and lets what they miss live.
fn hold_back(doomed: &mut HashMap<u32, Vec<u32>>, coverage: &mut [Covered], index: &LogIndex, token: Revision) {
    for scope in coverage {
        let missing = doomed.get(&scope.number).map_or(0, Vec::len);
        if scope.is_suspicious(missing, &index.settings.guard) && !confirmed(index, scope, token) {
            scope.report.status = CoverageStatus::Suspect;
            doomed.remove(&scope.number);
        }
    }
}

/// Whether an earlier suspect listing, ended before this scan began, missed them too.
fn confirmed(index: &LogIndex, scope: &Covered, token: Revision) -> bool {
    index.suspects.get(scope.report.scope.as_str()).is_some_and(|ended| *ended <= token)
}

/// The places of doomed resources with their scopes, in the order of keys.
fn in_key_order(doomed: HashMap<u32, Vec<u32>>, draft: &Draft<'_>) -> Vec<(u32, u32)> {
    let mut places: Vec<(u32, u32)> =
        doomed.into_iter().flat_map(|(scope, places)| places.into_iter().map(move |place| (place, scope))).collect();
    places.sort_by(|left, right| {
        let key = |place: u32| draft.state().slot(place).map(|slot| &slot.key);
        key(left.0).cmp(&key(right.0))
    });
    places
}
