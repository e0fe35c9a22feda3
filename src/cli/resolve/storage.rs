//! What the settings say of stores in buckets, each value with where it came from.

use std::path::PathBuf;

use super::{Origin, Resolver, Setting};
use crate::cli::env;
use crate::error::Result;
use crate::settings::{Encryption, StorageSettings};

/// How a store in a bucket is reached. What is `None` is left to the cloud's own configuration, or to the bucket.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Where the storage is.
    pub endpoint_url: Setting<Option<String>>,
    /// The region of the bucket.
    pub region: Setting<Option<String>>,
    /// A profile of the AWS configuration.
    pub profile: Setting<Option<String>>,
    /// Whether the bucket's name is in the path of requests.
    pub path_style: Setting<Option<bool>>,
    /// Whether the storage may be reached without TLS.
    pub allow_http: Setting<bool>,
    /// How objects are encrypted.
    pub encryption: Setting<Option<Encryption>>,
    /// The key they are encrypted with.
    pub kms_key_id: Setting<Option<String>>,
    /// Whether one key of the bucket stands in between.
    pub bucket_key: Setting<Option<bool>>,
    /// Where large files are put together.
    pub temp_dir: Setting<PathBuf>,
}

impl Storage {
    /// The file's values, else those of AWS's own variables.
    ///
    /// # Errors
    /// None today; `Result` as for all settings.
    pub(super) fn resolve(said: &StorageSettings, resolver: &Resolver<'_>) -> Result<Self> {
        let temp_dir = match resolver.said(Ok(said.temp_dir.clone()), std::env::temp_dir())? {
            // A folder of the file is relative to the file's own.
            Setting { value, origin: Origin::File(file) } => {
                Setting::new(file.parent().map_or_else(|| value.clone(), |folder| folder.join(&value)), Origin::File(file))
            }
            default => default,
        };
        Ok(Self {
            endpoint_url: resolver.said_or(&said.endpoint_url, &[env::AWS_ENDPOINT_URL_S3, env::AWS_ENDPOINT_URL])?,
            region: resolver.said_or(&said.region, &[env::AWS_REGION, env::AWS_DEFAULT_REGION])?,
            profile: resolver.said(Ok(said.profile.clone().map(Some)), None)?,
            path_style: resolver.said(Ok(said.path_style.map(Some)), None)?,
            allow_http: resolver.said(Ok(said.allow_http), false)?,
            encryption: resolver.said(Ok(said.encryption.map(Some)), None)?,
            kms_key_id: resolver.said(Ok(said.kms_key_id.clone().map(Some)), None)?,
            bucket_key: resolver.said(Ok(said.bucket_key.map(Some)), None)?,
            temp_dir,
        })
    }
}

impl Resolver<'_> {
    /// What the file says, else the first of some variables that is set.
    fn said_or(&self, said: &Option<String>, variables: &[&'static str]) -> Result<Setting<Option<String>>> {
        let told = variables.iter().find_map(|name| Some((*name, self.environment.get(name)?)));
        match (said, told) {
            (None, Some((name, value))) => Ok(Setting::new(Some(value.to_owned()), Origin::Variable(name))),
            (said, _) => self.said(Ok(said.clone().map(Some)), None),
        }
    }
}
