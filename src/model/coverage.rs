//! What a scan says about one scope.

use std::fmt;
use std::str::FromStr;

use super::Scope;
use crate::error::{Error, Result};

/// How much of a scope a scan has seen. Ordered from best to worst: of two statements about one scope the worse holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoverageStatus {
    /// The whole listing was read: what was not in it is gone.
    Complete,
    /// The scan did not look.
    Skipped,
    /// Complete, but so much is missing that the deletions wait for a second complete scan.
    Suspect,
    /// Some of it was read.
    Partial,
    /// The listing could not be read.
    Failed,
}

impl CoverageStatus {
    /// The word that SQL and the import format use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Suspect => "suspect",
            Self::Partial => "partial",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for CoverageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CoverageStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "complete" => Ok(Self::Complete),
            "suspect" => Ok(Self::Suspect),
            "partial" => Ok(Self::Partial),
            "skipped" => Ok(Self::Skipped),
            "failed" => Ok(Self::Failed),
            _ => Err(Error::invalid(format!("expected complete, partial, failed, skipped or suspect, found {text:?}"))),
        }
    }
}

/// A scan's statement about one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeReport {
    /// The scope.
    pub scope: Scope,
    /// How much of it was seen.
    pub status: CoverageStatus,
    /// The provider's own error code.
    pub error_code: Option<String>,
    /// The provider's own message.
    pub error: Option<String>,
    /// How long the listing took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// How many calls it took.
    pub api_calls: Option<i64>,
}

impl ScopeReport {
    /// A statement without error, duration or calls.
    pub fn new(scope: Scope, status: CoverageStatus) -> Self {
        Self { scope, status, error_code: None, error: None, duration_ms: None, api_calls: None }
    }
}
