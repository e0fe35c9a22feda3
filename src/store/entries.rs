//! The entries of the log: what happened, beside the observations themselves.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};

use super::schema;
use super::segment::{numbers, text_at, texts, times};
use crate::error::{Error, Result};
use crate::model::{Revision, Scope, Timestamp};

/// What an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A scan began; `token` is the head that it saw then, `details` which scopes it is about to list, if it tells.
    ScanStarted,
    /// A batch of observations, `first_revision` to `last_revision`; `details` holds how many lines the scan has handed
    /// in and their running hash.
    ResourceObserved,
    /// What a scan says about one scope.
    ScopeCovered,
    /// A scan broke; it deleted nothing.
    ScanFailed,
    /// A scan ended as it should.
    ScanCompleted,
    /// A name was given to a revision.
    TagCreated,
    /// A tag holds the floor at its revision or below.
    TagHeld,
    /// It does no more.
    TagReleased,
    /// The floor was raised: what was over by then can be asked for no more.
    Retention,
    /// A setting that governs meaning has a new value.
    SettingChanged,
    /// Checks were run; `details` tells of what, and how they came out.
    AnalysisRun,
    /// What became of a finding, by a run whose own entry follows.
    Finding,
    /// A daemon took a job that was due.
    JobClaimed,
    /// A job has ended.
    JobEnded,
    /// The store was repaired; `details` tells how.
    Repaired,
    /// What was recorded of a resource up to `head` is replaced by a token; `details` tells of which, and why.
    Redacted,
    /// Nothing of it is left in the tables; `details` tells since which manifest.
    RedactionApplied,
}

impl EntryKind {
    const ALL: [Self; 17] = [
        Self::ScanStarted,
        Self::ResourceObserved,
        Self::ScopeCovered,
        Self::ScanFailed,
        Self::ScanCompleted,
        Self::TagCreated,
        Self::TagHeld,
        Self::TagReleased,
        Self::Retention,
        Self::SettingChanged,
        Self::AnalysisRun,
        Self::Finding,
        Self::JobClaimed,
        Self::JobEnded,
        Self::Repaired,
        Self::Redacted,
        Self::RedactionApplied,
    ];

    /// The word in the `entry` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScanStarted => "scan_started",
            Self::ResourceObserved => "resource_observed",
            Self::ScopeCovered => "scope_covered",
            Self::ScanFailed => "scan_failed",
            Self::ScanCompleted => "scan_completed",
            Self::TagCreated => "tag_created",
            Self::TagHeld => "tag_held",
            Self::TagReleased => "tag_released",
            Self::Retention => "retention",
            Self::SettingChanged => "setting_changed",
            Self::AnalysisRun => "analysis_run",
            Self::Finding => "finding",
            Self::JobClaimed => "job_claimed",
            Self::JobEnded => "job_ended",
            Self::Repaired => "repaired",
            Self::Redacted => "redacted",
            Self::RedactionApplied => "redaction_applied",
        }
    }

    /// From the word in the `entry` column.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How many observations of each change a scan has made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChangeCounts {
    /// Lives begun.
    pub created: i64,
    /// Versions added.
    pub updated: i64,
    /// Seen again.
    pub unchanged: i64,
    /// Lives ended.
    pub deleted: i64,
    /// Recorded, but altering nothing.
    pub late: i64,
}

impl ChangeCounts {
    /// All observations.
    pub fn total(&self) -> i64 {
        self.created + self.updated + self.unchanged + self.deleted + self.late
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.late += other.late;
    }
}

/// One entry. Fields that its kind does not use are `None`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it tells.
    pub kind: EntryKind,
    /// When.
    pub at: Timestamp,
    /// The scan that it belongs to.
    pub scan_id: Option<Arc<str>>,
    /// First revision of a batch.
    pub first_revision: Option<Revision>,
    /// Last revision of a batch.
    pub last_revision: Option<Revision>,
    /// The newest revision once the entry is in the log.
    pub head: Revision,
    /// The scan's provider.
    pub provider: Option<String>,
    /// The only account of the scan so far.
    pub account_id: Option<String>,
    /// The scope.
    pub scope: Option<Scope>,
    /// `complete`, `partial`, ...
    pub status: Option<&'static str>,
    /// The provider's error code.
    pub error_code: Option<String>,
    /// The error.
    pub error: Option<String>,
    /// The head when the scan began.
    pub token: Option<Revision>,
    /// Observations of the scope by the scan.
    pub listed: Option<i64>,
    /// Live resources of the scope that the scan did not see.
    pub missing: Option<i64>,
    /// The scope's deletions.
    pub deleted: Option<i64>,
    /// The scan's totals.
    pub counts: Option<ChangeCounts>,
    /// How long the scope took.
    pub duration_ms: Option<i64>,
    /// How many calls the scope took.
    pub api_calls: Option<i64>,
    /// JSON of what has no column.
    pub details: Option<String>,
}

impl Entry {
    /// An entry without optional fields.
    pub fn new(kind: EntryKind, at: Timestamp, scan_id: Option<Arc<str>>, head: Revision) -> Self {
        Self {
            kind,
            at,
            scan_id,
            head,
            first_revision: None,
            last_revision: None,
            provider: None,
            account_id: None,
            scope: None,
            status: None,
            error_code: None,
            error: None,
            token: None,
            listed: None,
            missing: None,
            deleted: None,
            counts: None,
            duration_ms: None,
            api_calls: None,
            details: None,
        }
    }
}

/// Entries as rows of [`schema::ENTRIES`]. `seq`, `writer` and `segment_hash` are filled in when the segment is read,
/// since a segment cannot hold its own hash.
///
/// # Errors
/// `Internal` if Arrow refuses the columns.
pub fn entries_to_batch(entries: &[Entry]) -> Result<RecordBatch> {
    let number = |get: &dyn Fn(&Entry) -> Option<i64>| -> ArrayRef { Arc::new(entries.iter().map(get).collect::<Int64Array>()) };
    let text = |get: &dyn Fn(&Entry) -> Option<&str>| -> ArrayRef { Arc::new(entries.iter().map(get).collect::<StringViewArray>()) };
    let part = |at: usize| text(&move |entry: &Entry| entry.scope.as_ref().and_then(|scope| scope.parts().get(at).copied()));
    let count = |get: fn(&ChangeCounts) -> i64| number(&move |entry: &Entry| entry.counts.as_ref().map(get));
    let times = TimestampMicrosecondArray::from_iter_values(entries.iter().map(|entry| entry.at.micros())).with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        number(&|_| Some(0)),
        Arc::new(Int64Array::from_iter_values(0..entries.len() as i64)),
        text(&|entry| Some(entry.kind.as_str())),
        Arc::new(times),
        text(&|_| Some("")),
        text(&|entry| entry.scan_id.as_deref()),
        number(&|entry| entry.first_revision),
        number(&|entry| entry.last_revision),
        number(&|entry| Some(entry.head)),
        text(&|_| Some("")),
        text(&|entry| entry.scope.as_ref().map(|scope| scope.parts()[0]).or(entry.provider.as_deref())),
        text(&|entry| entry.scope.as_ref().map(|scope| scope.parts()[1]).or(entry.account_id.as_deref())),
        part(2),
        part(3),
        text(&|entry| entry.status),
        text(&|entry| entry.error_code.as_deref()),
        text(&|entry| entry.error.as_deref()),
        number(&|entry| entry.token),
        number(&|entry| entry.listed),
        number(&|entry| entry.missing),
        count(|counts| counts.created),
        count(|counts| counts.updated),
        count(|counts| counts.unchanged),
        number(&|entry| entry.counts.as_ref().map(|counts| counts.deleted).or(entry.deleted)),
        count(|counts| counts.late),
        number(&|entry| entry.duration_ms),
        number(&|entry| entry.api_calls),
        text(&|entry| entry.details.as_deref()),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&schema::ENTRIES), columns)?)
}

/// The same rows with the columns that only the reader of a segment knows.
///
/// # Errors
/// `Internal` if Arrow refuses the columns.
pub fn place_entries(entries: &RecordBatch, seq: u64, writer: &str, segment_hash: &str) -> Result<RecordBatch> {
    let rows = entries.num_rows();
    let mut columns = entries.columns().to_vec();
    let fill = |text: &str| -> ArrayRef { Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(text, rows))) };
    for (name, column) in [
        ("seq", Arc::new(Int64Array::from_value(i64::try_from(seq).unwrap_or(i64::MAX), rows)) as ArrayRef),
        ("writer", fill(writer)),
        ("segment_hash", fill(segment_hash)),
    ] {
        let at = entries.schema_ref().index_of(name)?;
        if let Some(place) = columns.get_mut(at) {
            *place = column;
        }
    }
    Ok(RecordBatch::try_new(entries.schema(), columns)?)
}

/// What the folds over the log need of an entry.
#[derive(Debug)]
pub struct EntryView<'a> {
    /// What it tells.
    pub kind: EntryKind,
    /// When.
    pub at: Timestamp,
    /// The scan.
    pub scan_id: Option<&'a str>,
    /// The newest revision once it is in the log.
    pub head: Revision,
    /// The scan's provider, or the scope's.
    pub provider: Option<&'a str>,
    /// Provider, account, region, type of a scope.
    pub scope: Option<[&'a str; 4]>,
    /// The status.
    pub status: Option<&'a str>,
    /// The head when the scan began.
    pub token: Option<Revision>,
    /// JSON.
    pub details: Option<&'a str>,
}

/// Reads the rows of [`schema::ENTRIES`].
///
/// # Errors
/// `Corrupt` for an entry that this build does not know.
pub fn read_entries(batch: &RecordBatch) -> Result<Vec<EntryView<'_>>> {
    let (kinds, scans, details) = (texts(batch, "entry")?, texts(batch, "scan_id")?, texts(batch, "details")?);
    let (at, heads, tokens) = (times(batch, "at")?, numbers(batch, "head")?, numbers(batch, "token")?);
    let (providers, statuses) = (texts(batch, "provider")?, texts(batch, "status")?);
    let (accounts, regions, types) = (texts(batch, "account_id")?, texts(batch, "region")?, texts(batch, "resource_type")?);
    let valid = |column: &Int64Array, row: usize| arrow::array::Array::is_valid(column, row).then(|| column.value(row));
    (0..batch.num_rows())
        .map(|row| {
            let word = kinds.value(row);
            let kind = EntryKind::from_word(word).ok_or_else(|| Error::corrupt(format!("unknown log entry {word:?}")))?;
            let scope = match (text_at(providers, row), text_at(accounts, row), text_at(regions, row), text_at(types, row)) {
                (Some(provider), Some(account), Some(region), Some(resource_type)) => Some([provider, account, region, resource_type]),
                _ => None,
            };
            Ok(EntryView {
                kind,
                at: Timestamp::from_micros(at.value(row)),
                scan_id: text_at(scans, row),
                head: heads.value(row),
                provider: text_at(providers, row),
                scope,
                status: text_at(statuses, row),
                token: valid(tokens, row),
                details: text_at(details, row),
            })
        })
        .collect()
}
