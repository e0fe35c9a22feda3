//! What an import does with the contents that it reads: secrets are replaced, and what decides equality is hashed.

use std::sync::Arc;

use hashbrown::DefaultHashBuilder;

use super::convert::redact::Secrets;
use crate::model::{Content, Sighting, TypeRules, TypeRulesSet, parse_json};

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
