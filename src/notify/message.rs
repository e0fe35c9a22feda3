//! What is told of a run of a job.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Findings and rows that a message holds; what is beyond them is counted.
const HELD_MAX: usize = 500;

/// What a run of a job came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Another for each message, the same each time it is sent.
    pub id: String,
    /// The job.
    pub job: String,
    /// The time for which it was done, RFC 3339.
    pub due: String,
    /// When it had ended.
    pub at: String,
    /// Where the store is.
    pub store: String,
    /// Whether it did all that it is for.
    pub ok: bool,
    /// What it did, in a line; why not, if it did not.
    pub summary: String,
    /// Findings that were not there when the job last ended well.
    pub new: Vec<Told>,
    /// Findings that were there then, and are no more.
    pub resolved: Vec<Told>,
    /// New findings that are not in the list.
    pub more_new: usize,
    /// Resolved findings that are not in the list.
    pub more_resolved: usize,
    /// Open findings of the checks that were run; none if none were run.
    pub open: Option<usize>,
    /// The rows of the job's query, if it has one.
    pub rows: Option<Rows>,
}

/// The rows of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// How many there are.
    pub count: u64,
    /// Whether they are others than when the job last ended well.
    pub changed: bool,
    /// The first of them, as objects.
    pub first: Vec<serde_json::Value>,
}

/// A finding as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table findings")]
pub struct Told {
    pub check_id: String,
    pub title: String,
    pub severity: String,
    pub resource_key: String,
    pub reason: String,
}

/// Which messages a target wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Those with new or resolved findings, or other rows than before.
    Changes,
    /// Those of runs that failed.
    Failures,
    /// All.
    All,
}

impl Wanted {
    /// Reads its word.
    ///
    /// # Errors
    /// `Invalid` if it is none.
    pub fn parse(word: &str) -> Result<Self> {
        let known = [Self::Changes, Self::Failures, Self::All].into_iter().find(|wanted| wanted.as_str() == word);
        known.ok_or_else(|| Error::invalid(format!("expected changes, failures or all, found {word:?}")))
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Failures => "failures",
            Self::All => "all",
        }
    }

    /// Whether it is one of these.
    pub fn takes(self, message: &Message) -> bool {
        match self {
            Self::Changes => message.has_changes(),
            Self::Failures => !message.ok,
            Self::All => true,
        }
    }
}

impl Message {
    /// Whether something is there to be told that was not told before.
    pub fn has_changes(&self) -> bool {
        !self.new.is_empty() || !self.resolved.is_empty() || self.rows.as_ref().is_some_and(|rows| rows.changed)
    }

    /// The same message with no more in it than a target may be asked to take.
    #[must_use]
    pub fn limited(mut self) -> Self {
        self.more_new += self.new.len().saturating_sub(HELD_MAX);
        self.more_resolved += self.resolved.len().saturating_sub(HELD_MAX);
        self.new.truncate(HELD_MAX);
        self.resolved.truncate(HELD_MAX);
        self
    }
}
