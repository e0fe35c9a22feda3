//! What to scan of an account: regions, and resource types by name or pattern.

use std::collections::BTreeSet;

use super::bucket;
use super::resource_types::resource_types;
use super::types::APIS;
use crate::error::{Error, Result};
use crate::ingest::convert::resource_type;
use crate::model::matches;

/// Which regions are scanned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Regions {
    /// That of the configuration.
    #[default]
    Configured,
    /// These.
    Named(BTreeSet<String>),
    /// All that are enabled in the account.
    Enabled,
}

/// What to scan of an account. A type is named as Elava names it, or as AWS does (`AWS::Logs::LogGroup`) if it has no listing of
/// its own here; `*` in a name stands for any text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The regions.
    pub regions: Regions,
    /// The resource types; empty = all that have a listing of their own.
    pub types: Vec<String>,
    /// Resource types that are left out.
    pub excluded_types: Vec<String>,
    /// Describe only buckets that are new or listed otherwise than they are known.
    pub is_incremental: bool,
}

impl Selection {
    /// Whether any of some types is to be scanned.
    pub(super) fn takes(&self, types: &[&str]) -> bool {
        types.iter().any(|name| (self.types.is_empty() || named(&self.types, name)) && !named(&self.excluded_types, name))
    }

    /// The types that are to be listed by the names that AWS gives them.
    ///
    /// # Errors
    /// `Invalid` if a name or pattern stands for no type, or for one that has a listing of its own.
    pub(super) fn native_types(&self) -> Result<Vec<String>> {
        let own = own_types();
        let mut found = BTreeSet::new();
        for pattern in self.types.iter().chain(&self.excluded_types) {
            let types = if is_native(pattern) { native_types(pattern, &own)? } else { own_named(pattern, &own)? };
            found.extend(types);
        }
        let asked = found.into_iter().filter(|name| named(&self.types, name) && !named(&self.excluded_types, name));
        Ok(asked.collect())
    }
}

/// The types that have a listing of their own.
fn own_types() -> BTreeSet<&'static str> {
    APIS.iter().flat_map(|api| api.types).copied().chain([bucket::TYPE]).collect()
}

/// Whether a name or pattern is of AWS's names.
fn is_native(pattern: &str) -> bool {
    pattern.contains("::")
}

/// Makes sure that a pattern stands for a type with a listing of its own.
fn own_named(pattern: &str, own: &BTreeSet<&str>) -> Result<Vec<String>> {
    if own.iter().any(|name| matches(pattern, name)) {
        return Ok(Vec::new());
    }
    let known = own.iter().copied().collect::<Vec<_>>().join(", ");
    Err(Error::invalid(format!("unknown resource type {pattern:?}"))
        .with_hint(format!("scanned are {known}, and types of CloudFormation by their names (AWS::Logs::LogGroup)")))
}

/// The types that AWS names so and that have no listing of their own.
fn native_types(pattern: &str, own: &BTreeSet<&str>) -> Result<Vec<String>> {
    let has_own = |name: &str| own.contains(resource_type(name, None).as_str());
    if pattern.contains('*') {
        let known = resource_types()?.keys().filter(|name| matches(pattern, name) && !has_own(name));
        let found: Vec<String> = known.map(|name| name.to_string()).collect();
        let none = || Error::invalid(format!("no resource type of AWS without a listing of its own is like {pattern:?}"));
        return if found.is_empty() { Err(none()) } else { Ok(found) };
    }
    if has_own(pattern) {
        let named = resource_type(pattern, None);
        return Err(Error::invalid(format!("{pattern} has a listing of its own")).with_hint(format!("name it {named}")));
    }
    match *pattern.split("::").collect::<Vec<_>>() {
        ["AWS", service, name] if !service.is_empty() && !name.is_empty() => Ok(vec![pattern.to_owned()]),
        _ => Err(Error::invalid(format!("expected a resource type such as AWS::Logs::LogGroup, found {pattern:?}"))),
    }
}

fn named(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(types: &[&str], excluded: &[&str]) -> Selection {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Selection { types: texts(types), excluded_types: texts(excluded), ..Selection::default() }
    }

    #[test]
    fn patterns_of_native_names_leave_out_what_has_its_own_listing() {
        let of = |types: &[&str], excluded: &[&str]| selection(types, excluded).native_types().unwrap();
        assert_eq!(of(&[], &[]), [] as [&str; 0]);
        assert_eq!(of(&["aws_vpc", "aws_rds_*"], &[]), [] as [&str; 0]);
        assert_eq!(of(&["AWS::Logs::LogGroup", "AWS::New::Thing"], &[]), ["AWS::Logs::LogGroup", "AWS::New::Thing"]);
        let all = of(&["AWS::*::*"], &[]);
        assert!(all.len() > 1000, "{}", all.len());
        for own in ["AWS::EC2::VPC", "AWS::IAM::ManagedPolicy", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::S3::Bucket"] {
            assert!(!all.iter().any(|name| name == own), "{own}");
        }
        assert!(of(&["AWS::Logs::*"], &["AWS::Logs::Log*"]).iter().all(|name| !name.contains("LogGroup")));
        assert!(!selection(&["AWS::*::*"], &[]).takes(&["aws_vpc"]));
    }

    #[test]
    fn names_that_stand_for_nothing_are_refused() {
        for (pattern, message) in [
            ("aws_nothing", "unknown resource type \"aws_nothing\""),
            ("gcp_*", "unknown resource type \"gcp_*\""),
            ("AWS::EC2::VPC", "AWS::EC2::VPC has a listing of its own"),
            ("AWS::Nothing::*", "no resource type of AWS without a listing of its own is like \"AWS::Nothing::*\""),
            ("AWS::Logs", "expected a resource type such as AWS::Logs::LogGroup, found \"AWS::Logs\""),
        ] {
            let error = selection(&[pattern], &[]).native_types().unwrap_err();
            assert_eq!(error.message(), message);
        }
    }

    #[test]
    fn each_type_with_a_listing_has_a_typed_view() {
        let views = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/types");
        let has_view = |name: &str| {
            let text = std::fs::read_to_string(format!("{views}/{name}.sql")).unwrap_or_default();
            text.contains(&format!("WHERE resource_type = '{name}'"))
        };
        let without: Vec<&str> = own_types().into_iter().filter(|name| !has_view(name)).collect();
        assert_eq!(without, [] as [&str; 0]);
    }

    /// Two types of one name would be one to the store.
    #[test]
    fn no_two_types_have_one_name() {
        let own = own_types();
        let names: Vec<String> = resource_types().unwrap().keys().map(|name| resource_type(name, None)).collect();
        let mut others: Vec<&String> = names.iter().filter(|name| !own.contains(name.as_str())).collect();
        let count = others.len();
        others.sort();
        let doubled: Vec<&&String> = others.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
        assert_eq!(doubled, [] as [&&String; 0]);
        assert!(count > 1000);
    }
}
