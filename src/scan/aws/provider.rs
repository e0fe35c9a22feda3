//! AWS as a provider: which accounts and regions there are, and which calls list them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;

use super::call::failure;
use super::clients::{AwsOptions, Clients, HOME_REGION, account_config};
use super::cloud_control::{self, TypeListing};
use super::listing::ApiListing;
use super::role;
use super::selection::{Regions, Selection};
use super::shapes::Operation;
use super::types::APIS;
use super::unasked::Unasked;
use super::{GLOBAL, bucket};
use crate::error::{Error, ErrorKind, Result};
use crate::scan::limits::Limits;
use crate::scan::provider::{Failure, Listing, Provider, Reason};

/// All services that are asked for resources.
pub fn services() -> BTreeSet<&'static str> {
    APIS.iter().map(|api| api.service).chain(["s3", cloud_control::SERVICE]).collect()
}

/// One account of AWS.
#[derive(Debug)]
pub struct Aws {
    options: AwsOptions,
    selection: Selection,
    /// The types that Cloud Control is asked for.
    native_types: Vec<String>,
    limits: Arc<Limits>,
}

impl Aws {
    /// An account, by the credentials that reach it.
    ///
    /// # Errors
    /// `Invalid` if a name or pattern stands for no type that can be scanned, and for a role that is none.
    pub fn new(options: AwsOptions, selection: Selection, limits: &Arc<Limits>) -> Result<Self> {
        options.role_arn.as_deref().map(role::account_of).transpose()?;
        let native_types = selection.native_types()?;
        Ok(Self { options, selection, native_types, limits: Arc::clone(limits) })
    }

    /// The regions that are scanned, and whether each is enabled in the account.
    async fn regions(&self, config: &SdkConfig) -> std::result::Result<Vec<(String, bool)>, Lost> {
        let named = match &self.selection.regions {
            Regions::Enabled => {
                let known = known_regions(config, &self.limits).await.map_err(Lost::Account)?;
                return Ok(known.into_iter().filter(|(_, enabled)| *enabled).collect());
            }
            Regions::Named(regions) => regions.clone(),
            Regions::Configured => BTreeSet::from([configured_region(config)?]),
        };
        // Without the permission to ask, the regions themselves tell.
        let known = known_regions(config, &self.limits).await.unwrap_or_default();
        if let Some(unknown) = named.iter().find(|region| !known.is_empty() && !known.contains_key(*region)) {
            let known = known.into_keys().collect::<Vec<_>>().join(", ");
            return Err(Lost::All(Error::invalid(format!("AWS has no region {unknown:?}")).with_hint(format!("it has {known}"))));
        }
        let enabled = |region: &String| known.get(region).copied().unwrap_or(true);
        Ok(named.iter().map(|region| (region.clone(), enabled(region))).collect())
    }

    /// All listings of an account: first those that take longest.
    fn listings_of(&self, config: &SdkConfig, account_id: &str, regions: &[(String, bool)]) -> Result<Vec<Arc<dyn Listing>>> {
        let mut listings: Vec<Arc<dyn Listing>> = Vec::new();
        let enabled: Vec<String> = regions.iter().filter(|(_, enabled)| *enabled).map(|(region, _)| region.clone()).collect();
        if self.selection.takes(&[bucket::TYPE]) && !enabled.is_empty() {
            listings.push(Arc::new(bucket::Buckets::new(config, account_id, &enabled, self.selection.is_incremental, &self.limits)?));
        }
        if let Some(first) = enabled.first() {
            let home = Operation::find("iam", "GetAccountAuthorizationDetails")?.of_service().endpoint_of_aws(first)?.region;
            listings.extend(self.listings_from(&Clients::new(config, account_id, &home, &self.limits), true)?);
        }
        let mut of_regions = Vec::with_capacity(regions.len());
        for (region, is_enabled) in regions {
            let of_region = self.listings_from(&Clients::new(config, account_id, region, &self.limits), false)?;
            let message = format!("region {region} is not enabled in account {account_id}");
            let disabled = Failure::new(Reason::RegionDisabled, message, 0);
            let or_not = |listing: Arc<dyn Listing>| if *is_enabled { listing } else { Unasked::instead_of(&*listing, &disabled) };
            of_regions.push(of_region.into_iter().map(or_not).collect::<Vec<_>>().into_iter());
        }
        // By turns: each region has a rate of its own.
        for _ in 0..of_regions.iter().map(ExactSizeIterator::len).max().unwrap_or(0) {
            listings.extend(of_regions.iter_mut().filter_map(Iterator::next));
        }
        Ok(listings)
    }

    /// The listings that are asked from a region: of what is the same in all regions, or of what lies in this one.
    fn listings_from(&self, clients: &Clients, global: bool) -> Result<Vec<Arc<dyn Listing>>> {
        let mut listings: Vec<Arc<dyn Listing>> = Vec::new();
        for api in APIS.iter().filter(|api| self.selection.takes(api.types)) {
            listings.push(Arc::new(ApiListing::new(api, clients.clone())?));
        }
        for native_type in &self.native_types {
            listings.push(Arc::new(TypeListing::new(native_type, clients.clone())?));
        }
        listings.retain(|listing| (listing.about().region == GLOBAL) == global);
        Ok(listings)
    }

    /// The listings of an account that cannot be asked. Where its regions cannot be learned, the configured one stands for
    /// them.
    pub(super) fn unasked(&self, config: &SdkConfig, account_id: &str, failure: &Failure) -> Result<Vec<Arc<dyn Listing>>> {
        let regions = match &self.selection.regions {
            Regions::Named(regions) => regions.clone(),
            Regions::Configured => BTreeSet::from([configured_region(config)?]),
            Regions::Enabled => BTreeSet::from([config.region().map_or(HOME_REGION, |region| region.as_ref()).to_owned()]),
        };
        let regions: Vec<(String, bool)> = regions.into_iter().map(|region| (region, true)).collect();
        let listings = self.listings_of(config, account_id, &regions)?;
        Ok(listings.iter().map(|listing| Unasked::instead_of(&**listing, failure)).collect())
    }

    async fn planned(&self) -> Result<Vec<Arc<dyn Listing>>> {
        let config = account_config(&self.options).await;
        let role_account = self.options.role_arn.as_deref().map(role::account_of).transpose()?;
        let account_id = match (account(&config).await, role_account) {
            (Ok(account_id), _) => account_id,
            (Err(failure), Some(account_id)) => return self.unasked(&config, account_id, &failure),
            (Err(failure), None) => return Err(told("ask whose credentials these are", &failure)),
        };
        match self.regions(&config).await {
            Ok(regions) => self.listings_of(&config, &account_id, &regions),
            Err(Lost::Account(failure)) => self.unasked(&config, &account_id, &failure),
            Err(Lost::All(error)) => Err(error),
        }
    }
}

/// Why the regions of an account are not known.
enum Lost {
    /// It cannot be asked.
    Account(Failure),
    /// What is wanted makes no sense.
    All(Error),
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::All(error)
    }
}

fn configured_region(config: &SdkConfig) -> Result<String> {
    let region = config.region().map(ToString::to_string);
    region.ok_or_else(|| Error::invalid("no region is configured").with_hint("give --region us-east-1, or --all-regions"))
}

/// All regions of AWS, and whether each is enabled in the account.
async fn known_regions(config: &SdkConfig, limits: &Arc<Limits>) -> std::result::Result<BTreeMap<String, bool>, Failure> {
    let home = config.region().map_or(HOME_REGION, |region| region.as_ref()).to_owned();
    let clients = Clients::new(config, "", &home, limits);
    let output = clients.ec2.describe_regions().all_regions(true).send().await.map_err(|error| failure(&error, 0))?;
    let regions = output.regions.unwrap_or_default().into_iter();
    Ok(regions.filter_map(|region| Some((region.region_name?, region.opt_in_status.as_deref() != Some("not-opted-in")))).collect())
}

#[async_trait]
impl Provider for Aws {
    fn name(&self) -> &str {
        super::PROVIDER
    }

    async fn listings(&self) -> Result<Vec<Arc<dyn Listing>>> {
        self.planned().await.map_err(|error| self.options.context(error))
    }
}

/// The account that the credentials belong to.
pub(super) async fn account(config: &SdkConfig) -> std::result::Result<String, Failure> {
    let region = config.region().cloned().unwrap_or_else(|| aws_config::Region::from_static(HOME_REGION));
    let client = aws_sdk_sts::Client::new(&config.to_builder().region(region).build());
    let output = client.get_caller_identity().send().await.map_err(|error| failure(&error, 0))?;
    output.account.ok_or_else(|| Failure::new(Reason::BadAnswer, "AWS does not tell which account the credentials belong to", 0))
}

/// What kept from learning what there is to list, with the next step.
pub(super) fn told(what: &str, failure: &Failure) -> Error {
    let error = Error::new(ErrorKind::Unavailable, format!("{what}: {failure}"));
    match failure.reason {
        Reason::Unauthenticated => {
            error.with_hint("log in as for the AWS command line (`aws sts get-caller-identity` must work), or give --profile")
        }
        Reason::Unreachable | Reason::TimedOut => error.with_hint("check the network, the region and --endpoint-url"),
        _ => error,
    }
}
