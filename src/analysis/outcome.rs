//! What a run of checks found: what is shown, written in every format, and recorded.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::intervals::{Method, Moment};
use crate::error::{Error, Result};
use crate::model::{ResourceKey, TimeSpan, Timestamp, matches};
use crate::query::Parameters;

/// How bad a violation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Untidy.
    Low,
    /// To be mended in time.
    Medium,
    /// To be mended soon.
    High,
    /// To be mended now.
    Critical,
}

impl Severity {
    /// All of them, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|severity| severity.as_str() == word);
        known.ok_or_else(|| Error::invalid(format!("expected low, medium, high or critical, found {word:?}")))
    }
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It could not be run.
    Error,
    /// Something violates it, and is not exempt.
    Fail,
    /// Nothing that was seen violates it, but not all was seen.
    Incomplete,
    /// It has nothing to look at, or lacks the value of a parameter.
    Skipped,
    /// Nothing violates it, or only what is exempt.
    Pass,
}

impl Status {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Fail, Self::Incomplete, Self::Skipped, Self::Pass];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Fail => "fail",
            Self::Incomplete => "incomplete",
            Self::Skipped => "skipped",
            Self::Pass => "pass",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A run of checks and what it found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The run's id.
    pub run_id: String,
    /// The version of Elava.
    pub elava_version: String,
    /// Whether it is about the present, so that findings are as it finds them.
    pub is_present: bool,
    /// When the run began, which is no part of what it found; none where nobody looked at the clock.
    #[serde(skip)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip)]
    pub finished_at: Option<Timestamp>,
    /// What was looked at.
    #[serde(flatten)]
    pub extent: Extent,
    /// The checks, each once, in the order in which the packs have them.
    pub checks: Vec<CheckOutcome>,
    /// How many findings were left of checks that no pack has any more, by check; empty for a run over the past.
    pub removed: BTreeMap<String, usize>,
}

/// What a run looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// The state at a point.
    Point(Moment),
    /// All states from a point to another, both included.
    Range {
        /// The first.
        from: Moment,
        /// The last.
        to: Moment,
    },
}

/// A check and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckOutcome {
    /// The check.
    #[serde(flatten)]
    pub check: CheckAbout,
    /// What it came to.
    pub status: Status,
    /// Why it came to that, where the findings do not tell.
    pub why: Option<String>,
    /// The parameter for want of whose value it was skipped, as `pack.name`.
    pub lacks: Option<String>,
    /// The scopes of its types that were not seen whole.
    pub gaps: Vec<Gap>,
    /// The values that it was run with.
    pub parameters: Parameters,
    /// How long a violation had to hold to be told of.
    pub lasting: Option<TimeSpan>,
    /// What violates it at the point, by resource key; empty for a range.
    pub findings: Vec<Finding>,
    /// How many findings there are beyond those that are held.
    pub more_findings: usize,
    /// What was found by runs before and is not found any more; empty for a run over the past.
    pub resolved: Vec<Resolved>,
    /// When it was violated in the range, by resource key and time; empty for a point.
    pub violations: Vec<Interval>,
    /// How the intervals of a range were found.
    pub method: Option<Method>,
}

/// What there is to know of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckAbout {
    /// Its id, unique over all packs.
    pub id: String,
    /// The packs that have it: its own first, then those whose controls name it.
    pub packs: Vec<String>,
    /// What it finds.
    pub title: String,
    /// How bad that is.
    pub severity: Severity,
    /// The resource types that the answer depends on.
    pub types: Vec<String>,
    /// Those of them without which nothing can be told of the others.
    pub needs: Vec<String>,
    /// What to do.
    pub remediation: String,
    /// Where more is written about it.
    pub docs: Option<String>,
    /// The published controls that it answers.
    pub controls: Vec<Control>,
}

/// A control of a published benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Control {
    /// The pack that has it.
    pub pack: String,
    /// Its number as published.
    pub number: String,
    /// Its title in our own words.
    pub title: String,
}

/// A scope that was not seen whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table scopes")]
pub struct Gap {
    pub provider: String,
    pub account_id: String,
    pub region: String,
    pub resource_type: String,
    /// The status of its newest listing: `partial`, `failed`, `suspect`, `running`, `skipped`, or `unlisted` if there was none.
    pub status: String,
    pub error_code: Option<String>,
    /// Whether it was seen whole before.
    pub was_whole: bool,
}

/// The region of what has none: what is there concerns all regions of its account.
const GLOBAL: &str = "global";

impl Gap {
    /// The provider, account and region in which it lies.
    pub(super) fn place(&self) -> [&str; 3] {
        [&self.provider, &self.account_id, &self.region]
    }

    /// Whether the scope concerns what lies in a region of an account of a provider.
    pub(super) fn concerns(&self, [provider, account_id, region]: [&str; 3]) -> bool {
        let is_near = self.region == region || self.region == GLOBAL || region == GLOBAL;
        self.provider == provider && self.account_id == account_id && is_near
    }

    /// The scope as it stands at the head of its resources' keys.
    pub fn scope(&self) -> String {
        format!("{}/{}/{}/{}", self.provider, self.account_id, self.region, self.resource_type)
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.scope(), self.status)?;
        self.error_code.as_ref().map_or(Ok(()), |code| write!(f, " ({code})"))
    }
}

/// A resource that is told of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(missing_docs, reason = "the resource columns of these names")]
pub struct Resource {
    pub resource_key: String,
    pub provider: String,
    pub account_id: String,
    pub region: String,
    pub resource_type: String,
    pub resource_id: String,
    pub name: Option<String>,
}

impl Resource {
    /// The provider, account and region in which it lies.
    pub(super) fn place(&self) -> [&str; 3] {
        [&self.provider, &self.account_id, &self.region]
    }

    /// A resource by its key, which says all but its name.
    ///
    /// # Errors
    /// `Invalid` if the text is no key.
    pub fn of(resource_key: String, name: Option<String>) -> Result<Self> {
        let key = ResourceKey::from_stored(&resource_key)
            .map_err(|_| Error::invalid(format!("resource_key: expected the key of a resource, found {resource_key:?}")))?;
        let [provider, account_id, region, resource_type, resource_id] = key.parts().map(ToOwned::to_owned);
        Ok(Self { resource_key, provider, account_id, region, resource_type, resource_id, name })
    }
}

/// A resource that violates a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The resource.
    #[serde(flatten)]
    pub resource: Resource,
    /// In a short sentence, what is wrong.
    pub reason: String,
    /// Since when it has been so without a break.
    pub since: Option<Since>,
    /// What else the check's query says, a JSON object.
    pub details: Option<serde_json::Value>,
    /// Why it is allowed for now.
    pub exemption: Option<Exemption>,
    /// Whether no run before found it; none for a run over the past, and where nothing is recorded.
    pub is_new: Option<bool>,
}

/// A resource that does not violate a check any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolved {
    /// The resource.
    #[serde(flatten)]
    pub resource: Resource,
    /// What was wrong.
    pub reason: String,
    /// Since when it was so.
    pub since: Option<Timestamp>,
}

/// Since when a violation has held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Since {
    /// The revision; none where the check itself says since when.
    pub revision: Option<i64>,
    /// The time.
    pub at: Option<Timestamp>,
    /// Whether it was so already where the history begins.
    pub or_before: bool,
}

/// Why a finding is allowed for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exemption {
    /// Why.
    pub reason: String,
    /// The first moment at which it is allowed no more.
    pub until: Timestamp,
}

/// A stretch of time in which a resource violated a check without a break: half-open, from `opened` to `closed`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Interval {
    /// The resource.
    #[serde(flatten)]
    pub resource: Resource,
    /// What was wrong, as the newest reason says it.
    pub reason: String,
    /// The first point at which it was so.
    pub opened: Moment,
    /// Whether it was so already where the range begins.
    pub opened_before: bool,
    /// The first point at which it was so no more; none if it is so where the range ends.
    pub closed: Option<Moment>,
    /// How long, to the end of the range if it is open there.
    pub lasted_seconds: i64,
    /// Why it is allowed where the range ends.
    pub exemption: Option<Exemption>,
}

impl Outcome {
    /// The worst that a check came to; `skipped` if none was run.
    pub fn status(&self) -> Status {
        let run = self.checks.iter().map(|check| check.status).filter(|status| *status != Status::Skipped);
        run.min().unwrap_or(Status::Skipped)
    }

    /// How many checks came to a status.
    pub fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// How many findings of runs before are not found any more.
    pub fn resolved(&self) -> usize {
        self.checks.iter().map(|check| check.resolved.len()).sum()
    }

    /// The worst severity of what is not exempt, or could not be seen; none if there is nothing.
    pub fn worst(&self) -> Option<Severity> {
        let is_bad = |check: &&CheckOutcome| matches!(check.status, Status::Fail | Status::Incomplete);
        self.checks.iter().filter(is_bad).map(|check| check.check.severity).max()
    }
}

impl CheckOutcome {
    /// Leaves out what cannot be told: of resources in whose place a type that the check needs was never seen whole.
    pub(super) fn leave_out_untold(&mut self) {
        let Self { check, gaps, .. } = self;
        let is_needed = |gap: &&Gap| !gap.was_whole && check.needs.iter().any(|need| matches(need, &gap.resource_type));
        let blind: Vec<&Gap> = gaps.iter().filter(is_needed).collect();
        let can_be_told = |resource: &Resource| !blind.iter().any(|gap| gap.concerns(resource.place()));
        self.findings.retain(|finding| can_be_told(&finding.resource));
        self.violations.retain(|interval| can_be_told(&interval.resource));
    }

    /// How many findings, or intervals of a range, are not exempt.
    pub fn open(&self) -> usize {
        let findings = self.findings.iter().filter(|finding| finding.exemption.is_none()).count();
        let intervals = self.violations.iter().filter(|interval| interval.exemption.is_none()).count();
        findings + intervals + self.more_findings
    }

    /// How many are exempt.
    pub fn exempt(&self) -> usize {
        self.findings.len() + self.violations.len() + self.more_findings - self.open()
    }
}
