//! `[storage]` and `[cache]`: how a store in a bucket is reached, and what is kept of it on this machine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ByteSize;
use crate::error::{Error, Result};
use crate::store::BlockCache;

/// `[storage]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSettings {
    /// Where the storage is, if not where the cloud has it.
    pub endpoint_url: Option<String>,
    /// The region of the bucket.
    pub region: Option<String>,
    /// A profile of the AWS configuration.
    pub profile: Option<String>,
    /// Whether the bucket's name is in the path of requests, not in the host.
    pub path_style: Option<bool>,
    /// Whether the storage may be reached without TLS.
    pub allow_http: Option<bool>,
    /// How objects are encrypted, where it is not left to the bucket.
    pub encryption: Option<Encryption>,
    /// The key, for `aws:kms`; the account's own for S3 if there is none.
    pub kms_key_id: Option<String>,
    /// Whether one key of the bucket stands between that key and those of the objects.
    pub bucket_key: Option<bool>,
    /// Where large files are put together before they are uploaded.
    pub temp_dir: Option<PathBuf>,
}

/// `[cache]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSettings {
    /// Whether what was read is kept on this machine.
    pub enabled: Option<bool>,
    /// How much of it, at most.
    pub limit: Option<ByteSize>,
    /// In which folder.
    pub dir: Option<PathBuf>,
}

impl CacheSettings {
    /// Checks what the shape of the file does not tell.
    pub(super) fn check(&self) -> Result<()> {
        let least = ByteSize::new(BlockCache::LIMIT_BYTES_MIN);
        match self.limit {
            Some(limit) if limit < least => {
                let error = Error::invalid(format!("cache.limit: expected at least {least}, found {limit}"));
                Err(error.with_hint("cache.enabled = false keeps nothing"))
            }
            _ => Ok(()),
        }
    }
}

/// How S3 encrypts an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// With keys of S3.
    #[serde(rename = "AES256")]
    Aes256,
    /// With a key of KMS.
    #[serde(rename = "aws:kms")]
    Kms,
    /// Twice, with a key of KMS.
    #[serde(rename = "aws:kms:dsse")]
    KmsDsse,
}

impl Encryption {
    /// As S3 has it in its headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes256 => "AES256",
            Self::Kms => "aws:kms",
            Self::KmsDsse => "aws:kms:dsse",
        }
    }
}

impl StorageSettings {
    /// Checks what the shape of the file does not tell.
    pub(super) fn check(&self) -> Result<()> {
        let of_kms = matches!(self.encryption, Some(Encryption::Kms | Encryption::KmsDsse));
        if !of_kms && (self.kms_key_id.is_some() || self.bucket_key.is_some()) {
            return Err(Error::invalid("storage: kms_key_id and bucket_key go with encryption = \"aws:kms\" or \"aws:kms:dsse\""));
        }
        Ok(())
    }
}
