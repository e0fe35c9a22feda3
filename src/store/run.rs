//! Scans under way in this process: their tokens, coverage and counts, and how they begin, go on and end.

use std::sync::Arc;

use hashbrown::HashMap;
use sha2::{Digest, Sha256};

use super::classify::{Draft, Observer};
use super::entries::{ChangeCounts, Entry, EntryKind};
use super::history::History;
use super::index::{BatchDetails, LogIndex};
use super::manifest::hex;
use super::state::ScanNo;
use crate::error::{Error, Result};
use crate::model::{CoverageStatus, Observation, Revision, ScopeReport, Sighting, Timestamp};

/// How far in the future a time may lie.
const FUTURE_MAX_MICROS: i64 = 5 * 60 * 1_000_000;
/// A provider's scan that misses more than this many resources of a scope ...
const GUARD_MISSING_MIN: usize = 10;
/// ... and more than this share of it, in percent, is suspect; so is one that misses all of ...
const GUARD_MISSING_PERCENT: usize = 20;
/// ... this many or more.
const GUARD_ALL_MIN: usize = 5;

/// A scan that wants to begin.
#[derive(Debug, Clone)]
pub struct Begin {
    /// Its id.
    pub scan_id: String,
    /// Its provider, where it is one.
    pub provider: Option<String>,
    /// When it began, for what comes with times; `None` = now.
    pub at: Option<Timestamp>,
    /// Lift times that lie before the head's time instead of refusing them.
    pub lift: bool,
    /// Hold back deletions when too much of a scope is missing.
    pub guard: bool,
}

/// How a scan began.
#[derive(Debug)]
pub enum Begun {
    /// It is new.
    Fresh {
        /// Its number.
        scan: ScanNo,
    },
    /// It broke before and goes on: the observations that the store has are passed over when they are handed in again.
    Continued {
        /// Its number.
        scan: ScanNo,
        /// The head when it first began.
        token: Revision,
        /// How many observations the store has.
        lines: u64,
    },
    /// It has ended as it should before: there is nothing to do.
    Completed,
}

/// What a batch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// The first revision, if there is any.
    pub first_revision: Option<Revision>,
    /// The last revision.
    pub last_revision: Option<Revision>,
    /// What the observations did.
    pub counts: ChangeCounts,
}

/// How a scan ends.
#[derive(Debug, Clone)]
pub enum End {
    /// As it should: complete scopes delete what they did not list.
    Completed {
        /// When; `None` = its newest time.
        at: Option<Timestamp>,
        /// What it says about its scopes.
        scopes: Vec<ScopeReport>,
    },
    /// It broke: nothing is deleted.
    Failed {
        /// Why.
        error: String,
        /// What it says about its scopes.
        scopes: Vec<ScopeReport>,
    },
}

/// The scans of this process.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    runs: Vec<Run>,
    by_id: HashMap<Arc<str>, ScanNo>,
}

#[derive(Debug, Clone)]
struct Run {
    scan_id: Arc<str>,
    provider: Option<String>,
    token: Revision,
    at: Timestamp,
    newest: Timestamp,
    start: Option<Entry>,
    lines: u64,
    hasher: Sha256,
    skip: Option<Skip>,
    counts: ChangeCounts,
    listed: HashMap<u32, i64>,
    guard: bool,
    active: bool,
    ours: bool,
}

/// Observations that the store has already.
#[derive(Debug, Clone)]
struct Skip {
    lines: u64,
    hash: String,
}

impl Runs {
    /// Whether no scan is under way.
    pub fn is_idle(&self) -> bool {
        self.runs.iter().all(|run| !run.active)
    }

    /// The number of a scan, of this process or another.
    pub fn number(&mut self, scan_id: &str) -> ScanNo {
        if let Some(number) = self.by_id.get(scan_id) {
            return *number;
        }
        let number = self.runs.len() as ScanNo;
        let scan_id: Arc<str> = scan_id.into();
        self.by_id.insert(Arc::clone(&scan_id), number);
        self.runs.push(Run {
            scan_id,
            provider: None,
            token: 0,
            at: Timestamp::default(),
            newest: Timestamp::default(),
            start: None,
            lines: 0,
            hasher: Sha256::new(),
            skip: None,
            counts: ChangeCounts::default(),
            listed: HashMap::new(),
            guard: false,
            active: false,
            ours: false,
        });
        number
    }

    /// Begins a scan, or goes on with one that broke.
    ///
    /// # Errors
    /// `Invalid` if its time lies before the head's or in the future, `Conflict` if it is under way in this process.
    pub fn begin(&mut self, begin: Begin, history: &History, now: Timestamp) -> Result<Begun> {
        if begin.scan_id.is_empty() {
            return Err(Error::invalid("a scan_id is empty"));
        }
        if history.index.is_completed(&begin.scan_id) {
            return Ok(Begun::Completed);
        }
        let index = &history.index;
        let number = self.number(&begin.scan_id);
        let Some(run) = self.runs.get_mut(number as usize) else { return Err(Error::internal("a scan has no number")) };
        if run.active {
            let message = format!("scan {} is under way in this process already", begin.scan_id);
            return Err(Error::new(crate::ErrorKind::Conflict, message));
        }
        let head_time = index.head_time.map(Timestamp::from_micros);
        let broken = index.open_scans.get(&begin.scan_id);
        if broken.is_none() {
            check_start(&begin, head_time, now)?;
        }
        run.provider = begin.provider;
        run.at = begin.at.unwrap_or(now);
        run.newest = run.at;
        run.guard = begin.guard;
        (run.active, run.ours, run.lines) = (true, true, 0);
        (run.hasher, run.skip) = (Sha256::new(), None);
        run.listed = HashMap::new();
        let Some(broken) = broken else {
            run.token = index.head;
            let at = run.at.max(head_time.unwrap_or(run.at));
            let mut start = Entry::new(EntryKind::ScanStarted, at, Some(Arc::clone(&run.scan_id)), index.head);
            start.provider = run.provider.clone();
            start.token = Some(run.token);
            run.start = Some(start);
            run.counts = ChangeCounts::default();
            return Ok(Begun::Fresh { scan: number });
        };
        run.token = broken.token;
        run.start = None;
        run.counts = broken.counts;
        if broken.lines > 0 {
            run.skip = Some(Skip { lines: broken.lines, hash: broken.lines_hash.clone() });
        }
        Ok(Begun::Continued { scan: number, token: broken.token, lines: broken.lines })
    }

    /// The number, id and token of a scan that observes.
    fn observer(&self, scan: ScanNo, page_token: Option<Revision>) -> Result<Observer> {
        let run = self.runs.get(scan as usize).ok_or_else(|| Error::internal("a scan has no number"))?;
        Ok(Observer { scan, scan_id: Arc::clone(&run.scan_id), token: page_token.unwrap_or(run.token) })
    }

    /// Classifies a batch of a scan.
    ///
    /// # Errors
    /// `Invalid` if the observations differ from those that the store has of this scan, `Conflict` if another process has
    /// written to it.
    pub fn observe<'a>(
        &mut self,
        scan: ScanNo,
        observations: &'a [Observation],
        page_token: Option<Revision>,
        index: &LogIndex,
        draft: &mut Draft<'a>,
    ) -> Result<Committed> {
        let observer = self.observer(scan, page_token)?;
        let run = self.runs.get_mut(scan as usize).ok_or_else(|| Error::internal("a scan has no number"))?;
        if !run.active {
            return Err(Error::invalid(format!("scan {} has ended", run.scan_id)));
        }
        run.check_not_overtaken(index)?;
        let observations = run.pass_over(observations)?;
        if observations.is_empty() {
            // An entry would tell of fewer lines than the store has, and a scan that breaks now could not be continued.
            return Ok(Committed::default());
        }
        run.push_start(draft);
        let first = draft.head() + 1;
        let mut counts = ChangeCounts::default();
        for observation in observations {
            run.hash_line(observation);
            let before = draft.count();
            draft.observe(&observer, observation, run.at, &mut counts);
            if draft.count() > before {
                run.note_listed(draft.last_scope(), 1);
            }
        }
        run.lines += observations.len() as u64;
        Ok(run.push_batch(first, counts, draft))
    }

    /// Ends a scan.
    ///
    /// # Errors
    /// `Invalid` if it has ended, or if the store has more observations of it than were handed in, `Conflict` if another
    /// process has written to it.
    pub fn end(&mut self, scan: ScanNo, end: &End, index: &LogIndex, draft: &mut Draft<'_>) -> Result<Committed> {
        let observer = self.observer(scan, None)?;
        let run = self.runs.get_mut(scan as usize).ok_or_else(|| Error::internal("a scan has no number"))?;
        if !run.active {
            return Err(Error::invalid(format!("scan {} has ended", run.scan_id)));
        }
        run.check_not_overtaken(index)?;
        match end {
            End::Completed { at, scopes } => {
                if let Some(skip) = &run.skip {
                    return Err(run.differs(skip.lines));
                }
                run.push_start(draft);
                let at = at.unwrap_or(run.newest).max(draft.times().1);
                let committed = run.complete(&observer, at, scopes, index, draft)?;
                run.active = false;
                Ok(committed)
            }
            End::Failed { error, scopes } => {
                run.active = false;
                let known_broken = index.open_scans.get(&*run.scan_id).is_some_and(|scan| scan.failed && scan.lines >= run.lines);
                if !known_broken {
                    run.push_start(draft);
                    run.fail(error, scopes, draft);
                }
                Ok(Committed { counts: run.counts, ..Committed::default() })
            }
        }
    }

    /// Notes a sighting by another process, or by an earlier run of this scan, for the scan's coverage.
    pub fn note_listed(&mut self, scan: ScanNo, scope: u32) {
        if let Some(run) = self.runs.get_mut(scan as usize).filter(|run| run.ours) {
            run.note_listed(scope, 1);
        }
    }
}

fn check_start(begin: &Begin, head_time: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let Some(at) = begin.at else { return Ok(()) };
    if at.micros() > now.micros() + FUTURE_MAX_MICROS {
        return Err(Error::invalid(format!("scan {} begins at {at}, which lies in the future (it is {now})", begin.scan_id)));
    }
    match head_time {
        Some(head_time) if at < head_time && !begin.lift => Err(Error::invalid(format!(
            "scan {} begins at {at}, before the newest observation of the store ({head_time}); times never go backwards",
            begin.scan_id
        ))
        .with_hint("import all of it, oldest first, into a new store, or use --lift to record it at the newest time")),
        _ => Ok(()),
    }
}

/// Checks a time that a source gives.
///
/// # Errors
/// `Invalid` if it lies more than five minutes in the future.
pub fn check_time(at: Timestamp, now: Timestamp) -> Result<()> {
    if at.micros() > now.micros() + FUTURE_MAX_MICROS {
        return Err(Error::invalid(format!("time {at} lies in the future (it is {now})")));
    }
    Ok(())
}

impl Run {
    fn push_start(&mut self, draft: &mut Draft<'_>) {
        if let Some(start) = self.start.take() {
            draft.push_entry(Entry { head: draft.head(), ..start });
        }
    }

    /// What the log holds of this scan must be what this process wrote or has yet to pass over: of two processes that
    /// import one scan, the one that comes second stops.
    fn check_not_overtaken(&self, index: &LogIndex) -> Result<()> {
        let ours = match &self.skip {
            Some(skip) => skip.lines,
            None => self.lines,
        };
        let overtaken = match index.open_scans.get(&*self.scan_id) {
            // Batches of this very commit are not in the index yet.
            Some(logged) => logged.lines > ours || self.start.is_some(),
            None => index.is_completed(&self.scan_id),
        };
        if !overtaken {
            return Ok(());
        }
        let message = format!("another process is writing scan {} at the same time", self.scan_id);
        Err(Error::new(crate::ErrorKind::Conflict, message).with_hint("let it finish; import again if it does not"))
    }

    fn note_listed(&mut self, scope: u32, count: i64) {
        *self.listed.entry(scope).or_default() += count;
    }

    fn hash_line(&mut self, observation: &Observation) {
        self.hasher.update(observation.key.as_str().as_bytes());
        match &observation.sighting {
            Sighting::Present(_, hash) => self.hasher.update(hash.0),
            Sighting::Deleted => self.hasher.update([0]),
        }
        self.hasher.update(observation.observed_at.map_or(i64::MIN, Timestamp::micros).to_le_bytes());
    }

    fn lines_hash(&self) -> String {
        hex(&self.hasher.clone().finalize()[..16])
    }

    /// The observations that the store does not have yet; checks that those that it has are the same.
    fn pass_over<'a>(&mut self, observations: &'a [Observation]) -> Result<&'a [Observation]> {
        let Some(skip) = &self.skip else { return Ok(observations) };
        let left = usize::try_from(skip.lines - self.lines).unwrap_or(usize::MAX);
        let (known, fresh) = observations.split_at(left.min(observations.len()));
        known.iter().for_each(|observation| self.hash_line(observation));
        self.lines += known.len() as u64;
        let Some(skip) = self.skip.take_if(|skip| skip.lines == self.lines) else { return Ok(fresh) };
        if self.lines_hash() != skip.hash {
            return Err(self.differs(skip.lines));
        }
        Ok(fresh)
    }

    fn differs(&self, lines: u64) -> Error {
        Error::invalid(format!("scan {} broke after {lines} observations; what is handed in now is not the same", self.scan_id))
            .with_hint("continue it with the same input, or give the other input another scan_id")
    }

    fn push_batch(&mut self, first: Revision, counts: ChangeCounts, draft: &mut Draft<'_>) -> Committed {
        let last = draft.head();
        self.counts.add(&counts);
        self.newest = self.newest.max(draft.times().1);
        let at = draft.times().1.max(self.at);
        let mut entry = Entry::new(EntryKind::ResourceObserved, at, Some(Arc::clone(&self.scan_id)), last);
        if last >= first {
            (entry.first_revision, entry.last_revision) = (Some(first), Some(last));
        }
        entry.details = serde_json::to_string(&BatchDetails { lines: self.lines, lines_hash: self.lines_hash(), counts }).ok();
        let committed = Committed { first_revision: entry.first_revision, last_revision: entry.last_revision, counts };
        draft.push_entry(entry);
        committed
    }

    /// Deletes what complete scopes did not list, in the order of keys, and writes the scan's coverage and end.
    fn complete(
        &mut self,
        observer: &Observer,
        at: Timestamp,
        reports: &[ScopeReport],
        index: &LogIndex,
        draft: &mut Draft<'_>,
    ) -> Result<Committed> {
        let mut coverage = self.coverage(reports, draft);
        let complete: HashMap<u32, usize> = (0..)
            .zip(&coverage)
            .filter(|(_, scope)| scope.report.status == CoverageStatus::Complete)
            .map(|(at, scope)| (scope.number, at))
            .collect();
        let mut doomed: HashMap<u32, Vec<u32>> = HashMap::new();
        for (scope, place) in draft.missing(&complete, observer) {
            doomed.entry(scope).or_default().push(place);
        }
        for scope in &mut coverage {
            let missing = doomed.get(&scope.number).map_or(0, Vec::len);
            scope.missing = missing as i64;
            if self.guard && scope.is_suspicious(missing) && !confirmed(index, scope, observer.token) {
                scope.report.status = CoverageStatus::Suspect;
                doomed.remove(&scope.number);
            }
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
        if counts.deleted > 0 {
            self.push_batch(first, counts, draft);
        }
        let last = draft.head();
        let whole = coverage.iter().all(|scope| matches!(scope.report.status, CoverageStatus::Complete | CoverageStatus::Skipped));
        self.push_coverage(coverage, at, draft);
        let mut entry = Entry::new(EntryKind::ScanCompleted, at, Some(Arc::clone(&self.scan_id)), last);
        entry.status = Some(if whole { "complete" } else { "partial" });
        entry.counts = Some(self.counts);
        entry.provider = self.provider.clone();
        draft.push_entry(entry);
        let range = (last >= first).then_some((first, last));
        Ok(Committed { first_revision: range.map(|range| range.0), last_revision: range.map(|range| range.1), counts: self.counts })
    }

    fn fail(&mut self, error: &str, reports: &[ScopeReport], draft: &mut Draft<'_>) {
        let at = draft.times().1.max(self.newest);
        let coverage = self.coverage(reports, draft);
        self.push_coverage(coverage, at, draft);
        let mut entry = Entry::new(EntryKind::ScanFailed, at, Some(Arc::clone(&self.scan_id)), draft.head());
        entry.status = Some("failed");
        entry.error = Some(error.to_owned());
        entry.counts = Some(self.counts);
        entry.provider = self.provider.clone();
        draft.push_entry(entry);
    }

    /// One statement per scope, sorted: the worse of several, and `partial` for scopes that were observed but not declared.
    fn coverage(&self, reports: &[ScopeReport], draft: &mut Draft<'_>) -> Vec<Covered> {
        let mut by_scope: std::collections::BTreeMap<crate::model::Scope, ScopeReport> = std::collections::BTreeMap::new();
        for report in reports {
            let known = by_scope.entry(report.scope.clone()).or_insert_with(|| report.clone());
            if report.status > known.status {
                *known = report.clone();
            }
        }
        for scope in self.listed.keys() {
            let scope = crate::model::Scope::from_stored(&draft.state().scope(*scope));
            by_scope.entry(scope).or_insert_with_key(|scope| ScopeReport::new(scope.clone(), CoverageStatus::Partial));
        }
        let covered = by_scope.into_values().map(|report| {
            let number = draft.scope_number(&report.scope);
            Covered { number, listed: self.listed.get(&number).copied().unwrap_or(0), missing: 0, deleted: 0, report }
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
            (entry.listed, entry.missing, entry.deleted) = (Some(scope.listed), Some(scope.missing), Some(scope.deleted));
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
    missing: i64,
    deleted: i64,
}

impl Covered {
    /// Whether a provider's listing misses so much that it is not believed at once.
    fn is_suspicious(&self, missing: usize) -> bool {
        let listed = usize::try_from(self.listed).unwrap_or(0);
        let known = listed + missing;
        let most = missing > GUARD_MISSING_MIN && missing * 100 > known * GUARD_MISSING_PERCENT;
        most || (listed == 0 && missing >= GUARD_ALL_MIN)
    }
}

/// Whether an earlier suspect listing, ended before this scan began, missed them too.
fn confirmed(index: &LogIndex, scope: &Covered, token: Revision) -> bool {
    index.suspects.get(scope.report.scope.as_str()).is_some_and(|ended| *ended <= token)
}

/// The places of doomed resources with their scopes, in the order of keys.
fn in_key_order(doomed: HashMap<u32, Vec<u32>>, draft: &Draft<'_>) -> Vec<(u32, u32)> {
    let mut places: Vec<(u32, u32)> = doomed.into_iter().flat_map(|(scope, places)| places.into_iter().map(move |place| (place, scope))).collect();
    places.sort_by(|left, right| {
        let key = |place: u32| draft.state().slot(place).map(|slot| &slot.key);
        key(left.0).cmp(&key(right.0))
    });
    places
}
