//! Converters: other people's files about a cloud, turned into what a scan observes.
//!
//! [`aws_cli`] reads what the AWS command line prints, [`aws_config`] what AWS Config delivers, [`redact`] takes secrets
//! out of any properties. They are pure: one parsed document in, drafts out; no file is opened, no clock read. Nothing of
//! a document is left out silently: what is not taken becomes a note.
//!
//! Both AWS converters give one resource one key, whichever file tells of it: `table` is what they share.

mod arn;
pub mod aws_cli;
pub mod aws_config;
mod casing;
mod extract;
mod kinds;
mod names;
pub mod redact;
mod table;

#[cfg(test)]
mod tests;

pub use arn::partition;
pub use extract::{name_tag, tag_object};
pub use names::resource_type;

use crate::error::{Error, Result};
use crate::model::{CanonicalJson, Content, Json, ResourceKey, ScopeReport, Text, Timestamp, parse_json};

/// The provider of everything that these converters make.
const PROVIDER: &str = "aws";
/// The region of what has none.
const GLOBAL: &str = "global";

/// What one document gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Converted {
    /// Sightings, in order: as in the document, or by time where each has its own.
    pub observations: Vec<Draft>,
    /// Which scopes the document covers, and how well. A scope with observations and no report is partial.
    pub scopes: Vec<ScopeReport>,
    /// What was not taken or had to be assumed, and why: one line each, never silently dropped.
    pub notes: Vec<String>,
}

/// One sighting of one resource, before it is checked, redacted and written as canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// `aws`.
    pub provider: String,
    /// The account that owns the resource.
    pub account_id: String,
    /// The region, or `global`.
    pub region: String,
    /// The name of the typed view.
    pub resource_type: String,
    /// The resource's id in its scope.
    pub resource_id: String,
    /// The cloud's own name of the type.
    pub native_type: Option<String>,
    /// The ARN, made from its documented form where the document lacks it.
    pub arn: Option<String>,
    /// The `Name` tag, else the name that the cloud knows.
    pub name: Option<String>,
    /// The cloud's own word for its state.
    pub state: Option<String>,
    /// When the cloud says it was made.
    pub created_at: Option<Timestamp>,
    /// An object of strings; `None` = the document does not tell.
    pub tags: Option<Json>,
    /// The resource, in the shape that the cloud's command line prints.
    pub properties: Json,
    /// The document says that the resource is gone.
    pub deleted: bool,
    /// When it was seen, if the document says so.
    pub observed_at: Option<Timestamp>,
}

impl Draft {
    /// A sighting of which nothing is known but the key. Its properties are an empty object.
    pub fn new(provider: &str, account_id: &str, region: &str, resource_type: &str, resource_id: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            resource_type: resource_type.to_owned(),
            resource_id: resource_id.to_owned(),
            native_type: None,
            arn: None,
            name: None,
            state: None,
            created_at: None,
            tags: None,
            properties: Json::Object(Vec::new()),
            deleted: false,
            observed_at: None,
        }
    }

    /// A resource as a store knows it: seen again, it is unchanged.
    ///
    /// # Errors
    /// `Corrupt` if the store holds what is no JSON.
    pub fn of(key: &ResourceKey, content: &Content) -> Result<Self> {
        let [provider, account_id, region, resource_type, resource_id] = key.parts();
        let text = |text: &Option<Text>| text.as_deref().map(str::to_owned);
        let json = |json: &CanonicalJson| {
            let parsed = parse_json(json.as_str().as_bytes());
            parsed.map_err(|error| Error::corrupt(format!("{key}: what is stored is no JSON: {}", error.message)))
        };
        Ok(Self {
            native_type: text(&content.native_type),
            arn: text(&content.arn),
            name: text(&content.name),
            state: text(&content.state),
            created_at: content.created_at,
            tags: content.tags.as_ref().map(json).transpose()?,
            properties: json(&content.properties)?,
            ..Self::new(provider, account_id, region, resource_type, resource_id)
        })
    }

    /// The checked key.
    ///
    /// # Errors
    /// As [`ResourceKey::new`].
    pub fn key(&self) -> Result<ResourceKey> {
        ResourceKey::new(&self.provider, &self.account_id, &self.region, &self.resource_type, &self.resource_id)
    }
}

/// What is known about a document from outside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// Where it was read: folders named like a region or an account are believed where nothing better is known.
    pub path: Option<&'a str>,
    /// `--account`: the account that was asked.
    pub account: Option<&'a str>,
    /// `--region`: the region that was asked.
    pub region: Option<&'a str>,
    /// `--complete`: the document is the whole answer.
    pub complete: bool,
    /// The service that answered, where that is known.
    pub service: Option<&'a str>,
}

impl<'a> Origin<'a> {
    /// The nearest folder, or the file itself, that is named like a region.
    fn region_of_path(&self) -> Option<&'a str> {
        self.steps().find(|step| arn::is_region(step))
    }

    /// The nearest folder, or the file itself, that is named like an account.
    fn account_of_path(&self) -> Option<&'a str> {
        self.steps().find(|step| arn::is_account(step))
    }

    /// The service that answered, as far as it can be told.
    fn told_service(&self) -> Option<&'a str> {
        self.service.or_else(|| self.command().map(|(service, _)| service))
    }

    /// `ec2` and `describe-vpcs` of a file named `ec2-describe-vpcs.json`.
    fn command(&self) -> Option<(&'a str, &'a str)> {
        let stem = self.steps().next()?;
        let at = ["-describe-", "-list-", "-get-"].iter().filter_map(|verb| stem.find(verb)).min()?;
        Some((stem.get(..at)?, stem.get(at + 1..)?))
    }

    /// The steps of the path, the file's first and without its endings.
    fn steps(&self) -> impl Iterator<Item = &'a str> {
        let mut steps = self.path.unwrap_or_default().rsplit(['/', '\\']);
        let stem = steps.next().and_then(|file| file.split('.').next());
        stem.into_iter().chain(steps)
    }
}

/// The account of `aws sts get-caller-identity`, saved next to other answers: what [`Origin::account`] may be filled from.
pub fn caller_account(document: &Json) -> Option<&str> {
    let account = document.get("Account")?.as_str()?;
    (document.get("UserId").is_some() && arn::is_account(account)).then_some(account)
}
