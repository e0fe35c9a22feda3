//! The clients of one account in one region.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::SharedCredentialsProvider;
use serde_json::Value;

use super::call::{Answer, Calls, bad_answer};
use super::caller::Caller;
use super::shapes::Operation;
use super::wire::decode;
use crate::error::Error;
use crate::model::Json;
use crate::scan::limits::{Limits, Rate};
use crate::scan::provider::{Failure, Reason};

/// How often a call is tried in all.
const ATTEMPTS_MAX: u32 = 5;
/// How long to wait for a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// The region that is asked for what is the same in all.
pub(super) const HOME_REGION: &str = "us-east-1";

/// Where requests go and who sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsOptions {
    /// What people call the account.
    pub name: Option<String>,
    /// A profile of the shared configuration files; `None` = as the environment says.
    pub profile: Option<String>,
    /// A role to take on.
    pub role_arn: Option<String>,
    /// What the role's owner asks for.
    pub external_id: Option<String>,
    /// Where all services are reached; `None` = where AWS has them.
    pub endpoint_url: Option<String>,
    /// How long one attempt at a request may take: a page of a thousand instances takes a second or two.
    pub request_time_max: Duration,
}

impl AwsOptions {
    /// An error, with which of several accounts it is about, if anything tells.
    pub(super) fn context(&self, error: Error) -> Error {
        let named = self.name.as_ref().map(|name| format!("account {name:?}"));
        let profile = || self.profile.as_ref().map(|profile| format!("profile {profile:?}"));
        match named.or_else(|| self.role_arn.clone()).or_else(profile) {
            Some(account) => error.context(account),
            None => error,
        }
    }
}

/// The configuration of one account: credentials, region, limits.
pub async fn account_config(options: &AwsOptions) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::adaptive().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(options.request_time_max).connect_timeout(CONNECT_TIME_MAX).build(),
        );
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let mut config = loader.load().await;
    if let Some(profile) = &options.profile {
        // One that is named wins over keys in the environment, which the SDK would take first.
        let named = SharedCredentialsProvider::new(of_profile(profile, config.region()));
        config = config.into_builder().credentials_provider(named).build();
    }
    let Some(role) = &options.role_arn else { return config };
    let mut taken = aws_config::sts::AssumeRoleProvider::builder(role).session_name("elava").configure(&config);
    if config.region().is_none() {
        taken = taken.region(Region::from_static(HOME_REGION));
    }
    if let Some(external_id) = &options.external_id {
        taken = taken.external_id(external_id);
    }
    let provider = SharedCredentialsProvider::new(taken.build().await);
    config.into_builder().credentials_provider(provider).build()
}

/// The credentials of a profile.
fn of_profile(profile: &str, region: Option<&Region>) -> ProfileFileCredentialsProvider {
    let region = region.cloned().unwrap_or_else(|| Region::from_static(HOME_REGION));
    let config = ProviderConfig::default().with_region(Some(region)).with_behavior_version(Some(BehaviorVersion::latest()));
    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build()
}

/// The clients of one account in one region.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    pub(super) account_id: String,
    pub(super) region: String,
    pub(super) ec2: aws_sdk_ec2::Client,
    pub(super) rds: aws_sdk_rds::Client,
    pub(super) s3: aws_sdk_s3::Client,
    config: SdkConfig,
    /// Clients of other services, by the service's name; they are made when they are first needed.
    callers: Arc<Mutex<BTreeMap<&'static str, Caller>>>,
    limits: Arc<Limits>,
}

impl Clients {
    pub(super) fn new(config: &SdkConfig, account_id: &str, region: &str, limits: &Arc<Limits>) -> Self {
        let config = config.to_builder().region(Region::new(region.to_owned())).build();
        // A server at an address of its own serves buckets by path.
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(config.endpoint_url().is_some()).build();
        Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            ec2: aws_sdk_ec2::Client::new(&config),
            rds: aws_sdk_rds::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            config,
            callers: Arc::default(),
            limits: Arc::clone(limits),
        }
    }

    /// Calls an operation of a service that has no client of its own here.
    pub(super) async fn call(&self, operation: &'static Operation, input: &Value) -> Result<Answer, Failure> {
        let caller = self.caller(operation).map_err(|error| Failure::new(Reason::Unreachable, error, 0))?;
        caller.call(operation, input).await
    }

    /// Calls such an operation when its rate allows, and reads the answer.
    pub(super) async fn answered(&self, operation: &'static Operation, input: &Value, calls: &Calls) -> Result<Json, Failure> {
        self.wait(operation.service()).await;
        let answer = calls.counted(self.call(operation, input).await)?;
        Ok(decode(operation, &answer.body).map_err(bad_answer)?.document)
    }

    fn caller(&self, operation: &'static Operation) -> crate::Result<Caller> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = callers.get(operation.service()) {
            return Ok(known.clone());
        }
        let made = Caller::new(&self.config, operation.of_service(), &self.region)?;
        callers.insert(operation.service(), made.clone());
        Ok(made)
    }

    /// Waits until a request to a service may be sent.
    pub(super) async fn wait(&self, service: &str) {
        let rate = self.limits.rate(service).unwrap_or_else(|| rate(service));
        self.limits.take(&format!("{}/{}/{service}", self.account_id, self.region), rate).await;
    }
}

/// How fast a service is asked unless told otherwise: below what is documented, or known of services of that kind.
pub fn rate(service: &str) -> Rate {
    match service {
        "ec2" => Rate { per_second: 10.0, burst: 50.0 },
        "s3" => Rate { per_second: 250.0, burst: 500.0 },
        // It takes forty at once and ten a second.
        "elbv2" => Rate { per_second: 9.0, burst: 36.0 },
        // Fifteen a second for all calls that list, in all of the region.
        "lambda" => Rate { per_second: 10.0, burst: 14.0 },
        _ => Rate { per_second: 5.0, burst: 20.0 },
    }
}
