//! Observations: what a scan says about one resource, and the hash that decides whether it changed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::rules::TypeRules;
use super::{CanonicalJson, ResourceKey, Text, Timestamp};
use crate::error::{Error, Result};

/// What an observation did to the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Change {
    /// A life began.
    Created = 0,
    /// A new version of a live resource.
    Updated = 1,
    /// The version that was there, seen again.
    Unchanged = 2,
    /// A life ended.
    Deleted = 3,
    /// Differs from what another scan wrote since it was asked for; alters no state.
    Late = 4,
}

impl Change {
    /// The word that SQL shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Late => "late",
        }
    }

    /// From its number in a segment.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Unchanged, Self::Deleted, Self::Late].into_iter().find(|change| *change as u8 == code)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Change {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        (0..5)
            .filter_map(Self::from_code)
            .find(|change| change.as_str() == text)
            .ok_or_else(|| Error::invalid(format!("unknown change {text:?}")))
    }
}

/// Everything that an observation says about a resource besides its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The cloud's own name of the type.
    pub native_type: Option<Text>,
    /// The cloud's global name of the resource.
    pub arn: Option<Text>,
    /// What people call it.
    pub name: Option<Text>,
    /// The cloud's own word for its state.
    pub state: Option<Text>,
    /// When the cloud says it was made.
    pub created_at: Option<Timestamp>,
    /// An object of strings; `None` = unknown, `{}` = none.
    pub tags: Option<CanonicalJson>,
    /// The cloud's own description of it.
    pub properties: CanonicalJson,
}

/// The identity of a content without its volatile attributes: the first 16 bytes of a SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 16]);

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Content {
    /// The same content without other text that it keeps in memory, for those who hold it for long: what is read from an
    /// input shares it.
    #[must_use]
    pub fn detached(content: &Arc<Self>) -> Arc<Self> {
        let Self { native_type, arn, name, state, created_at, tags, properties } = &**content;
        let mut texts = [native_type, arn, name, state].into_iter().flatten();
        let mut documents = tags.iter().chain([properties]);
        if !texts.any(Text::is_shared) && !documents.any(CanonicalJson::is_shared) {
            return Arc::clone(content);
        }
        let text = |text: &Option<Text>| text.as_ref().map(Text::detached);
        Arc::new(Self {
            native_type: text(native_type),
            arn: text(arn),
            name: text(name),
            state: text(state),
            created_at: *created_at,
            tags: tags.as_ref().map(CanonicalJson::detached),
            properties: properties.detached(),
        })
    }

    /// The hash that decides equality under the rules of the resource's type. Each field is hashed with its length, so
    /// that no two different contents have one input; a missing field has a length that no text has.
    pub fn hash(&self, rules: Option<&TypeRules>) -> ContentHash {
        let mut hasher = Sha256::new();
        let texts = [&self.native_type, &self.arn, &self.name, &self.state];
        for text in texts {
            hash_field(&mut hasher, text.as_deref());
        }
        hasher.update(self.created_at.map_or(i64::MIN, Timestamp::micros).to_le_bytes());
        hash_field(&mut hasher, self.tags.as_ref().map(CanonicalJson::as_str));
        let properties = self.properties.as_str();
        match rules {
            None => hash_field(&mut hasher, Some(properties)),
            Some(rules) => hash_field(&mut hasher, Some(&rules.comparable("/properties", properties))),
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let mut short = [0; 16];
        short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        ContentHash(short)
    }
}

fn hash_field(hasher: &mut Sha256, text: Option<&str>) {
    match text {
        None => hasher.update(u64::MAX.to_le_bytes()),
        Some(text) => {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
}

/// What was seen of the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// It is there, and looks like this. Cloning shares the content.
    Present(Arc<Content>, ContentHash),
    /// The source says that it is gone.
    Deleted,
}

/// One sighting of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Which resource.
    pub key: ResourceKey,
    /// What was seen.
    pub sighting: Sighting,
    /// When, if the source says so for this one.
    pub observed_at: Option<Timestamp>,
}
