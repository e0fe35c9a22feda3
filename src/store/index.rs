//! What planning needs to know of the whole log: the times of revisions, where scans ended, tags, settings, scans that
//! have not ended. A fold over the segments in order; the manifest carries its value at the last compacted segment.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde::{Deserialize, Serialize};

use super::entries::{ChangeCounts, Entry, EntryKind, EntryView, read_entries};
use super::findings::RunDetails;
use super::jobs::{self, JobState};
use super::redaction::{Redaction, RedactionDetails};
use super::retention::{RetentionDetails, RetentionSettings};
use super::segment::Segment;
use crate::error::{Error, Result};
use crate::model::{Revision, Scope, Timestamp, TypeRulesSet};

/// A fold over the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogIndex {
    /// The newest revision.
    pub head: Revision,
    /// The time of the newest observation, in microseconds.
    pub head_time: Option<i64>,
    /// The oldest revision that can be asked for.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub floor: Revision,
    /// Steps of time, oldest first: up to and including `revision`, observations are at `at` or before. Times differ.
    #[serde(with = "super::packed")]
    pub times: Vec<TimeStep>,
    /// For each ended scan, in order of its end: the newest revision then.
    pub scan_ends: Vec<ScanEnd>,
    /// Names given to revisions.
    pub tags: BTreeMap<String, TagPoint>,
    /// Scans that began and have not completed, by scan id.
    pub open_scans: BTreeMap<String, OpenScan>,
    /// Settings that govern meaning.
    pub settings: StoreSettings,
    /// Scopes whose last complete listing was suspect: the head at that scan's end.
    pub suspects: BTreeMap<String, Revision>,
    /// The newest run of checks that told of findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<String>,
    /// Jobs of daemons, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<String, JobState>,
    /// What was redacted, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<Redaction>,
}

/// What a tag names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagPoint {
    /// The revision that it names.
    pub revision: Revision,
    /// The newest revision when it was made.
    pub head: Revision,
    /// Whether it holds the floor.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub held: bool,
}

/// Whether a field is as it is in logs that do not tell it.
fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A run of observations of one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeStep {
    /// The last revision of the run.
    pub revision: Revision,
    /// Its time, in microseconds.
    pub at: i64,
}

/// The end of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanEnd {
    /// The scan.
    pub scan_id: String,
    /// The newest revision then.
    pub head: Revision,
}

/// A scan that has not completed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenScan {
    /// Its provider.
    pub provider: Option<String>,
    /// The head when it began.
    pub token: Revision,
    /// When it began, in microseconds.
    pub started_at: i64,
    /// When it was last heard of, in microseconds.
    pub last_at: i64,
    /// How many observations it has handed in.
    pub lines: u64,
    /// Their running hash, in hexadecimal.
    pub lines_hash: String,
    /// What they did.
    pub counts: ChangeCounts,
    /// It broke, and nothing came after that.
    pub failed: bool,
    /// It broke at least once.
    pub broke: bool,
    /// The scopes that it is listing, as far as it has told; none once it broke.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// Settings that the log holds, because they govern what observations mean or where epochs are cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreSettings {
    /// Volatile attributes, sets and final states.
    pub types: TypeRulesSet,
    /// Tag keys that are kept as columns.
    pub tag_columns: Vec<String>,
    /// An epoch of fewer rows is never cut.
    pub epoch_rows_min: u64,
    /// When a provider's listing misses too much to be believed at once.
    #[serde(default)]
    pub guard: GuardSettings,
    /// What is kept.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub retention: RetentionSettings,
}

impl Default for StoreSettings {
    fn default() -> Self {
        let (types, guard, retention) = (TypeRulesSet::default(), GuardSettings::default(), RetentionSettings::default());
        Self { types, tag_columns: Vec::new(), epoch_rows_min: EPOCH_ROWS_MIN, guard, retention }
    }
}

/// When the deletions of a provider's complete listing wait for a second one: it misses more than `missing` resources of a
/// scope and more than `missing_percent` of it, or all of it, if that is `missing_all` or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardSettings {
    /// Whether they wait at all.
    pub enabled: bool,
    /// So many resources may be missing ...
    pub missing: usize,
    /// ... or this share of the scope, in percent.
    pub missing_percent: usize,
    /// All of a scope may be missing if it is less than this.
    pub missing_all: usize,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { enabled: true, missing: 10, missing_percent: 20, missing_all: 5 }
    }
}

/// As shipped, an epoch of fewer rows is never cut.
const EPOCH_ROWS_MIN: u64 = 4096;

/// The details of a `scan_started` entry, if there are any.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct StartDetails {
    /// The scopes that the scan is about to list.
    pub scopes: Vec<String>,
}

/// The details of a `resource_observed` entry.
#[derive(Debug, Serialize, Deserialize)]
pub struct BatchDetails {
    /// Observations that the scan has handed in so far.
    pub lines: u64,
    /// Their running hash, in hexadecimal.
    pub lines_hash: String,
    /// What this batch did.
    pub counts: ChangeCounts,
}

/// The details of a `tag_created`, `tag_held` or `tag_released` entry.
#[derive(Debug, Serialize, Deserialize)]
pub struct TagDetails {
    /// The name.
    pub name: String,
    /// The revision that it names.
    pub revision: Revision,
}

impl TagDetails {
    pub(super) fn to_entry(&self, kind: EntryKind, at: Timestamp) -> Entry {
        told(kind, at, self)
    }
}

impl StoreSettings {
    pub(super) fn to_entry(&self, at: Timestamp) -> Entry {
        told(EntryKind::SettingChanged, at, self)
    }
}

/// An entry that is all in its details. The head is that of the segment that it gets into.
pub(super) fn told(kind: EntryKind, at: Timestamp, details: &impl Serialize) -> Entry {
    let mut entry = Entry::new(kind, at, None, 0);
    entry.details = serde_json::to_string(details).ok();
    entry
}

impl StartDetails {
    /// As JSON; nothing where there is nothing to tell.
    pub fn of(scopes: &[Scope]) -> Option<String> {
        let scopes: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        if scopes.is_empty() { None } else { serde_json::to_string(&Self { scopes }).ok() }
    }
}

impl LogIndex {
    /// Takes in the next segment.
    ///
    /// # Errors
    /// `Corrupt` if its entries cannot be read.
    pub fn apply(&mut self, segment: &Segment) -> Result<()> {
        self.apply_times(segment)?;
        for entry in read_entries(&segment.entries)? {
            self.apply_entry(segment.header.seq, &entry)?;
        }
        self.head = segment.header.last_revision();
        if segment.header.count > 0 {
            self.head_time = Some(segment.header.last_at.micros());
        }
        Ok(())
    }

    fn apply_times(&mut self, segment: &Segment) -> Result<()> {
        let header = &segment.header;
        if header.count == 0 {
            return Ok(());
        }
        if header.first_at == header.last_at {
            self.push_time(header.last_revision(), header.last_at.micros());
            return Ok(());
        }
        let observations = segment.raw_observations()?;
        for (ordinal, at) in observations.column(4).as_primitive::<Int64Type>().values().iter().enumerate() {
            self.push_time(header.first_revision + ordinal as i64, *at);
        }
        Ok(())
    }

    fn push_time(&mut self, revision: Revision, at: i64) {
        match self.times.last_mut() {
            Some(last) if last.at == at => last.revision = revision,
            _ => self.times.push(TimeStep { revision, at }),
        }
    }

    /// Takes in an entry of a segment.
    pub(super) fn apply_entry(&mut self, seq: u64, entry: &EntryView<'_>) -> Result<()> {
        let scan_id = entry.scan_id.unwrap_or_default();
        match entry.kind {
            EntryKind::ScanStarted => {
                let details: StartDetails = if entry.details.is_some() { read_details(entry)? } else { StartDetails::default() };
                let scan = OpenScan {
                    scopes: details.scopes,
                    provider: entry.provider.map(str::to_owned),
                    token: entry.token.unwrap_or(entry.head),
                    started_at: entry.at.micros(),
                    last_at: entry.at.micros(),
                    ..OpenScan::default()
                };
                self.open_scans.insert(scan_id.to_owned(), scan);
            }
            EntryKind::ResourceObserved => {
                let details: BatchDetails = read_details(entry)?;
                if let Some(scan) = self.open_scans.get_mut(scan_id) {
                    (scan.lines, scan.lines_hash, scan.failed) = (details.lines, details.lines_hash, false);
                    scan.last_at = entry.at.micros();
                    scan.counts.add(&details.counts);
                }
            }
            EntryKind::ScanFailed => {
                self.end_scan(scan_id, entry.head);
                if let Some(scan) = self.open_scans.get_mut(scan_id) {
                    (scan.failed, scan.broke) = (true, true);
                    scan.scopes.clear();
                }
            }
            EntryKind::ScanCompleted => {
                self.end_scan(scan_id, entry.head);
                self.open_scans.remove(scan_id);
            }
            EntryKind::ScopeCovered => {
                let scope = entry.scope.map(|parts| parts.join("/")).unwrap_or_default();
                match entry.status {
                    Some("suspect") => {
                        self.suspects.insert(scope, entry.head);
                    }
                    Some("complete") => {
                        self.suspects.remove(&scope);
                    }
                    _ => {}
                }
            }
            EntryKind::TagCreated => {
                let details: TagDetails = read_details(entry)?;
                self.tags.insert(details.name, TagPoint { revision: details.revision, head: entry.head, held: false });
            }
            EntryKind::TagHeld | EntryKind::TagReleased => {
                let details: TagDetails = read_details(entry)?;
                if let Some(point) = self.tags.get_mut(&details.name) {
                    point.held = entry.kind == EntryKind::TagHeld;
                }
            }
            EntryKind::Retention => {
                let details: RetentionDetails = read_details(entry)?;
                self.floor = self.floor.max(details.floor);
            }
            EntryKind::SettingChanged => self.settings = read_details(entry)?,
            EntryKind::AnalysisRun => {
                let run: RunDetails = read_details(entry)?;
                if run.told_findings {
                    self.last_run = Some(run.run_id);
                }
            }
            EntryKind::Finding | EntryKind::Repaired | EntryKind::RedactionApplied => {}
            EntryKind::Redacted => {
                let details: RedactionDetails = read_details(entry)?;
                self.redactions.push(details.in_force(entry.head, seq));
            }
            EntryKind::JobClaimed => jobs::claimed(&mut self.jobs, &read_details(entry)?),
            EntryKind::JobEnded => jobs::ended(&mut self.jobs, &read_details(entry)?, entry.at),
        }
        Ok(())
    }

    /// A scan that broke and was continued ends once: where it last ended.
    fn end_scan(&mut self, scan_id: &str, head: Revision) {
        if self.open_scans.get(scan_id).is_some_and(|scan| scan.broke) {
            self.scan_ends.retain(|end| end.scan_id != scan_id);
        }
        self.scan_ends.push(ScanEnd { scan_id: scan_id.to_owned(), head });
    }

    /// The last segment that may hold what was redacted; 0 if nothing was.
    pub fn redacted_seq(&self) -> u64 {
        self.redactions.last().map_or(0, |redaction| redaction.seq)
    }

    /// Whether a scan has ended as it should.
    pub fn is_completed(&self, scan_id: &str) -> bool {
        !self.open_scans.contains_key(scan_id) && self.scan_ends.iter().any(|end| end.scan_id == scan_id)
    }

    /// The last revision observed at or before a time; 0 before the first.
    pub fn revision_at(&self, time: Timestamp) -> Revision {
        let after = self.times.partition_point(|step| step.at <= time.micros());
        after.checked_sub(1).and_then(|at| self.times.get(at)).map_or(0, |step| step.revision)
    }

    /// The time of the newest observation up to a revision, if there is one.
    pub fn time_of(&self, revision: Revision) -> Option<Timestamp> {
        if revision < 1 {
            return None;
        }
        let at = self.times.partition_point(|step| step.revision < revision);
        self.times.get(at).or(self.times.last()).map(|step| Timestamp::from_micros(step.at))
    }
}

pub(super) fn read_details<T: for<'de> Deserialize<'de>>(entry: &EntryView<'_>) -> Result<T> {
    serde_json::from_str(entry.details.unwrap_or_default())
        .map_err(|error| Error::corrupt(format!("the details of a {} entry cannot be read", entry.kind.as_str())).with_source(error))
}
