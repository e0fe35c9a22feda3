//! The resource types that Cloud Control can list by their name alone.
//!
//! `data/aws/resource_types.json` is part of the program, and read when such a type is first asked for.
//! `data/aws/generate_resource_types.py` makes it, and says what is in it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::error::{Error, Result};

const TABLE: &str = include_str!("../../../data/aws/resource_types.json");

/// Services whose resources are the same in all regions.
const GLOBAL_SERVICES: &[&str] = &[
    "BCMDataExports",
    "Billing",
    "BillingConductor",
    "Budgets",
    "CE",
    "CloudFront",
    "GlobalAccelerator",
    "IAM",
    "Invoicing",
    "NetworkManager",
    "Organizations",
    "Route53",
    "Route53RecoveryControl",
    "Route53RecoveryReadiness",
    "Shield",
];

/// A resource type.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ResourceType {
    /// What the credentials have to be allowed for listing.
    pub(super) permissions: Vec<Box<str>>,
    /// The property that holds the tags.
    pub(super) tags: Option<Box<str>>,
    /// The property that holds the ARN.
    pub(super) arn: Option<Box<str>>,
}

/// All types, by name.
///
/// # Errors
/// `Internal` if the table cannot be read.
pub(super) fn resource_types() -> Result<&'static BTreeMap<Box<str>, ResourceType>> {
    #[derive(Deserialize)]
    struct Text {
        types: BTreeMap<Box<str>, ResourceType>,
    }
    static TYPES: OnceLock<Result<Text, String>> = OnceLock::new();
    let read = || serde_json::from_str(TABLE).map_err(|error| format!("the table of resource types cannot be read: {error}"));
    TYPES.get_or_init(read).as_ref().map(|text| &text.types).map_err(|error| Error::internal(error.as_str()))
}

/// Whether a type's resources are the same in all regions.
pub(super) fn is_global(native_type: &str) -> bool {
    native_type.split("::").nth(1).is_some_and(|service| GLOBAL_SERVICES.contains(&service))
}
