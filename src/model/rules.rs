//! What a resource type declares about its attributes: which are volatile, which arrays are sets, which states are final.
//!
//! The rules in force are written into the store's log (`setting_changed`), so that every reader and writer of a store
//! uses the same ones; the lists here are what a new store starts with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Json;

/// What one resource type declares. Pointers start at the resource (`/properties/State`); `*` stands for any position
/// of an array or any member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TypeRules {
    /// Attributes that never make a new version.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volatile: Vec<String>,
    /// Arrays whose order means nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// Values of `state` after which the resource is gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub final_states: Vec<String>,
}

/// The rules of all types that declare any, by `resource_type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypeRulesSet(BTreeMap<String, TypeRules>);

/// A type, its volatile attributes, its sets and its final states.
type Shipped = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Volatile attributes, sets and final states that Elava ships, from the documentation of the services.
const SHIPPED: &[Shipped] = &[
    ("aws_ec2_instance", &[], &["/properties/SecurityGroups", "/properties/NetworkInterfaces/*/Groups"], &["terminated"]),
    ("aws_vpc_subnet", &["/properties/AvailableIpAddressCount"], &[], &[]),
    ("aws_vpc_nat_gateway", &[], &[], &["deleted"]),
    ("aws_vpc_endpoint", &[], &["/properties/SubnetIds", "/properties/RouteTableIds", "/properties/NetworkInterfaceIds"], &["deleted"]),
    ("aws_ec2_ami", &[], &[], &["deregistered"]),
    ("aws_rds_db_instance", &["/properties/LatestRestorableTime"], &["/properties/VpcSecurityGroups"], &[]),
    (
        "aws_rds_db_cluster",
        &["/properties/LatestRestorableTime", "/properties/EarliestRestorableTime"],
        &["/properties/VpcSecurityGroups"],
        &[],
    ),
];

/// States after which a resource of any type is gone.
const FINAL_STATES: &[&str] = &["terminated", "deleted"];

impl Default for TypeRulesSet {
    fn default() -> Self {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Self(
            SHIPPED
                .iter()
                .map(|(name, volatile, sets, final_states)| {
                    let rules = TypeRules { volatile: texts(volatile), sets: texts(sets), final_states: texts(final_states) };
                    ((*name).to_owned(), rules)
                })
                .collect(),
        )
    }
}

impl TypeRulesSet {
    /// The rules of a type, if it declares any.
    pub fn of(&self, resource_type: &str) -> Option<&TypeRules> {
        self.0.get(resource_type)
    }

    /// The rules of a type that alter which contents are equal.
    pub fn comparing(&self, resource_type: &str) -> Option<&TypeRules> {
        self.of(resource_type).filter(|rules| !rules.volatile.is_empty() || !rules.sets.is_empty())
    }

    /// Whether a resource of this type in this state is gone.
    pub fn is_final(&self, resource_type: &str, state: &str) -> bool {
        FINAL_STATES.contains(&state) || self.of(resource_type).is_some_and(|rules| rules.final_states.iter().any(|known| known == state))
    }

    /// Sets the rules of a type.
    pub fn set(&mut self, resource_type: &str, rules: TypeRules) {
        self.0.insert(resource_type.to_owned(), rules);
    }
}

impl TypeRules {
    /// A copy of the value at a pointer (`/properties`) in which equal contents are equal values: no volatile members, sets
    /// in one order.
    pub fn comparable(&self, at: &str, mut value: Json) -> Json {
        for steps in self.volatile.iter().filter_map(|pattern| steps_below(pattern, at)) {
            remove(&mut value, &steps);
        }
        for steps in self.sets.iter().filter_map(|pattern| steps_below(pattern, at)) {
            visit(&mut value, &steps, &mut |value| {
                if let Json::Array(values) = value {
                    values.sort_by_cached_key(|value| value.canonical().as_str().to_owned());
                }
            });
        }
        value
    }

    /// Whether the array at a pointer (`/properties/SecurityGroups`) is a set.
    pub fn is_set(&self, pointer: &str) -> bool {
        reaches(&self.sets, pointer)
    }

    /// Whether the value at a pointer is volatile.
    pub fn is_volatile(&self, pointer: &str) -> bool {
        reaches(&self.volatile, pointer)
    }
}

/// Whether one of several patterns is of just this pointer.
fn reaches(patterns: &[String], pointer: &str) -> bool {
    patterns.iter().any(|pattern| through(pattern, pointer).is_some_and(|mut rest| rest.next().is_none()))
}

/// The rest of a pattern below the value at a pointer, `None` if the pattern does not lead through there.
fn through<'a>(pattern: &'a str, pointer: &str) -> Option<std::str::Split<'a, char>> {
    let mut steps = pattern.split('/');
    pointer.split('/').all(|step| steps.next().is_some_and(|pattern| pattern == step || pattern == "*")).then_some(steps)
}

/// The unescaped steps from the value at a pointer to those of a pattern.
fn steps_below(pattern: &str, pointer: &str) -> Option<Vec<String>> {
    through(pattern, pointer).map(|rest| rest.map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn remove(value: &mut Json, steps: &[String]) {
    let Some((last, parents)) = steps.split_last() else { return };
    let position = last.parse::<usize>().ok();
    visit(value, parents, &mut |parent| match parent {
        Json::Object(members) => members.retain(|(name, _)| last != "*" && name.as_ref() != last),
        Json::Array(values) if last == "*" => values.clear(),
        Json::Array(values) => {
            if let Some(value) = position.and_then(|at| values.get_mut(at)) {
                *value = Json::Null;
            }
        }
        _ => {}
    });
}

/// Calls a function with every value that a pointer with `*` reaches.
fn visit(value: &mut Json, steps: &[String], with: &mut dyn FnMut(&mut Json)) {
    let Some((step, rest)) = steps.split_first() else { return with(value) };
    match value {
        Json::Object(members) => {
            members.iter_mut().filter(|(name, _)| step == "*" || name.as_ref() == step).for_each(|(_, value)| visit(value, rest, with));
        }
        Json::Array(values) => {
            let position = step.parse::<usize>().ok();
            values
                .iter_mut()
                .enumerate()
                .filter(|(at, _)| step == "*" || position == Some(*at))
                .for_each(|(_, value)| visit(value, rest, with));
        }
        _ => {}
    }
}
