//! A service: where it is reached, and what requests have to say of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::ingest::convert::partition;

/// A service, as the table of shapes tells of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Service {
    /// Its name in the AWS command line: `elbv2`.
    #[serde(skip)]
    pub(super) name: Box<str>,
    /// `query`, `json`, ..
    pub(super) protocol: Box<str>,
    /// The version of its API.
    pub(super) api: Box<str>,
    /// How the names of its hosts begin.
    pub(super) endpoint: Box<str>,
    /// Its name in signatures and permissions.
    pub(super) signing: Box<str>,
    /// Its name in configurations.
    id: Box<str>,
    /// The version of its JSON.
    pub(super) json: Box<str>,
    /// How its header for the operation begins.
    pub(super) target: Box<str>,
    /// Host and signed region by partition, of a service that is the same in all regions.
    hosts: BTreeMap<Box<str>, (Box<str>, Box<str>)>,
    /// How the names of hosts end, by partition.
    #[serde(skip)]
    pub(super) suffixes: Arc<BTreeMap<Box<str>, Box<str>>>,
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Up to the path.
    pub(super) url: String,
    /// The region that requests are signed for.
    pub(super) region: String,
}

impl Service {
    /// Whether it is the same in all regions.
    pub(super) fn is_global(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// Where it is reached from a region: as configured, else where AWS has it.
    ///
    /// # Errors
    /// `Invalid` if the region's partition is not known, or hosts of another kind are to be used, of which the table knows nothing.
    pub(super) fn endpoint(&self, config: &SdkConfig, region: &str) -> Result<Endpoint> {
        let endpoint = self.endpoint_of_aws(region)?;
        if let Some(url) = self.configured(config)? {
            return Ok(Endpoint { url, ..endpoint });
        }
        if config.use_fips() == Some(true) || config.use_dual_stack() == Some(true) {
            let variable = format!("AWS_ENDPOINT_URL_{}", self.id.to_uppercase().replace(' ', "_"));
            return Err(Error::invalid(format!("the FIPS and dual-stack hosts of {} are not known", self.name))
                .with_hint(format!("name the host: {variable}=https://..")));
        }
        Ok(endpoint)
    }

    /// Where AWS has it.
    pub(super) fn endpoint_of_aws(&self, region: &str) -> Result<Endpoint> {
        let partition = partition(region);
        if let Some((host, region)) = self.hosts.get(partition) {
            return Ok(Endpoint { url: format!("https://{host}"), region: region.to_string() });
        }
        let unknown = || Error::invalid(format!("region {region:?} lies in a partition of AWS that is not known: {partition}"));
        let suffix = self.suffixes.get(partition).ok_or_else(unknown)?;
        Ok(Endpoint { url: format!("https://{}.{region}.{suffix}", self.endpoint), region: region.to_owned() })
    }

    /// What the options, the environment or the profile say, in the order in which the SDK's own clients ask.
    fn configured(&self, config: &SdkConfig) -> Result<Option<String>> {
        let of_all = config.endpoint_url().map(str::to_owned);
        if config.get_origin("endpoint_url").is_client_config() {
            return Ok(of_all);
        }
        let key = ServiceConfigKey::builder().service_id(&self.id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let key = key.map_err(|error| Error::internal(format!("the key of {}'s address", self.name)).with_source(error))?;
        Ok(config.service_config().and_then(|known| known.load_config(key)).or(of_all))
    }
}
