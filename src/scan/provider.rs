//! What a cloud looks like to a scan: listings that hand in pages.
//!
//! A provider only ever reads. It is handed a [`Sink`], never a store; what it could not see it says with a [`Failure`], and
//! nothing is ever deleted on the strength of that. What it needs of the store it asks the sink: whether a page is believed
//! ([`Received`]), and what is known of resources that are costly to describe ([`Sink::known`]).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::ingest::convert::Draft;
use crate::model::{ResourceKey, Revision, Scope};

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// How many requests it took, retries included.
    pub calls: u64,
    /// Those of its scopes of which something could not be seen, and why. The others are complete.
    pub partial: BTreeMap<Scope, Failure>,
}

impl Listed {
    /// One that has seen all of its scopes.
    pub fn whole(calls: u64) -> Self {
        Self { calls, partial: BTreeMap::new() }
    }
}

/// Takes what a listing sees.
#[async_trait]
pub trait Sink: Send + Sync {
    /// To be called before a page is asked for: what others write between this and the page is newer than the page.
    async fn about_to_ask(&self) -> Result<Asked>;

    /// What is known of each of these resources; `None` of those that are not live. A provider that learns cheaply that a
    /// resource is as it was hands in what is known: it is observed again, unchanged.
    ///
    /// # Errors
    /// If the store cannot tell: the listing should stop.
    async fn known(&self, resources: &[ResourceKey]) -> Result<Vec<Option<Draft>>>;

    /// Hands in the resources of a page. They are durable when this returns, unless the page is not believed.
    ///
    /// # Errors
    /// If the store does not take them: the listing should stop.
    async fn page(&self, asked: Asked, resources: Vec<Draft>) -> Result<Received>;

    /// Something that is no error, but that one would want to know.
    fn note(&self, note: String);
}

/// The moment at which a page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub(super) head: Revision,
    pub(super) is_confirmed: bool,
}

impl Asked {
    /// The same for a page whose tags were fetched a second time, or told one by one: it is believed.
    #[must_use]
    pub fn confirmed(self) -> Self {
        Self { is_confirmed: true, ..self }
    }
}

/// What became of a page.
#[derive(Debug)]
#[must_use = "a page that is doubted has not been written"]
pub enum Received {
    /// It is durable.
    Written,
    /// It is not: several of its resources had tags, and now none has any, or hardly one. Services under load answer so.
    /// Here is the page again: its tags are to be fetched a second time, and handed in as [`Asked::confirmed`].
    Doubted(Vec<Draft>),
}

impl Received {
    /// For a listing that cannot fetch tags a second time: a page that is doubted ends it.
    ///
    /// # Errors
    /// `TagsMissing` if it is doubted.
    pub fn written(self, calls: u64) -> std::result::Result<(), Failure> {
        match self {
            Self::Written => Ok(()),
            Self::Doubted(page) => Err(Failure::new(Reason::TagsMissing, tags_missing(page.len()), calls)),
        }
    }
}

/// What is said of a page that is not believed.
pub(super) fn tags_missing(resources: usize) -> String {
    format!("a page of {resources} resources came without the tags that they had before")
}

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
    /// The service does not list this, by its name alone or in this region.
    NotListable,
    /// There was no connection.
    Unreachable,
    /// The service failed.
    ServiceFailed,
    /// The answer was not what the call answers.
    BadAnswer,
    /// Resources that had tags came without, and could not be asked for them again.
    TagsMissing,
    /// Another scan is listing it.
    LeftToOtherScan,
    /// The store did not take what was seen.
    Store,
    /// The account is closed, or about to be.
    AccountSuspended,
    /// The scan was stopped.
    Interrupted,
}

impl Reason {
    /// Whether it was not looked, for a good reason, rather than not seen.
    pub fn is_skip(self) -> bool {
        matches!(self, Self::RegionDisabled | Self::AccountSuspended | Self::Unsupported | Self::NotListable | Self::LeftToOtherScan)
    }

    /// The word that coverage shows where the provider gave no code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::Unauthenticated => "unauthenticated",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed_out",
            Self::RegionDisabled => "region_disabled",
            Self::Unsupported => "unsupported",
            Self::NotListable => "not_listable",
            Self::Unreachable => "unreachable",
            Self::ServiceFailed => "service_failed",
            Self::BadAnswer => "bad_answer",
            Self::TagsMissing => "tags_missing",
            Self::LeftToOtherScan => "left_to_other_scan",
            Self::Store => "store",
            Self::AccountSuspended => "account_suspended",
            Self::Interrupted => "interrupted",
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
