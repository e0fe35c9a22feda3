//! Resource keys and scopes.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

/// The identity of a resource: the text `provider/account_id/region/resource_type/resource_id`.
///
/// The first four parts are not empty and hold no `/` and no control character; the id is any text that is not empty.
/// Keys are ordered by their UTF-8 bytes. Cloning shares the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey(Arc<str>);

/// The unit whose listing can be complete: `provider/account_id/region/resource_type`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Arc<str>);

impl ResourceKey {
    /// Checks the parts and joins them.
    ///
    /// # Errors
    /// `Invalid`, naming the part that is empty or holds a character that it must not hold.
    pub fn new(provider: &str, account_id: &str, region: &str, resource_type: &str, resource_id: &str) -> Result<Self> {
        check_scope(provider, account_id, region, resource_type)?;
        if resource_id.is_empty() {
            return Err(Error::invalid("resource_id is empty"));
        }
        let size = provider.len() + account_id.len() + region.len() + resource_type.len() + resource_id.len() + 4;
        let mut text = String::with_capacity(size);
        for part in [provider, account_id, region, resource_type] {
            text.push_str(part);
            text.push('/');
        }
        text.push_str(resource_id);
        Ok(Self(text.into()))
    }

    /// Takes text that Elava itself wrote as a key.
    ///
    /// # Errors
    /// `Corrupt` if it has fewer than five parts.
    pub fn from_stored(text: &str) -> Result<Self> {
        if text.splitn(5, '/').count() < 5 {
            return Err(Error::corrupt(format!("expected a stored resource key, found {text:?}")));
        }
        Ok(Self(text.into()))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// provider, account_id, region, resource_type, resource_id.
    pub fn parts(&self) -> [&str; 5] {
        let mut parts = self.0.splitn(5, '/');
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    }

    /// The scope that the resource belongs to, as the leading part of its key.
    pub fn scope_str(&self) -> &str {
        self.0.get(..self.scope_ends().1).unwrap_or_default()
    }

    /// The resource type.
    pub fn resource_type(&self) -> &str {
        let (before, end) = self.scope_ends();
        self.0.get(before + 1..end).unwrap_or_default()
    }

    /// The places of the slashes before and after the resource type. One pass over some fifty bytes: this is asked for
    /// every observation.
    fn scope_ends(&self) -> (usize, usize) {
        let mut slashes = (0..).zip(self.0.as_bytes()).filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        (slashes.nth(2).unwrap_or(0), slashes.next().unwrap_or(0))
    }
}

impl Scope {
    /// Checks the parts and joins them.
    ///
    /// # Errors
    /// As [`ResourceKey::new`].
    pub fn new(provider: &str, account_id: &str, region: &str, resource_type: &str) -> Result<Self> {
        check_scope(provider, account_id, region, resource_type)?;
        Ok(Self(format!("{provider}/{account_id}/{region}/{resource_type}").into()))
    }

    /// Takes text that Elava itself wrote as a scope.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// provider, account_id, region, resource_type.
    pub fn parts(&self) -> [&str; 4] {
        let mut parts = self.0.splitn(4, '/');
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    }
}

fn check_scope(provider: &str, account_id: &str, region: &str, resource_type: &str) -> Result<()> {
    let named = [("provider", provider), ("account_id", account_id), ("region", region), ("resource_type", resource_type)];
    for (name, part) in named {
        if part.is_empty() {
            return Err(Error::invalid(format!("{name} is empty")));
        }
        if part.contains(|found: char| found == '/' || found.is_control()) {
            return Err(Error::invalid(format!("{name} must not hold `/` or control characters, found {part:?}")));
        }
    }
    Ok(())
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
