//! What may be written and what becomes of it: revisions, times, and law 4.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{Content, Micros};

/// The position of an observation in the log, from 1; 0 is the empty state.
pub type Revision = i64;

/// What names a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub scope: Scope,
    pub resource_id: String,
}

impl Key {
    /// The resource key. Keys are ordered by its bytes.
    pub fn text(&self) -> String {
        let Scope { provider, account_id, region, resource_type } = &self.scope;
        format!("{provider}/{account_id}/{region}/{resource_type}/{}", self.resource_id)
    }
}

/// The unit whose listing can be complete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    pub provider: String,
    pub account_id: String,
    pub region: String,
    pub resource_type: String,
}

/// An observation as it is handed in: a line of the import format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub key: Key,
    pub content: Content,
    /// Default: the scan's `at`.
    pub observed_at: Option<Micros>,
    /// `"change":"deleted"`
    pub deleted: bool,
}

impl Observation {
    /// Whether the source says that the resource is gone: outright, or by a state that is final.
    fn says_gone(&self) -> bool {
        self.deleted || matches!(self.content.state.as_deref(), Some("terminated" | "deleted"))
    }
}

/// From the best to the worst. A scope that was not looked at is no trouble, yet less than one that was listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Complete,
    Skipped,
    Partial,
    Failed,
}

impl Status {
    pub fn text(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Skipped => "skipped",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// What a scan says about a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeLine {
    pub scope: Scope,
    pub status: Status,
    pub error_code: Option<String>,
    pub error: Option<String>,
}

/// A line of an import file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    ScanStarted {
        scan_id: String,
        provider: String,
        at: Micros,
    },
    Observed(Observation),
    Scope(ScopeLine),
    /// Default: the scan's newest time.
    Completed {
        at: Option<Micros>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Created,
    Updated,
    Unchanged,
    Deleted,
    Late,
}

impl Change {
    pub fn text(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Late => "late",
        }
    }

    pub fn alters_state(self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Deleted)
    }
}

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A scan that starts before the head's time.
    StartsInThePast {
        head_time: Micros,
    },
    ScanIdTaken,
    /// A step of a scan that has ended.
    ScanEnded,
    /// A line that belongs to no scan.
    OutsideScan,
    /// An `observed_at` before one that the scan gave earlier, or before its start.
    TimeGoesBackwards,
    BelowFloor {
        floor: Revision,
    },
    AboveHead {
        head: Revision,
    },
    /// `from` after `to`.
    FromAfterTo,
    NoSuchScanEnd,
    NoSuchTag,
    TagTaken,
}

/// A scan, open or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(usize);

/// One recorded observation.
#[derive(Clone, Debug)]
pub struct Record {
    pub revision: Revision,
    pub observed_at: Micros,
    pub scan: Handle,
    pub key: Key,
    pub change: Change,
    /// False: it says that the resource is gone.
    pub sighting: bool,
    /// What was seen; of a disappearance, what was last known.
    pub content: Content,
}

#[derive(Clone, Debug)]
pub struct Scan {
    pub id: String,
    pub provider: String,
    pub started_at: Micros,
    /// The head when the scan began.
    pub token: Revision,
    pub end: Option<End>,
    /// What it declared, the worse of two.
    declared: BTreeMap<Scope, ScopeLine>,
    /// The newest time it gave.
    newest: Micros,
}

#[derive(Clone, Debug)]
pub struct End {
    pub at: Micros,
    /// The last revision written before the end.
    pub head: Revision,
    /// False: the scan failed.
    pub completed: bool,
    pub coverage: Vec<Coverage>,
}

#[derive(Clone, Debug)]
pub struct Coverage {
    pub line: ScopeLine,
    /// Live resources of a complete scope that the scan did not see. None: the scope was not complete, nobody knows.
    pub missing: Option<usize>,
}

/// A store as the laws want it.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    pub(super) records: Vec<Record>,
    pub(super) scans: Vec<Scan>,
    /// In the order in which they ended.
    pub(super) ended: Vec<Handle>,
    /// Name, revision, and the head when it was made.
    pub(super) tags: Vec<(String, Revision, Revision)>,
    pub(super) floor: Revision,
}

impl Oracle {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn head(&self) -> Revision {
        self.records.last().map_or(0, |record| record.revision)
    }

    pub fn head_time(&self) -> Option<Micros> {
        self.records.last().map(|record| record.observed_at)
    }

    /// Times never go backwards along revisions: what lies before the head's time is lifted to it.
    fn lifted(&self, time: Micros) -> Micros {
        self.head_time().map_or(time, |head_time| head_time.max(time))
    }

    pub(super) fn scan(&self, handle: Handle) -> &Scan {
        &self.scans[handle.0]
    }

    pub(super) fn handles(&self) -> impl Iterator<Item = Handle> {
        (0..self.scans.len()).map(Handle)
    }

    fn open(&mut self, handle: Handle) -> Result<&mut Scan, Refusal> {
        let scan = &mut self.scans[handle.0];
        if scan.end.is_some() { Err(Refusal::ScanEnded) } else { Ok(scan) }
    }

    /// Begins a scan. `lift` accepts a time before the head's.
    pub fn begin(&mut self, scan_id: &str, provider: &str, at: Micros, lift: bool) -> Result<Handle, Refusal> {
        if self.scans.iter().any(|scan| scan.id == scan_id) {
            return Err(Refusal::ScanIdTaken);
        }
        if let Some(head_time) = self.head_time().filter(|head_time| at < *head_time && !lift) {
            return Err(Refusal::StartsInThePast { head_time });
        }
        self.scans.push(Scan {
            id: scan_id.to_owned(),
            provider: provider.to_owned(),
            started_at: self.lifted(at),
            token: self.head(),
            end: None,
            declared: BTreeMap::new(),
            newest: at,
        });
        Ok(Handle(self.scans.len() - 1))
    }

    /// Records a batch, in order. Gives the revision of each line; None for one that is not recorded.
    pub fn observe(&mut self, handle: Handle, batch: &[Observation]) -> Result<Vec<Option<Revision>>, Refusal> {
        let mut newest = self.open(handle)?.newest;
        for time in batch.iter().filter_map(|observation| observation.observed_at) {
            if time < newest {
                return Err(Refusal::TimeGoesBackwards);
            }
            newest = time;
        }
        self.open(handle)?.newest = newest;
        Ok(batch.iter().map(|observation| self.record(handle, observation)).collect())
    }

    fn record(&mut self, handle: Handle, observation: &Observation) -> Option<Revision> {
        let present = self.present(&observation.key).cloned();
        let gone = observation.says_gone();
        let touched = self.touched_by_another(handle, &observation.key);
        let change = match (gone, &present) {
            (true, None) => return None,
            (true, Some(_)) if touched => Change::Late,
            (true, Some(_)) => Change::Deleted,
            (false, Some(present)) if *present == observation.content => Change::Unchanged,
            (false, _) if touched => Change::Late,
            (false, None) => Change::Created,
            (false, Some(_)) => Change::Updated,
        };
        let content = if observation.deleted || change == Change::Deleted { present? } else { observation.content.clone() };
        let time = observation.observed_at.unwrap_or(self.scan(handle).started_at);
        let sighting = !observation.deleted && change != Change::Deleted;
        Some(self.push(handle, time, &observation.key, change, sighting, content))
    }

    fn push(&mut self, scan: Handle, time: Micros, key: &Key, change: Change, sighting: bool, content: Content) -> Revision {
        let (revision, observed_at) = (self.head() + 1, self.lifted(time));
        self.records.push(Record { revision, observed_at, scan, key: key.clone(), change, sighting, content });
        revision
    }

    /// The content of a live resource.
    fn present(&self, key: &Key) -> Option<&Content> {
        let last = self.records.iter().rfind(|record| record.key == *key && record.change.alters_state())?;
        (last.change != Change::Deleted).then_some(&last.content)
    }

    /// Whether another scan wrote anything about a resource after this one began.
    fn touched_by_another(&self, handle: Handle, key: &Key) -> bool {
        self.after_token(handle).any(|record| record.key == *key && record.scan != handle)
    }

    fn after_token(&self, handle: Handle) -> impl Iterator<Item = &Record> {
        let token = self.scan(handle).token;
        self.records.iter().filter(move |record| record.revision > token)
    }

    /// Declares the status of a scope. Of two, the worse holds; of two alike, the first.
    pub fn scope(&mut self, handle: Handle, line: &ScopeLine) -> Result<(), Refusal> {
        let declared = &mut self.open(handle)?.declared;
        if declared.get(&line.scope).is_none_or(|known| known.status < line.status) {
            declared.insert(line.scope.clone(), line.clone());
        }
        Ok(())
    }

    /// Ends a scan and deletes what it proves to be gone. Gives the revisions of those deletions.
    pub fn complete(&mut self, handle: Handle, at: Option<Micros>) -> Result<Vec<Revision>, Refusal> {
        let scan = self.open(handle)?;
        let time = at.unwrap_or(scan.newest);
        let mut coverage = self.coverage(handle);
        let mut absent = BTreeMap::new();
        for covered in coverage.iter_mut().filter(|covered| covered.line.status == Status::Complete) {
            let missing = self.missing(handle, &covered.line.scope);
            covered.missing = Some(missing.len());
            absent.extend(missing);
        }
        let mut deleted = Vec::new();
        for key in absent.values() {
            let seen_by_another = self.after_token(handle).any(|record| record.key == *key && record.scan != handle && record.sighting);
            if let (false, Some(last_known)) = (seen_by_another, self.present(key).cloned()) {
                deleted.push(self.push(handle, time, key, Change::Deleted, false, last_known));
            }
        }
        self.end(handle, time, true, coverage);
        Ok(deleted)
    }

    /// Ends a scan that was never completed: it deletes nothing, and no scope of it counts as complete.
    pub fn fail(&mut self, handle: Handle) -> Result<(), Refusal> {
        let time = self.open(handle)?.newest;
        let mut coverage = self.coverage(handle);
        for covered in coverage.iter_mut().filter(|covered| covered.line.status == Status::Complete) {
            covered.line.status = Status::Partial;
        }
        self.end(handle, time, false, coverage);
        Ok(())
    }

    fn end(&mut self, handle: Handle, time: Micros, completed: bool, coverage: Vec<Coverage>) {
        let (at, head) = (self.lifted(time), self.head());
        self.scans[handle.0].end = Some(End { at, head, completed, coverage });
        self.ended.push(handle);
    }

    /// What was declared; a scope with observations and no line is partial.
    fn coverage(&self, handle: Handle) -> Vec<Coverage> {
        let mut lines = self.scan(handle).declared.clone();
        for record in self.records.iter().filter(|record| record.scan == handle) {
            let scope = record.key.scope.clone();
            lines.entry(scope.clone()).or_insert(ScopeLine { scope, status: Status::Partial, error_code: None, error: None });
        }
        lines.into_values().map(|line| Coverage { line, missing: None }).collect()
    }

    /// The live resources of a scope that the scan did not see, in the order of their keys.
    fn missing(&self, handle: Handle, scope: &Scope) -> BTreeMap<String, Key> {
        let seen: BTreeSet<String> =
            self.records.iter().filter(|record| record.scan == handle && record.sighting).map(|record| record.key.text()).collect();
        self.records
            .iter()
            .map(|record| &record.key)
            .filter(|key| key.scope == *scope && self.present(key).is_some() && !seen.contains(&key.text()))
            .map(|key| (key.text(), key.clone()))
            .collect()
    }

    /// Imports one file with steering lines. A scan that the file does not complete has failed, and so has one with
    /// a line that is refused; what was recorded before that line stays.
    pub fn import(&mut self, lines: &[Line], lift: bool) -> Result<(), Refusal> {
        let mut open = None;
        let read = lines.iter().try_for_each(|line| self.import_line(line, lift, &mut open));
        open.map_or(Ok(()), |unfinished| self.fail(unfinished)).and(read)
    }

    fn import_line(&mut self, line: &Line, lift: bool, open: &mut Option<Handle>) -> Result<(), Refusal> {
        match line {
            Line::ScanStarted { scan_id, provider, at } => {
                if let Some(unfinished) = open.take() {
                    self.fail(unfinished)?;
                }
                *open = Some(self.begin(scan_id, provider, *at, lift)?);
            }
            Line::Observed(observation) => {
                self.observe(open.ok_or(Refusal::OutsideScan)?, std::slice::from_ref(observation))?;
            }
            Line::Scope(line) => self.scope(open.ok_or(Refusal::OutsideScan)?, line)?,
            Line::Completed { at } => {
                self.complete(open.take().ok_or(Refusal::OutsideScan)?, *at)?;
            }
        }
        Ok(())
    }

    /// Imports one file without steering lines; `complete` declares every scope in it complete.
    pub fn import_listing(
        &mut self,
        (scan_id, provider, at): (&str, &str, Micros),
        observations: &[Observation],
        complete: bool,
    ) -> Result<Handle, Refusal> {
        let handle = self.begin(scan_id, provider, at, false)?;
        self.observe(handle, observations)?;
        for observation in observations.iter().filter(|_| complete) {
            let scope = observation.key.scope.clone();
            self.scope(handle, &ScopeLine { scope, status: Status::Complete, error_code: None, error: None })?;
        }
        self.complete(handle, None)?;
        Ok(handle)
    }

    pub fn tag(&mut self, name: &str, revision: Revision) -> Result<(), Refusal> {
        if self.tags.iter().any(|(taken, ..)| taken == name) {
            return Err(Refusal::TagTaken);
        }
        self.view().check(revision)?;
        self.tags.push((name.to_owned(), revision, self.head()));
        Ok(())
    }

    /// Retention as it is asked for: scans that have not ended hold the floor where they began, and it never goes down.
    pub fn retain(&mut self, asked: Revision) {
        let held = self.scans.iter().filter(|scan| scan.end.is_none()).map(|scan| scan.token);
        self.floor = held.fold(asked, Revision::min).max(self.floor);
    }

    /// Retention: nothing before `revision` can be asked for any more.
    pub fn raise_floor(&mut self, revision: Revision) -> Result<(), Refusal> {
        self.view().check(revision)?;
        self.floor = revision;
        Ok(())
    }
}
