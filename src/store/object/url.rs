//! The URL of a store in a bucket.

use std::fmt;

use crate::error::{Error, Result};

/// Whose buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon's, or a server that speaks S3.
    S3,
    /// Google's.
    Google,
    /// Azure's, where a bucket is called a container.
    Azure,
}

impl Cloud {
    const ALL: [(&str, Self); 3] = [("s3", Self::S3), ("gs", Self::Google), ("az", Self::Azure)];
}

/// `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketUrl {
    /// Whose bucket.
    pub cloud: Cloud,
    /// Its name.
    pub bucket: String,
    /// What the names of all objects of the store begin with, without the slash behind it; empty for none.
    pub prefix: String,
}

impl BucketUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// `Invalid` if it is none of a bucket.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            Err(Error::invalid(format!("{text:?} is no place of a store: {what}"))
                .with_hint("write s3://bucket/prefix, gs://bucket/prefix or az://container/prefix, or the path of a folder"))
        };
        let Some((scheme, rest)) = text.split_once("://") else { return wrong("it is no URL") };
        let Some((_, cloud)) = Cloud::ALL.into_iter().find(|(known, _)| *known == scheme) else {
            return wrong(&format!("{scheme}:// is none that is known"));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || !bucket.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            return wrong("expected the name of a bucket behind the scheme, of letters, digits, dots, dashes and underscores");
        }
        let prefix = prefix.trim_end_matches('/');
        let is_plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-=".contains(c));
        if !prefix.is_empty() && !prefix.split('/').all(|part| is_plain(part) && part != "." && part != "..") {
            return wrong("expected parts of letters, digits, dots, dashes, underscores and equal signs behind the bucket");
        }
        Ok(Self { cloud, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = Cloud::ALL.iter().find(|(_, cloud)| *cloud == self.cloud).map_or("", |(scheme, _)| *scheme);
        write!(f, "{scheme}://{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}
