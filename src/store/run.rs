//! Scans under way in this process: their tokens, coverage and counts, and how they begin, go on and end.

use std::sync::Arc;

use hashbrown::HashMap;
use sha2::{Digest, Sha256};

use super::classify::{Draft, Located, Observer};
use super::entries::{ChangeCounts, Entry, EntryKind};
use super::index::{BatchDetails, LogIndex, OpenScan, StartDetails};
use super::manifest::hex;
use super::state::{ScanNo, SeenPlaces};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Observation, Revision, Scope, ScopeReport, Sighting, Timestamp};

/// How far in the future a time may lie.
const FUTURE_MAX_MICROS: i64 = 5 * 60 * 1_000_000;

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
    /// The scopes that it is about to list, so that others may leave them to it; empty = it does not tell.
    pub scopes: Vec<Scope>,
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The first revision, if there is any.
    pub first_revision: Option<Revision>,
    /// The last revision.
    pub last_revision: Option<Revision>,
    /// What the observations did.
    pub counts: ChangeCounts,
    /// Where a scan has completed: how many resources it deleted, by scope.
    pub deleted: Vec<(Scope, i64)>,
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

/// The scans of this process, and the numbers of others. What a commit does to them is taken back if it is not made.
#[derive(Debug, Default)]
pub struct Runs {
    runs: HashMap<ScanNo, Run>,
    by_id: HashMap<Arc<str>, ScanNo>,
    next: ScanNo,
    undo: Vec<(ScanNo, Option<Run>)>,
}

/// A scan under way.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) scan_id: Arc<str>,
    pub(super) provider: Option<String>,
    pub(super) token: Revision,
    pub(super) at: Timestamp,
    pub(super) newest: Timestamp,
    pub(super) account: Account,
    pub(super) lines: u64,
    pub(super) hasher: Sha256,
    pub(super) skip: Option<Skip>,
    pub(super) counts: ChangeCounts,
    pub(super) scopes: HashMap<u32, Sighted>,
    pub(super) seen: SeenPlaces,
    pub(super) guard: bool,
    pub(super) active: bool,
}

/// What a scan has said of one scope so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sighted {
    pub(super) listed: i64,
    pub(super) deleted: i64,
}

/// The account of a scan's resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Account {
    None,
    One(String),
    Several,
}

/// Observations that the store has already.
#[derive(Debug, Clone)]
pub(super) struct Skip {
    lines: u64,
    hash: String,
}

impl Runs {
    /// Whether no scan is under way.
    pub fn is_idle(&self) -> bool {
        self.runs.values().all(|run| !run.active)
    }

    /// The oldest head at which a scan under way began that can still write: one that began below the floor cannot.
    pub fn oldest_token(&self, floor: Revision) -> Option<Revision> {
        self.runs.values().filter(|run| run.active && run.token >= floor).map(|run| run.token).min()
    }

    /// Stops a scan without an end: it goes on when it is begun again.
    pub fn break_off(&mut self, scan: ScanNo) {
        if let Some(run) = self.runs.get_mut(&scan) {
            run.active = false;
        }
    }

    /// Makes everything since the last settlement final.
    pub fn settle(&mut self) {
        self.undo.clear();
    }

    /// Takes everything since the last settlement back.
    pub fn roll_back(&mut self) {
        while let Some((scan, before)) = self.undo.pop() {
            match before {
                Some(before) => self.runs.insert(scan, before),
                None => self.runs.remove(&scan),
            };
        }
    }

    /// Forgets scans that have completed: none of them observes again. Numbers are never given twice.
    pub fn forget_completed(&mut self, index: &LogIndex) {
        self.runs.retain(|_, run| run.active);
        let runs = &self.runs;
        self.by_id.retain(|scan_id, number| runs.contains_key(number) || index.open_scans.contains_key(&**scan_id));
    }

    /// A scan that a commit is about to alter.
    fn touch(&mut self, scan: ScanNo) -> Result<&mut Run> {
        let run = self
            .runs
            .get_mut(&scan)
            .ok_or_else(|| Error::invalid("the scan has ended").with_hint("begin it again under its id to go on"))?;
        if self.undo.iter().all(|(touched, _)| *touched != scan) {
            self.undo.push((scan, Some(run.clone())));
        }
        Ok(run)
    }

    /// The number of a scan, of this process or another.
    pub fn number(&mut self, scan_id: &str) -> ScanNo {
        if let Some(number) = self.by_id.get(scan_id) {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        self.by_id.insert(scan_id.into(), number);
        number
    }

    /// Begins a scan, or goes on with one that broke.
    ///
    /// # Errors
    /// `Invalid` if its time lies before the head's or in the future, `Conflict` if it is under way in this process.
    pub fn begin(&mut self, begin: &Begin, index: &LogIndex, now: Timestamp, draft: &mut Draft<'_>) -> Result<Begun> {
        if begin.scan_id.is_empty() {
            return Err(Error::invalid("a scan_id is empty"));
        }
        if index.is_completed(&begin.scan_id) {
            return Ok(Begun::Completed);
        }
        let number = self.number(&begin.scan_id);
        if self.runs.get(&number).is_some_and(|run| run.active) {
            let message = format!("scan {} is under way in this process already", begin.scan_id);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let head_time = index.head_time.map(Timestamp::from_micros);
        let broken = index.open_scans.get(&begin.scan_id);
        match broken {
            None => check_start(begin, head_time, now)?,
            Some(broken) => check_token(&begin.scan_id, broken.token, index)?,
        }
        let mut run = Run::begin(begin, begin.at.unwrap_or_else(|| live_since(broken, now)));
        let begun = match broken {
            None => {
                run.token = draft.head();
                let at = run.at.max(head_time.unwrap_or(run.at));
                let mut start = Entry::new(EntryKind::ScanStarted, at, Some(Arc::clone(&run.scan_id)), draft.head());
                start.provider = run.provider.clone();
                start.token = Some(run.token);
                start.details = StartDetails::of(&begin.scopes);
                draft.push_entry(start);
                Begun::Fresh { scan: number }
            }
            Some(broken) => {
                (run.token, run.counts) = (broken.token, broken.counts);
                if broken.lines > 0 {
                    run.skip = Some(Skip { lines: broken.lines, hash: broken.lines_hash.clone() });
                }
                Begun::Continued { scan: number, token: broken.token, lines: broken.lines }
            }
        };
        let before = self.runs.insert(number, run);
        self.undo.push((number, before));
        Ok(begun)
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
        located: Vec<Located>,
        page_token: Option<Revision>,
        index: &LogIndex,
        draft: &mut Draft<'a>,
    ) -> Result<Committed> {
        let run = self.touch(scan)?;
        let observer = run.observer(scan, page_token);
        if !run.active {
            return Err(run.not_under_way());
        }
        run.check_not_overtaken(index)?;
        check_token(&run.scan_id, run.token, index)?;
        let known = run.pass_over(observations)?;
        let observations = observations.get(known..).unwrap_or_default();
        if observations.is_empty() {
            // An entry would tell of fewer lines than the store has, and a scan that breaks now could not be continued.
            return Ok(Committed::default());
        }
        let first = draft.head() + 1;
        let mut counts = ChangeCounts::default();
        for (observation, located) in observations.iter().zip(located.into_iter().skip(known)) {
            run.take_line(observation);
            let deleted = counts.deleted;
            let Some(place) = draft.observe(&observer, observation, located, run.at, &mut counts) else { continue };
            let sighted = matches!(observation.sighting, Sighting::Present(..)) && counts.deleted == deleted;
            run.note(draft.last_scope(), sighted, counts.deleted - deleted);
            if sighted {
                run.seen.insert(place);
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
        let run = self.touch(scan)?;
        let observer = run.observer(scan, None);
        if !run.active {
            return Err(run.not_under_way());
        }
        run.check_not_overtaken(index)?;
        match end {
            End::Completed { at, scopes } => {
                check_token(&run.scan_id, run.token, index)?;
                if let Some(skip) = &run.skip {
                    return Err(run.differs(skip.lines));
                }
                let at = at.unwrap_or(run.newest).max(run.at).max(draft.times().1);
                let committed = run.complete(&observer, at, scopes, index, draft)?;
                run.active = false;
                Ok(committed)
            }
            End::Failed { error, scopes } => {
                run.active = false;
                let known_broken = index.open_scans.get(&*run.scan_id).is_some_and(|scan| scan.failed && scan.lines >= run.lines);
                if !known_broken {
                    run.fail(error, scopes, draft);
                }
                Ok(Committed { counts: run.counts, ..Committed::default() })
            }
        }
    }

    /// Notes that a scan of this process has seen a resource.
    pub fn saw(&mut self, scan: ScanNo, place: u32) {
        if let Some(run) = self.runs.get_mut(&scan) {
            run.seen.insert(place);
        }
    }

    /// Forgets which resources scans have seen: their places are no longer those of the state.
    pub fn forget_seen(&mut self) {
        self.runs.values_mut().for_each(|run| run.seen = SeenPlaces::default());
    }

    /// Notes what an earlier run of a scan of this process recorded, for the scan's coverage.
    pub fn note(&mut self, scan: ScanNo, scope: u32, sighted: bool, deleted: bool) {
        if let Some(run) = self.runs.get_mut(&scan) {
            run.note(scope, sighted, i64::from(deleted));
        }
    }
}

/// From when on a scan without times of its own observes: the clock may have been set back since it first began.
fn live_since(broken: Option<&OpenScan>, now: Timestamp) -> Timestamp {
    broken.map_or(now, |broken| now.max(Timestamp::from_micros(broken.started_at)))
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

/// What was seen since a scan began decides what it may say. Below the floor nobody knows that any more.
fn check_token(scan_id: &str, token: Revision, index: &LogIndex) -> Result<()> {
    if token >= index.floor {
        return Ok(());
    }
    let message = format!("scan {scan_id} broke, and began at revision {token}, below the oldest that is kept ({})", index.floor);
    Err(Error::invalid(message).with_hint("scan or import again under another scan_id"))
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
    fn begin(begin: &Begin, at: Timestamp) -> Self {
        Self {
            scan_id: begin.scan_id.as_str().into(),
            provider: begin.provider.clone(),
            token: 0,
            at,
            newest: at,
            account: Account::None,
            lines: 0,
            hasher: Sha256::new(),
            skip: None,
            counts: ChangeCounts::default(),
            scopes: HashMap::new(),
            seen: SeenPlaces::default(),
            guard: begin.guard,
            active: true,
        }
    }

    /// The scan as one that observes; `page_token` is the head when the request for its page was sent.
    fn observer(&self, scan: ScanNo, page_token: Option<Revision>) -> Observer {
        Observer { scan, scan_id: Arc::clone(&self.scan_id), token: page_token.unwrap_or(self.token) }
    }

    fn note(&mut self, scope: u32, sighted: bool, deleted: i64) {
        let known = self.scopes.entry(scope).or_default();
        known.listed += i64::from(sighted);
        known.deleted += deleted;
    }

    pub(super) fn note_account(&mut self, account: &str) {
        self.account = match std::mem::replace(&mut self.account, Account::Several) {
            Account::None => Account::One(account.to_owned()),
            Account::One(known) if known == account => Account::One(known),
            _ => Account::Several,
        };
    }

    /// The scan's only account so far.
    pub(super) fn account_of(&mut self, draft: &Draft<'_>) -> Option<String> {
        let scopes: Vec<Arc<str>> = self.scopes.keys().map(|scope| draft.state().scope(*scope)).collect();
        for scope in scopes {
            self.note_account(scope.split('/').nth(1).unwrap_or_default());
        }
        match &self.account {
            Account::One(account) => Some(account.clone()),
            _ => None,
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
            Some(logged) => logged.lines > ours,
            None => index.is_completed(&self.scan_id),
        };
        if !overtaken {
            return Ok(());
        }
        let message = format!("another process is writing scan {} at the same time", self.scan_id);
        Err(Error::new(crate::ErrorKind::Conflict, message).with_hint("let it finish; import again if it does not"))
    }

    /// Takes an observation into the running hash and the scan's newest time, recorded or not.
    fn take_line(&mut self, observation: &Observation) {
        self.newest = self.newest.max(observation.observed_at.unwrap_or(self.at));
        self.hasher.update(observation.key.as_str().as_bytes());
        match &observation.sighting {
            Sighting::Present(_, hash) => self.hasher.update(hash.0),
            Sighting::Deleted => self.hasher.update([0]),
        }
        self.hasher.update(observation.observed_at.map_or(i64::MIN, Timestamp::micros).to_le_bytes());
    }

    fn lines_hash(&self) -> String {
        hex(self.hasher.clone().finalize().get(..16).unwrap_or_default())
    }

    /// How many of the observations the store has already; checks that they are the same.
    fn pass_over(&mut self, observations: &[Observation]) -> Result<usize> {
        let Some(skip) = &self.skip else { return Ok(0) };
        let left = usize::try_from(skip.lines - self.lines).unwrap_or(usize::MAX);
        let known = left.min(observations.len());
        observations.iter().take(known).for_each(|observation| self.take_line(observation));
        self.lines += known as u64;
        let Some(skip) = self.skip.take_if(|skip| skip.lines == self.lines) else { return Ok(known) };
        if self.lines_hash() != skip.hash {
            return Err(self.differs(skip.lines));
        }
        Ok(known)
    }

    fn not_under_way(&self) -> Error {
        Error::invalid(format!("scan {} has ended, or broke off when an outcome was unknown", self.scan_id))
            .with_hint("begin it again under its id to go on")
    }

    fn differs(&self, lines: u64) -> Error {
        Error::invalid(format!("scan {} broke after {lines} observations; what is handed in now is not the same", self.scan_id))
            .with_hint("continue it with the same input, or give the other input another scan_id")
    }

    pub(super) fn push_batch(&mut self, first: Revision, counts: ChangeCounts, draft: &mut Draft<'_>) -> Committed {
        let last = draft.head();
        self.counts.add(&counts);
        self.newest = self.newest.max(draft.times().1);
        let at = draft.times().1.max(self.at);
        let mut entry = Entry::new(EntryKind::ResourceObserved, at, Some(Arc::clone(&self.scan_id)), last);
        if last >= first {
            (entry.first_revision, entry.last_revision) = (Some(first), Some(last));
        }
        entry.account_id = self.account_of(draft);
        entry.details = serde_json::to_string(&BatchDetails { lines: self.lines, lines_hash: self.lines_hash(), counts }).ok();
        let committed = Committed { first_revision: entry.first_revision, last_revision: entry.last_revision, counts, deleted: Vec::new() };
        draft.push_entry(entry);
        committed
    }
}
