//! What the settings file says of scans: when, how fast, of which accounts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result};
use crate::store::GuardSettings;

/// `[guard]`: when a listing misses so much that its deletions wait for a second one. Written into the store's log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardFileSettings {
    /// Whether deletions wait at all.
    pub enabled: Option<bool>,
    /// More than this many resources of a scope are missing ...
    pub missing: Option<usize>,
    /// ... and more than this share of it, in percent.
    pub missing_percent: Option<usize>,
    /// Or all of it is missing, and that is this many or more.
    pub missing_all: Option<usize>,
}

impl GuardFileSettings {
    /// The guard of a store after the file has had its say.
    pub fn over(&self, known: &GuardSettings) -> GuardSettings {
        GuardSettings {
            enabled: self.enabled.unwrap_or(known.enabled),
            missing: self.missing.unwrap_or(known.missing),
            missing_percent: self.missing_percent.unwrap_or(known.missing_percent),
            missing_all: self.missing_all.unwrap_or(known.missing_all),
        }
    }
}

/// `[scan]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanSettings {
    /// Listings that are read at once.
    pub at_once: Option<usize>,
    /// How long a cloud may take to answer a request, in seconds.
    pub request_timeout: Option<u64>,
}

/// `[aws]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AwsSettings {
    /// The regions of accounts that name none.
    pub regions: Option<RegionSettings>,
    /// The resource types of accounts that name none.
    pub types: Option<Vec<String>>,
    /// Types that accounts leave out that say nothing of it.
    pub exclude_types: Option<Vec<String>>,
    /// Where AWS is reached.
    pub endpoint_url: Option<String>,
    /// How fast services are asked, by service.
    pub rates: BTreeMap<String, RateSettings>,
    /// The accounts.
    pub accounts: Vec<AccountSettings>,
}

/// `[[aws.accounts]]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// What people call it.
    pub name: String,
    /// A profile of the AWS configuration: the credentials, or those that may take on the role.
    pub profile: Option<String>,
    /// A role to take on.
    pub role_arn: Option<String>,
    /// The name of a role in every account of the organization.
    pub organization_role: Option<String>,
    /// What the owner of the role asks for.
    pub external_id: Option<String>,
    /// Its regions.
    pub regions: Option<RegionSettings>,
    /// Its resource types.
    pub types: Option<Vec<String>>,
    /// Types that are left out.
    pub exclude_types: Option<Vec<String>>,
}

/// A list of regions, or `"all"`: those that are enabled in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegionSettings {
    /// All that there are.
    All,
    /// These.
    Named(Vec<String>),
}

impl<'de> Deserialize<'de> for RegionSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "expected a list of regions, or \"all\"";
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a list of regions, or \"all\"")]
        enum Written {
            Word(String),
            List(Vec<String>),
        }
        match Written::deserialize(deserializer)? {
            Written::Word(word) if word == "all" => Ok(Self::All),
            Written::List(regions) if !regions.is_empty() => Ok(Self::Named(regions)),
            _ => Err(serde::de::Error::custom(EXPECTED)),
        }
    }
}

/// `[aws.rates.SERVICE]`
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSettings {
    /// Requests a second, over time.
    pub per_second: f64,
    /// Requests at once after a pause.
    pub burst: f64,
}

impl AwsSettings {
    /// Checks what the shape of the file does not tell.
    pub(super) fn check(&self) -> Result<()> {
        for (service, rate) in &self.rates {
            let is_rate = |number: f64, least: f64| number.is_finite() && number >= least;
            if !is_rate(rate.per_second, 0.01) || !is_rate(rate.burst, 1.0) {
                return Err(Error::invalid(format!("aws.rates.{service}: expected per_second from 0.01 and burst from 1")));
            }
        }
        let mut names = BTreeSet::new();
        for account in &self.accounts {
            let told = |what: &str| Err(Error::invalid(format!("aws.accounts, account {:?}: {what}", account.name)));
            if account.name.is_empty() || !names.insert(&account.name) {
                return told("expected a name that no other has");
            }
            if account.role_arn.is_some() && account.organization_role.is_some() {
                return told("expected role_arn or organization_role, found both");
            }
            if account.external_id.is_some() && account.role_arn.is_none() && account.organization_role.is_none() {
                return told("external_id is for a role, and there is neither role_arn nor organization_role");
            }
        }
        Ok(())
    }
}
