//! Runs of checks and what became of findings, as the log keeps them. A run's findings are written first, in as many
//! commits as they need; they count once the run's own entry is there, so that a run is told whole or not at all.

use serde::{Deserialize, Serialize};

use super::entries::{Entry, EntryKind};
use crate::error::Result;
use crate::model::{ResourceKey, Scope, Timestamp};

/// The part of a run's details that the store reads; the others are its own affair.
#[derive(Debug, Deserialize)]
pub(super) struct RunDetails {
    /// The run.
    pub(super) run_id: String,
    /// Whether it told of findings.
    #[serde(default)]
    pub(super) told_findings: bool,
}

/// A run of checks that has ended.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its id.
    pub run_id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Where it is about findings: the newest run that was known when they were compared.
    pub findings: Option<LastRun>,
    /// How it came out: members of a JSON object, besides the two that are the store's.
    pub details: serde_json::Map<String, serde_json::Value>,
}

/// The newest run that told of findings, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun(pub Option<String>);

/// What becomes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingStatus {
    /// It holds.
    Open,
    /// It holds, and somebody said that it may.
    Exempt,
    /// It held, and its scope could not be seen in full since.
    Unknown,
    /// It does not hold any more.
    Resolved,
}

impl FindingStatus {
    /// The word in the `status` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Exempt => "exempt",
            Self::Unknown => "unknown",
            Self::Resolved => "resolved",
        }
    }

    /// From the word in the `status` column.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Exempt, Self::Unknown, Self::Resolved].into_iter().find(|status| status.as_str() == word)
    }
}

/// A finding as a run left it: written where that differs from how it was.
#[derive(Debug, Clone, Serialize)]
pub struct FindingRecord {
    /// What became of it.
    #[serde(skip)]
    pub status: FindingStatus,
    /// The check.
    pub check_id: String,
    /// The resource.
    pub resource_key: String,
    /// How much it matters: `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// The check's title.
    pub title: String,
    /// What is wrong with the resource.
    pub reason: String,
    /// Since when, by the history.
    pub since: Option<Timestamp>,
    /// Why it may be.
    pub exempt_reason: Option<String>,
    /// Until when it may be.
    pub exempt_until: Option<Timestamp>,
    /// Of one that is unknown or resolved: when a run last saw it.
    pub last_seen_at: Option<Timestamp>,
    /// The revision that run was about.
    pub last_seen_revision: Option<i64>,
    /// Further columns of the check, a JSON object.
    pub details: Option<serde_json::Value>,
}

impl FindingRecord {
    /// As an entry of a run.
    ///
    /// # Errors
    /// `Invalid` if the resource key is none.
    pub(super) fn to_entry(&self, run_id: &str, at: Timestamp) -> Result<Entry> {
        #[derive(Serialize)]
        struct Details<'a> {
            run_id: &'a str,
            #[serde(flatten)]
            finding: &'a FindingRecord,
        }
        let mut entry = Entry::new(EntryKind::Finding, at, None, 0);
        entry.scope = Some(Scope::from_stored(ResourceKey::from_stored(&self.resource_key)?.scope_str()));
        entry.status = Some(self.status.as_str());
        entry.details = serde_json::to_string(&Details { run_id, finding: self }).ok();
        Ok(entry)
    }
}

impl RunRecord {
    pub(super) fn to_entry(&self, at: Timestamp) -> Entry {
        let mut details = self.details.clone();
        details.insert("run_id".to_owned(), self.run_id.as_str().into());
        details.insert("told_findings".to_owned(), self.findings.is_some().into());
        details.insert("started_at".to_owned(), self.started_at.to_string().into());
        let mut entry = Entry::new(EntryKind::AnalysisRun, at, None, 0);
        entry.details = Some(serde_json::Value::Object(details).to_string());
        entry
    }
}
