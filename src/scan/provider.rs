//! What a cloud looks like to a scan: listings that hand in pages.
//!
//! A provider only ever reads. It is handed a [`Sink`], never a store; what it could not see it says with a [`Failure`], and
//! nothing is ever deleted on the strength of that.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::ingest::convert::Draft;
use crate::model::{Revision, Scope};

/// A cloud, or a part of one, that can be listed.
#[async_trait]
pub trait Provider: fmt::Debug + Send + Sync {
    /// The `provider` of all its resources.
    fn name(&self) -> &str;

    /// All there is to list. The scopes of two listings must not overlap.
    ///
    /// # Errors
    /// If not even that can be learned: no credentials, no network.
    async fn listings(&self) -> Result<Vec<Arc<dyn Listing>>>;
}

/// One listing: what is asked for in one account and region, page by page.
#[async_trait]
pub trait Listing: fmt::Debug + Send + Sync {
    /// What is asked, and what it covers.
    fn about(&self) -> &About;

    /// Reads it to its end, handing in its pages as they come.
    ///
    /// # Errors
    /// What kept it from its end. What was handed in stays.
    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure>;
}

/// What a listing asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What is called, as the provider names it: `ec2:DescribeVpcs`.
    pub call: String,
    /// The account that is asked.
    pub account_id: String,
    /// The region that is asked, or `global`.
    pub region: String,
    /// The scopes that it covers: what a complete listing did not show of them is gone.
    pub scopes: Vec<Scope>,
    /// The permissions that it needs.
    pub permissions: Vec<String>,
}

/// A listing that was read to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listed {
    /// How many requests it took, retries included.
    pub calls: u64,
}

/// Takes what a listing sees.
#[async_trait]
pub trait Sink: Send + Sync {
    /// To be called before a page is asked for: what others write between this and the page is newer than the page.
    async fn about_to_ask(&self) -> Result<Asked>;

    /// Hands in the resources of a page. They are durable when this returns.
    ///
    /// # Errors
    /// If the store does not take them: the listing should stop.
    async fn page(&self, asked: Asked, resources: Vec<Draft>) -> Result<()>;

    /// Something that is no error, but that one would want to know.
    fn note(&self, note: String);
}

/// The moment at which a page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked(pub(super) Revision);

/// Why a listing could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub reason: Reason,
    /// The provider's own error code, where it gave one.
    pub code: Option<String>,
    /// What happened, in the provider's own words.
    pub message: String,
    /// How many requests were sent, retries included.
    pub calls: u64,
}

/// The kinds of failure that people tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The credentials do not allow it.
    AccessDenied,
    /// The credentials themselves are refused, or there are none.
    Unauthenticated,
    /// There were too many requests, again and again.
    Throttled,
    /// There was no answer in time.
    TimedOut,
    /// The region is not enabled in this account.
    RegionDisabled,
    /// The service has no such call or no such region.
    Unsupported,
    /// There was no connection.
    Unreachable,
    /// The service failed.
    ServiceFailed,
    /// The answer was not what the call answers.
    BadAnswer,
    /// The store did not take what was seen.
    Store,
}

impl Reason {
    /// The word that coverage shows where the provider gave no code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::Unauthenticated => "unauthenticated",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed_out",
            Self::RegionDisabled => "region_disabled",
            Self::Unsupported => "unsupported",
            Self::Unreachable => "unreachable",
            Self::ServiceFailed => "service_failed",
            Self::BadAnswer => "bad_answer",
            Self::Store => "store",
        }
    }
}

impl Failure {
    /// One for which the provider gave no code of its own.
    pub fn new(reason: Reason, message: impl fmt::Display, calls: u64) -> Self {
        Self { reason, code: None, message: message.to_string(), calls }
    }

    /// The provider's own code, else the word for the reason.
    pub fn code(&self) -> String {
        self.code.clone().unwrap_or_else(|| self.reason.as_str().to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message)
    }
}
