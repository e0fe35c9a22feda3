//! What a resource type declares about its attributes: which are volatile, which arrays are sets, which states are final.
//!
//! The rules in force are written into the store's log (`setting_changed`), so that every reader and writer of a store
//! uses the same ones; the lists here are what a new store starts with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::canonical::{each_element, each_member};

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

const LOAD_BALANCER_SETS: &[&str] = &["/properties/AvailabilityZones", "/properties/SecurityGroups", "/properties/LoadBalancerAttributes"];

/// Volatile attributes, sets and final states that Elava ships, from the documentation of the services.
const SHIPPED: &[Shipped] = &[
    ("aws_ec2_instance", &[], &["/properties/SecurityGroups", "/properties/NetworkInterfaces/*/Groups"], &["terminated"]),
    ("aws_vpc_subnet", &["/properties/AvailableIpAddressCount"], &[], &[]),
    ("aws_vpc_nat_gateway", &[], &[], &["deleted"]),
    ("aws_vpc_endpoint", &[], &["/properties/SubnetIds", "/properties/RouteTableIds", "/properties/NetworkInterfaceIds"], &["deleted"]),
    ("aws_ec2_ami", &[], &[], &["deregistered"]),
    ("aws_ec2_managed_prefix_list", &[], &[], &["delete-complete"]),
    ("aws_ec2_application_load_balancer", &[], LOAD_BALANCER_SETS, &[]),
    ("aws_ec2_network_load_balancer", &[], LOAD_BALANCER_SETS, &[]),
    ("aws_ec2_gateway_load_balancer", &[], LOAD_BALANCER_SETS, &[]),
    ("aws_ec2_target_group", &[], &["/properties/LoadBalancerArns"], &[]),
    ("aws_ec2_autoscaling_group", &[], &["/properties/Instances", "/properties/AvailabilityZones", "/properties/TargetGroupARNs"], &[]),
    ("aws_lambda_function", &[], &["/properties/VpcConfig/SubnetIds", "/properties/VpcConfig/SecurityGroupIds"], &[]),
    ("aws_iam_role", &["/properties/RoleLastUsed"], &["/properties/AttachedManagedPolicies", "/properties/RolePolicyList"], &[]),
    ("aws_iam_user", &[], &["/properties/AttachedManagedPolicies", "/properties/UserPolicyList", "/properties/GroupList"], &[]),
    ("aws_iam_group", &[], &["/properties/AttachedManagedPolicies", "/properties/GroupPolicyList"], &[]),
    ("aws_iam_policy", &[], &["/properties/PolicyVersionList"], &[]),
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
    /// A copy of the canonical value at a pointer (`/properties`) in which equal contents are equal texts: no volatile
    /// members, sets in one order. Text that is not canonical stays as it is.
    pub fn comparable<'t>(&self, at: &str, value: &'t str) -> Cow<'t, str> {
        let volatile = self.volatile.iter().map(|pattern| (pattern, Edit::Remove));
        let sets = self.sets.iter().map(|pattern| (pattern, Edit::Sort));
        volatile.chain(sets).fold(Cow::Borrowed(value), |value, (pattern, edit)| {
            let below = below(pattern, at).filter(|steps| steps.is_none_or(|steps| may_lead_into(steps, &value)));
            let Some(steps) = below else { return value };
            let mut edited = String::with_capacity(value.len());
            match write_reached(&value, steps, edit, &mut edited) {
                Some(()) => Cow::Owned(edited),
                None => value,
            }
        })
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
    patterns.iter().any(|pattern| below(pattern, pointer) == Some(None))
}

/// The steps that a pattern takes below the value at a pointer, if it leads there and further on; `None` if it does not lead
/// through there.
fn below<'p>(pattern: &'p str, pointer: &str) -> Option<Option<&'p str>> {
    let mut rest = Some(pattern);
    for step in pointer.split('/') {
        let (expected, after) = first_step(rest?);
        if expected != step && expected != "*" {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

fn first_step(steps: &str) -> (&str, Option<&str>) {
    match steps.split_once('/') {
        Some((step, rest)) => (step, Some(rest)),
        None => (steps, None),
    }
}

/// What happens to the values that a pattern reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    /// Members are left out, and elements; one at a position of its own becomes null, so that the others keep theirs.
    Remove,
    /// The elements of arrays are sorted.
    Sort,
}

/// Whether some steps of a pointer may lead somewhere in a canonical value: cheap, and never wrongly no.
fn may_lead_into(steps: &str, value: &str) -> bool {
    let stands_as_it_is =
        |step: &str| !step.contains(|letter: char| letter == '~' || letter == '"' || letter == '\\' || letter.is_control());
    let is_position = |step: &str| step == "*" || step.parse::<usize>().is_ok();
    steps.split('/').filter(|step| !is_position(step) && stands_as_it_is(step)).all(|step| value.contains(step))
}

/// Appends a canonical value, with what some steps of a pointer reach in it edited. `None` if it is not canonical.
fn write_edited(value: &str, steps: &str, edit: Edit, out: &mut String) -> Option<()> {
    let (step, rest) = first_step(steps);
    let removes = rest.is_none() && edit == Edit::Remove;
    match value.as_bytes().first()? {
        b'{' => {
            let step = unescaped(step);
            let mut separator = '{';
            each_member(value, |member| {
                let is_reached = step == "*" || step == member.name();
                if is_reached && removes {
                    return Some(());
                }
                out.push(std::mem::replace(&mut separator, ','));
                out.push_str(member.literal);
                out.push(':');
                if is_reached { write_reached(member.value, rest, edit, out) } else { append(member.value, out) }
            })?;
            append(if separator == '{' { "{}" } else { "}" }, out)
        }
        b'[' => {
            let position = step.parse::<usize>().ok();
            let (mut separator, mut at) = ('[', 0);
            each_element(value, |element| {
                let is_reached = step == "*" || position == Some(at);
                at += 1;
                if step == "*" && removes {
                    return Some(());
                }
                out.push(std::mem::replace(&mut separator, ','));
                match is_reached {
                    true if removes => append("null", out),
                    true => write_reached(element, rest, edit, out),
                    false => append(element, out),
                }
            })?;
            append(if separator == '[' { "[]" } else { "]" }, out)
        }
        _ => append(value, out),
    }
}

/// Appends a value that all steps so far have led to.
fn write_reached(value: &str, rest: Option<&str>, edit: Edit, out: &mut String) -> Option<()> {
    match rest {
        Some(rest) => write_edited(value, rest, edit, out),
        None if edit == Edit::Sort && value.starts_with('[') => write_sorted(value, out),
        None => append(value, out),
    }
}

fn write_sorted(array: &str, out: &mut String) -> Option<()> {
    let mut elements = Vec::new();
    each_element(array, |element| {
        elements.push(element);
        Some(())
    })?;
    elements.sort_unstable();
    out.push('[');
    for (at, element) in elements.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(element);
    }
    append("]", out)
}

fn append(text: &str, out: &mut String) -> Option<()> {
    out.push_str(text);
    Some(())
}

/// A step of a JSON Pointer as the name that it stands for.
fn unescaped(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}
