//! What becomes of contents on every way in: secrets are replaced, and what decides equality is hashed.

use std::sync::Arc;

use hashbrown::DefaultHashBuilder;

use super::convert::Draft;
use super::convert::redact::Secrets;
use crate::error::Result;
use crate::model::{Content, Observation, Sighting, Text, Timestamp, TypeRules, TypeRulesSet, parse_json};
use crate::store::check_time;

/// How observations are read: the same for all of an import.
#[derive(Debug)]
pub(super) struct Rules {
    /// What is volatile, what is a set.
    pub types: TypeRulesSet,
    /// Secrets are replaced.
    pub redact: bool,
    /// Hashes keys.
    pub hasher: DefaultHashBuilder,
}

/// The rules for one resource type. Observations of one type follow each other, so it is worth to keep them.
#[derive(Debug)]
pub(super) struct RulesOfType<'r> {
    resource_type: Box<str>,
    comparing: Option<&'r TypeRules>,
    secrets: Secrets,
}

impl Rules {
    /// The rules for a type.
    pub(super) fn of(&self, resource_type: &str) -> RulesOfType<'_> {
        let secrets = if self.redact { Secrets::of(resource_type) } else { Secrets::default() };
        RulesOfType { resource_type: resource_type.into(), comparing: self.types.comparing(resource_type), secrets }
    }
}

impl RulesOfType<'_> {
    /// Which type they are for.
    pub(super) fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// A sighting of a content: secrets replaced, hashed under the rules of its type.
    pub(super) fn present(&self, mut content: Content) -> Sighting {
        if self.secrets.may_be_in(content.properties.as_str())
            && let Ok(mut value) = parse_json(content.properties.as_str().as_bytes())
            && self.secrets.redact(&mut value) > 0
        {
            content.properties = value.canonical();
        }
        let hash = content.hash(self.comparing);
        Sighting::Present(Arc::new(content), hash)
    }
}

/// The observation of a draft: its key and times checked, secrets replaced, hashed.
///
/// # Errors
/// `Invalid` if the key is none, or the time lies in the future.
pub(super) fn observation(draft: Draft, rules: &Rules, now: Timestamp) -> Result<Observation> {
    let key = draft.key()?;
    if let Some(at) = draft.observed_at {
        check_time(at, now).map_err(|error| error.context(&key))?;
    }
    let text = |text: Option<String>| text.map(Text::from);
    let sighting = if draft.deleted {
        Sighting::Deleted
    } else {
        let content = Content {
            native_type: text(draft.native_type),
            arn: text(draft.arn),
            name: text(draft.name),
            state: text(draft.state),
            created_at: draft.created_at,
            tags: draft.tags.map(|tags| tags.canonical()),
            properties: draft.properties.canonical(),
        };
        rules.of(key.resource_type()).present(content)
    };
    Ok(Observation { key, sighting, observed_at: draft.observed_at })
}

/// Makes observations of what scanners see. Secrets never stay.
#[derive(Debug)]
pub struct Reader(Rules);

impl Reader {
    /// Under the rules of a store.
    pub fn new(types: &TypeRulesSet) -> Self {
        Self(Rules { types: types.clone(), redact: true, hasher: DefaultHashBuilder::default() })
    }

    /// The observation of what was seen.
    ///
    /// # Errors
    /// `Invalid` if the key is none, or the time lies after `now`.
    pub fn observation(&self, seen: Draft, now: Timestamp) -> Result<Observation> {
        observation(seen, &self.0, now)
    }
}
