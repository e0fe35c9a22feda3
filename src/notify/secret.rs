//! What webhooks are reached with and nobody is to read: URLs whose path or query is a secret, and headers.

use std::fmt;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
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
            "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
                Err(wrong("no name and no password").with_hint("headers = { Authorization = \"Basic ...\" } sends them"))
            }
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

/// Headers that are sent with each message; their values are not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretHeaders(HeaderMap);

impl SecretHeaders {
    /// Reads names and values.
    ///
    /// # Errors
    /// `Invalid` if one is none. The value is not told.
    pub fn parse<'t>(headers: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let key = HeaderName::from_bytes(name.as_bytes());
            let key = key.map_err(|_| Error::invalid(format!("expected the name of a header, such as Authorization, found {name:?}")))?;
            let mut value =
                HeaderValue::from_str(value).map_err(|_| Error::invalid(format!("{name}: expected visible ASCII characters")))?;
            value.set_sensitive(true);
            map.insert(key, value);
        }
        Ok(Self(map))
    }

    /// Their names, in small letters.
    pub fn names(&self) -> Vec<String> {
        self.0.keys().map(ToString::to_string).collect()
    }

    /// All of them.
    pub(super) fn reveal(&self) -> &HeaderMap {
        &self.0
    }
}
