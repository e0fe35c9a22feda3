//! What is allowed for now, by check and resource.

use serde::Serialize;

use super::outcome::Exemption;
use crate::model::{Timestamp, matches};

/// One thing that is allowed for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExemptionRule {
    /// The id of the check; `*` stands for any text.
    pub check: String,
    /// The key of the resource; `*` stands for any text.
    pub resource: String,
    /// Why, and until when.
    #[serde(flatten)]
    pub exemption: Exemption,
}

/// Of the rules for a check and a resource that are in force at a time, the one that is so for longest.
pub(super) fn exemption<'a>(rules: &'a [ExemptionRule], check: &str, resource: &str, now: Timestamp) -> Option<&'a Exemption> {
    let applies = |rule: &&ExemptionRule| matches(&rule.check, check) && matches(&rule.resource, resource);
    let in_force = rules.iter().filter(applies).map(|rule| &rule.exemption).filter(|exemption| now < exemption.until);
    in_force.max_by_key(|exemption| exemption.until)
}
