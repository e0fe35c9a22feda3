//! Credentials for a bucket from AWS's own chain: environment, profiles, single sign-on, web identity, the machine's role.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::config::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::service_config::ServiceConfigKey;
use object_store::CredentialProvider;
use object_store::aws::{AmazonS3Builder, AwsCredential};
use tokio::sync::Mutex;

use crate::cli::resolve::Storage;
use crate::error::{Error, Result};
use crate::scan::aws::{AwsOptions, account_config};

/// Credentials are asked for anew so long before they end.
const BEFORE_END: Duration = Duration::from_secs(300);
/// So long one request for credentials may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(60);

/// A builder with the credentials and the region of the AWS configuration, and the address that its profile names.
///
/// # Errors
/// `Invalid` if hosts of another kind are to be used, which are not known here.
pub(super) async fn configured(storage: &Storage) -> Result<(AmazonS3Builder, Option<String>)> {
    let options = AwsOptions { profile: storage.profile.value.clone(), request_time_max: REQUEST_TIME_MAX, ..AwsOptions::default() };
    let config = account_config(&options).await;
    let address = address(&config);
    if storage.endpoint_url.value.is_none()
        && address.is_none()
        && (config.use_fips() == Some(true) || config.use_dual_stack() == Some(true))
    {
        return Err(
            Error::invalid("the FIPS and dual-stack hosts of S3 are not known").with_hint("name the host: AWS_ENDPOINT_URL_S3=https://..")
        );
    }
    let mut builder = AmazonS3Builder::new();
    if let Some(provider) = config.credentials_provider() {
        builder = builder.with_credentials(Arc::new(Credentials { provider, known: Mutex::default() }));
    }
    if let Some(region) = config.region() {
        builder = builder.with_region(region.as_ref());
    }
    Ok((builder, address))
}

/// The address that the profile names for S3, else for all services.
fn address(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id("s3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    let of_service = config.service_config().and_then(|services| services.load_config(key));
    of_service.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The chain hands out credentials without keeping them; they are kept here until they end.
#[derive(Debug)]
struct Credentials {
    provider: SharedCredentialsProvider,
    known: Mutex<Option<(Arc<AwsCredential>, Option<SystemTime>)>>,
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        let is_good = |end: &Option<SystemTime>| end.is_none_or(|end| end > SystemTime::now() + BEFORE_END);
        if let Some((credential, _)) = known.as_ref().filter(|(_, end)| is_good(end)) {
            return Ok(Arc::clone(credential));
        }
        let found = self.provider.provide_credentials().await.map_err(|error| {
            let told = Error::unavailable("there are no AWS credentials").with_source(error);
            let told = told.with_hint("log in, set AWS_PROFILE, or name a profile by storage.profile in elava.toml");
            object_store::Error::Generic { store: "AWS credentials", source: Box::new(told) }
        })?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        *known = Some((Arc::clone(&credential), found.expiry()));
        Ok(credential)
    }
}
