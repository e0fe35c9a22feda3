//! URLs whose path or query is a secret, as those of webhooks are.

use std::fmt;

use url::Url;

use crate::error::{Error, Result};

/// A URL that is shown without what may be secret in it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// Reads the URL of a webhook.
    ///
    /// # Errors
    /// `Invalid` if it is none of http or https. What was found is not told: it may be a secret.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| Error::invalid(format!("expected a URL such as https://example.com/hook ({why})"));
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        match url.scheme() {
            "http" | "https" if url.has_host() => Ok(Self(url)),
            _ => Err(wrong("neither http nor https")),
        }
    }

    /// All of it.
    pub fn reveal(&self) -> &str {
        self.0.as_str()
    }

    /// Whether what is sent there is encrypted.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        if let Some(port) = self.0.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(if self.0.path() == "/" && self.0.query().is_none() { "/" } else { "/..." })
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({self})")
    }
}
