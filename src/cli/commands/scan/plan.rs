//! What is to be scanned, as the arguments and the settings say it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::cli::args::ScanArgs;
use crate::cli::resolve::{Scanning, Settings};
use crate::error::{Error, Result};
use crate::scan::aws::{Aws, AwsOptions, Organization, Regions, Replay, Selection, services};
use crate::scan::limits::{Limits, Rate};
use crate::scan::provider::Provider;
use crate::settings::{AccountSettings, RateSettings, RegionSettings};

/// What is to be scanned, and at what pace.
#[derive(Debug)]
pub struct Plan {
    /// The accounts.
    pub providers: Vec<Arc<dyn Provider>>,
    /// Listings that are read at once.
    pub at_once: usize,
    /// What the credentials that Elava starts with need besides: the roles to take on, and whether accounts are listed.
    pub roles: BTreeSet<String>,
    /// Whether the accounts of an organization are listed.
    pub lists_accounts: bool,
}

impl Plan {
    /// Makes a plan: an argument wins over what the file says of the account, that over what it says of all.
    ///
    /// # Errors
    /// `Invalid` for a type, a service or a role that is none.
    pub fn new(args: &ScanArgs, settings: &Settings) -> Result<Self> {
        let at_once = args.at_once.unwrap_or(settings.scanning.at_once.value);
        if let Some(folder) = &args.replay {
            let providers = vec![Arc::new(Replay::new(folder)) as Arc<dyn Provider>];
            return Ok(Self { providers, at_once, roles: BTreeSet::new(), lists_accounts: false });
        }
        let in_file = |error: Error| match &settings.config {
            Some(config) => error.context(config.value.display()),
            None => error,
        };
        let limits = Arc::new(Limits::new(rates(settings).map_err(in_file)?));
        let mut plan = Self { providers: Vec::new(), at_once, roles: BTreeSet::new(), lists_accounts: false };
        for account in accounts(args, &settings.file.aws.accounts) {
            let selection = selection(args, &account, &settings.scanning);
            let options = options(args, &account, &settings.scanning);
            let provider: Arc<dyn Provider> = match &account.organization_role {
                Some(role) => {
                    plan.lists_accounts = true;
                    plan.roles.insert(format!("arn:aws:iam::*:role/{role}"));
                    Arc::new(Organization::new(options, role, selection, &limits)?)
                }
                None => {
                    plan.roles.extend(account.role_arn.clone());
                    Arc::new(Aws::new(options, selection, &limits)?)
                }
            };
            plan.providers.push(provider);
        }
        Ok(plan)
    }
}

/// The accounts that the arguments name, else those of the file, else the one that the environment has credentials for.
fn accounts(args: &ScanArgs, of_file: &[AccountSettings]) -> Vec<AccountSettings> {
    let each_or_none = |named: &[String]| if named.is_empty() { vec![None] } else { named.iter().cloned().map(Some).collect() };
    let named_by_args = !(args.profile.is_empty() && args.role_arn.is_empty() && args.organization_role.is_none());
    if !named_by_args && !of_file.is_empty() {
        return of_file.to_vec();
    }
    let mut accounts = Vec::new();
    for profile in each_or_none(&args.profile) {
        for role_arn in each_or_none(&args.role_arn) {
            accounts.push(AccountSettings {
                profile: profile.clone(),
                role_arn,
                organization_role: args.organization_role.clone(),
                external_id: args.external_id.clone(),
                ..AccountSettings::default()
            });
        }
    }
    accounts
}

fn selection(args: &ScanArgs, account: &AccountSettings, of_all: &Scanning) -> Selection {
    let of_account = || account.regions.as_ref().or(of_all.regions.value.as_ref());
    let regions = match (args.all_regions, args.region.as_slice()) {
        (true, _) => Regions::Enabled,
        (false, []) => match of_account() {
            None => Regions::Configured,
            Some(RegionSettings::All) => Regions::Enabled,
            Some(RegionSettings::Named(regions)) => Regions::Named(regions.iter().cloned().collect()),
        },
        (false, regions) => Regions::Named(regions.iter().cloned().collect()),
    };
    let pick = |by_args: &Vec<String>, of_account: &Option<Vec<String>>, of_all: &Vec<String>| match of_account {
        _ if !by_args.is_empty() => by_args.clone(),
        Some(of_account) => of_account.clone(),
        None => of_all.clone(),
    };
    Selection {
        regions,
        types: pick(&args.types, &account.types, &of_all.types.value),
        is_incremental: args.incremental,
        excluded_types: pick(&args.exclude_type, &account.exclude_types, &of_all.exclude_types.value),
    }
}

fn options(args: &ScanArgs, account: &AccountSettings, of_all: &Scanning) -> AwsOptions {
    AwsOptions {
        name: Some(account.name.clone()).filter(|name| !name.is_empty()),
        profile: account.profile.clone(),
        role_arn: account.role_arn.clone(),
        external_id: account.external_id.clone(),
        endpoint_url: args.endpoint_url.clone().or_else(|| of_all.endpoint_url.value.clone()),
        request_time_max: Duration::from_secs(args.request_timeout.unwrap_or(of_all.request_timeout.value)),
    }
}

/// The rates that the file sets.
fn rates(settings: &Settings) -> Result<BTreeMap<String, Rate>> {
    let known = services();
    let rate = |(service, rate): (&String, &RateSettings)| match known.contains(service.as_str()) {
        true => Ok((service.clone(), Rate { per_second: rate.per_second, burst: rate.burst })),
        false => {
            let known = known.iter().copied().collect::<Vec<_>>().join(", ");
            Err(Error::invalid(format!("aws.rates: unknown service {service:?}")).with_hint(format!("asked are {known}")))
        }
    };
    settings.file.aws.rates.iter().map(rate).collect()
}
