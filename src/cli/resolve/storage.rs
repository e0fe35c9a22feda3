//! What the settings say of stores in buckets, each value with where it came from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::BaseStrategy;

use super::{APPLICATION, Origin, Resolver, Setting};
use crate::cli::env;
use crate::error::Result;
use crate::settings::{ByteSize, CacheSettings, Encryption, StorageSettings};
use crate::store::BlockCache;

/// What is kept on this machine of a store in a bucket, unless told otherwise: the blocks that some days of queries read.
const DEFAULT_CACHE_LIMIT: ByteSize = ByteSize::new(1 << 30);

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
        Ok(Self {
            endpoint_url: resolver.said_or(&said.endpoint_url, &[env::AWS_ENDPOINT_URL_S3, env::AWS_ENDPOINT_URL])?,
            region: resolver.said_or(&said.region, &[env::AWS_REGION, env::AWS_DEFAULT_REGION])?,
            profile: resolver.said(Ok(said.profile.clone().map(Some)), None)?,
            path_style: resolver.said(Ok(said.path_style.map(Some)), None)?,
            allow_http: resolver.said(Ok(said.allow_http), false)?,
            encryption: resolver.said(Ok(said.encryption.map(Some)), None)?,
            kms_key_id: resolver.said(Ok(said.kms_key_id.clone().map(Some)), None)?,
            bucket_key: resolver.said(Ok(said.bucket_key.map(Some)), None)?,
            temp_dir: resolver.said(Ok(resolver.folder(said.temp_dir.as_deref())), std::env::temp_dir())?,
        })
    }
}

/// What is kept on this machine of a store in a bucket.
#[derive(Debug, Clone)]
pub struct Cache {
    /// Whether anything is.
    pub enabled: Setting<bool>,
    /// How much, at most.
    pub limit: Setting<ByteSize>,
    /// Where, if not in the per-user folder of caches.
    pub dir: Setting<Option<PathBuf>>,
}

impl Cache {
    /// The file's values.
    ///
    /// # Errors
    /// None today; `Result` as for all settings.
    pub(super) fn resolve(said: &CacheSettings, resolver: &Resolver<'_>) -> Result<Self> {
        Ok(Self {
            enabled: resolver.said(Ok(said.enabled), true)?,
            limit: resolver.said(Ok(said.limit), DEFAULT_CACHE_LIMIT)?,
            dir: resolver.said(Ok(resolver.folder(said.dir.as_deref()).map(Some)), None)?,
        })
    }

    /// The cache; none where there is to be none, or no home folder for it.
    pub fn open(&self) -> Option<Arc<BlockCache>> {
        let of_user = || Some(etcetera::choose_base_strategy().ok()?.cache_dir().join(APPLICATION));
        let folder = self.dir.value.clone().or_else(of_user).filter(|_| self.enabled.value)?;
        Some(Arc::new(BlockCache::new(folder, self.limit.value.bytes())))
    }
}

impl Resolver<'_> {
    /// A folder that the file names, relative to the file's own.
    fn folder(&self, said: Option<&Path>) -> Option<PathBuf> {
        said.map(|folder| self.config.and_then(Path::parent).map_or_else(|| folder.to_owned(), |own| own.join(folder)))
    }

    /// What the file says, else the first of some variables that is set.
    fn said_or(&self, said: &Option<String>, variables: &[&'static str]) -> Result<Setting<Option<String>>> {
        let told = variables.iter().find_map(|name| Some((*name, self.environment.get(name)?)));
        match (said, told) {
            (None, Some((name, value))) => Ok(Setting::new(Some(value.to_owned()), Origin::Variable(name))),
            (said, _) => self.said(Ok(said.clone().map(Some)), None),
        }
    }
}
