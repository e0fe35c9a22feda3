//! A store in a bucket, as the settings, the environment and the cloud's own configuration say that it is reached.

#[cfg(feature = "aws")]
mod aws;

use std::str::FromStr;

use object_store::ClientConfigKey;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use url::{Host, Url};

use super::resolve::{Cache, Setting, Storage};
use crate::error::{Error, Result};
use crate::store::{Bucket, BucketUrl, Cloud, ObjectBackend};

/// The store at a URL, whether or not there is one. Credentials are looked for when they are first needed.
///
/// # Errors
/// `Invalid` if the settings say what cannot be.
pub async fn backend(url: &BucketUrl, storage: &Storage, cache: &Cache) -> Result<ObjectBackend> {
    let bucket = match url.cloud {
        Cloud::S3 => Bucket::S3(Box::new(s3(url, storage).await?)),
        Cloud::Google => Bucket::Google(Box::new(google(storage)?)),
        Cloud::Azure => Bucket::Azure(Box::new(azure(storage)?)),
    };
    Ok(ObjectBackend::new(url.clone(), bucket, storage.temp_dir.value.clone())?.with_cache(cache.open()))
}

async fn s3(url: &BucketUrl, storage: &Storage) -> Result<AmazonS3Builder> {
    #[cfg(feature = "aws")]
    let (builder, of_profile) = aws::configured(storage).await?;
    #[cfg(not(feature = "aws"))]
    let (builder, of_profile) = (AmazonS3Builder::from_env(), None);
    let mut builder = builder;
    if let Some(region) = &storage.region.value {
        builder = builder.with_region(region);
    }
    let endpoint = storage.endpoint_url.value.clone().or(of_profile).map(|endpoint| Endpoint::parse(&endpoint, storage)).transpose()?;
    // Certificates of AWS hold for one label in front of its own name.
    let path_style = storage.path_style.value.unwrap_or(endpoint.is_some() || url.bucket.contains('.'));
    builder = builder.with_virtual_hosted_style_request(!path_style);
    if let Some(endpoint) = endpoint {
        let address = if path_style { endpoint.url } else { endpoint.of_bucket(&url.bucket) };
        builder = builder.with_endpoint(address.trim_end_matches('/')).with_allow_http(endpoint.allow_http);
    }
    encrypted(builder, storage)
}

fn encrypted(mut builder: AmazonS3Builder, storage: &Storage) -> Result<AmazonS3Builder> {
    let said = [
        ("server_side_encryption", storage.encryption.value.map(|encryption| encryption.name().to_owned())),
        ("sse_kms_key_id", storage.kms_key_id.value.clone()),
        ("sse_bucket_key_enabled", storage.bucket_key.value.map(|enabled| enabled.to_string())),
    ];
    for (key, value) in said {
        let key = AmazonS3ConfigKey::from_str(key).map_err(|error| Error::internal("a setting of S3").with_source(error))?;
        if let Some(value) = value {
            builder = builder.with_config(key, value);
        }
    }
    Ok(builder)
}

fn google(storage: &Storage) -> Result<GoogleCloudStorageBuilder> {
    let builder = GoogleCloudStorageBuilder::from_env();
    Ok(match of_file(&storage.endpoint_url) {
        Some(endpoint) => {
            let endpoint = Endpoint::parse(endpoint, storage)?;
            let allowed = GoogleConfigKey::Client(ClientConfigKey::AllowHttp);
            builder.with_base_url(endpoint.url.trim_end_matches('/')).with_config(allowed, endpoint.allow_http.to_string())
        }
        None => builder,
    })
}

fn azure(storage: &Storage) -> Result<MicrosoftAzureBuilder> {
    let builder = MicrosoftAzureBuilder::from_env();
    Ok(match of_file(&storage.endpoint_url) {
        Some(endpoint) => {
            let endpoint = Endpoint::parse(endpoint, storage)?;
            builder.with_endpoint(endpoint.url.trim_end_matches('/').to_owned()).with_allow_http(endpoint.allow_http)
        }
        None => builder,
    })
}

/// What the settings file says: AWS's variables mean nothing to others.
fn of_file(setting: &Setting<Option<String>>) -> Option<&str> {
    setting.value.as_deref().filter(|_| matches!(setting.origin, super::resolve::Origin::File(_)))
}

/// The address of a storage that is not where the cloud has it.
struct Endpoint {
    url: String,
    parsed: Url,
    allow_http: bool,
}

impl Endpoint {
    /// Reads an address. One without TLS has to be allowed, unless it is on this machine.
    fn parse(text: &str, storage: &Storage) -> Result<Self> {
        let origin = &storage.endpoint_url.origin;
        let wrong = |what: &str| Error::invalid(format!("{text:?} is no address of a storage ({origin}): {what}"));
        let parsed = Url::from_str(text).map_err(|error| wrong(&error.to_string()))?;
        let is_local = match parsed.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(wrong("it names no host")),
        };
        let allow_http = storage.allow_http.value || is_local;
        match parsed.scheme() {
            "https" => {}
            "http" if allow_http => {}
            "http" => {
                return Err(wrong("it is not reached by https")
                    .with_hint("set storage.allow_http = true if whoever is on the way may read and alter what is sent"));
            }
            _ => return Err(wrong("expected https:// or http://")),
        }
        Ok(Self { url: text.to_owned(), parsed, allow_http })
    }

    /// With the bucket's name before the host's.
    fn of_bucket(&self, bucket: &str) -> String {
        let mut url = self.parsed.clone();
        let host = format!("{bucket}.{}", self.parsed.host_str().unwrap_or_default());
        match url.set_host(Some(&host)) {
            Ok(()) => url.to_string(),
            Err(_) => self.url.clone(),
        }
    }
}
