//! When violations of a check held.

use serde::Serialize;

use crate::error::Result;
use crate::model::{Revision, TimeSpan, Timestamp};
use crate::query::{Parameters, QuerySession};

/// A check's query and what it is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The query.
    pub sql: &'a str,
    /// The values of its parameters.
    pub parameters: &'a Parameters,
    /// How long a violation must have held to be told of.
    pub lasting: Option<TimeSpan>,
}

/// A revision and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// The revision.
    pub revision: Revision,
    /// When it was observed; none for revision 0.
    pub at: Option<Timestamp>,
}

/// A stretch of time in which a resource violated a check without a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The resource.
    pub resource_key: String,
    /// The newest reason.
    pub reason: String,
    /// The first point at which it was open.
    pub opened: Moment,
    /// Whether it was open already where the range begins.
    pub opened_before: bool,
    /// The first point at which it was open no more; none if it is open where the range ends.
    pub closed: Option<Moment>,
}

/// How intervals were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By one query over the history.
    Temporal,
    /// By the query at each of so many points.
    EachScan {
        /// How many.
        points: usize,
    },
}

/// The violations of a check in a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervals {
    /// By resource, and then by time.
    pub violations: Vec<Violation>,
    /// How they were found.
    pub method: Method,
}

/// The violations of a question from a revision to another, both included; of these resources only, if they are given.
///
/// # Errors
/// Whatever the query runs into.
pub async fn intervals(
    _session: &mut QuerySession,
    _question: &Question<'_>,
    _from: Revision,
    _to: Revision,
    _keys: Option<&[String]>,
) -> Result<Intervals> {
    Ok(Intervals { violations: Vec::new(), method: Method::Temporal })
}
