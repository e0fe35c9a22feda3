//! Plain data and pure functions: keys, observations, canonical JSON, differences. No I/O, no async.

mod canonical;
mod coverage;
mod diff;
mod json;
mod key;
mod observation;
mod pattern;
mod pointer;
mod rules;
mod span;
mod text;
mod time;

#[cfg(test)]
mod tests;

pub use canonical::{canonical_end, each_element, each_member, plain_string};
pub use coverage::{CoverageStatus, ScopeReport};
pub use diff::changed_paths;
pub use json::{CanonicalJson, JSON_DEPTH_MAX, Json, JsonError, parse_json, read_json};
pub use key::{ResourceKey, Scope};
pub use observation::{Change, Content, ContentHash, Observation, Sighting};
pub use pattern::matches;
pub use pointer::{Attribute, attributes, value_at};
pub use rules::{TypeRules, TypeRulesSet};
pub use span::TimeSpan;
pub use text::Text;
pub use time::{Timestamp, micros};

/// A revision: the position of an observation in the log, from 1. Revision 0 is the empty state before the first.
pub type Revision = i64;
