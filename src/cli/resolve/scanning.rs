//! What the settings say of scans, each value with where it came from.

use super::{Origin, Resolver, Setting};
use crate::error::{Error, Result};
use crate::settings::{FileSettings, RegionSettings};
use crate::store::GuardSettings;

/// Listings that are read at once, unless told otherwise.
const DEFAULT_AT_ONCE: usize = 16;
/// More than this only wait for each other.
pub const AT_ONCE_MAX: usize = 1024;
/// How long a page of a thousand instances may take, many times over.
const DEFAULT_REQUEST_TIMEOUT: u64 = 60;
/// How long a request may take at most.
pub const REQUEST_TIMEOUT_MAX: u64 = 3600;

/// The settings of scans.
#[derive(Debug, Clone)]
pub struct Scanning {
    /// Listings that are read at once.
    pub at_once: Setting<usize>,
    /// How long AWS may take to answer a request, in seconds.
    pub request_timeout: Setting<u64>,
    /// The regions of accounts that name none; `None` = that of the AWS configuration.
    pub regions: Setting<Option<RegionSettings>>,
    /// The types of accounts that name none; empty = all.
    pub types: Setting<Vec<String>>,
    /// The types that accounts leave out that say nothing of it.
    pub exclude_types: Setting<Vec<String>>,
    /// Where AWS is reached, if not where it is.
    pub endpoint_url: Setting<Option<String>>,
    /// The guard as far as the file tells, else as it is shipped: each value for itself.
    pub guard: Guard,
}

/// The guard's settings: what the store has for those that the file does not tell is not known here.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Whether deletions wait at all.
    pub enabled: Setting<bool>,
    /// So many resources may be missing ...
    pub missing: Setting<usize>,
    /// ... or this share of the scope, in percent.
    pub missing_percent: Setting<usize>,
    /// All of a scope may be missing if it is less than this.
    pub missing_all: Setting<usize>,
}

impl Scanning {
    /// The file's values over the shipped ones.
    ///
    /// # Errors
    /// `Invalid` for a value that cannot be.
    pub(super) fn resolve(file: &FileSettings, resolver: &Resolver<'_>) -> Result<Self> {
        Ok(Self {
            at_once: resolver.said(within(file.scan.at_once, 1, AT_ONCE_MAX, "scan.at_once"), DEFAULT_AT_ONCE)?,
            request_timeout: resolver
                .said(within(file.scan.request_timeout, 1, REQUEST_TIMEOUT_MAX, "scan.request_timeout"), DEFAULT_REQUEST_TIMEOUT)?,
            regions: resolver.said(Ok(file.aws.regions.clone().map(Some)), None)?,
            types: resolver.said(Ok(file.aws.types.clone()), Vec::new())?,
            exclude_types: resolver.said(Ok(file.aws.exclude_types.clone()), Vec::new())?,
            endpoint_url: resolver.said(Ok(file.aws.endpoint_url.clone().map(Some)), None)?,
            guard: Guard::resolve(file, resolver)?,
        })
    }
}

impl Guard {
    fn resolve(file: &FileSettings, resolver: &Resolver<'_>) -> Result<Self> {
        let (said, shipped) = (&file.guard, GuardSettings::default());
        Ok(Self {
            enabled: resolver.said(Ok(said.enabled), shipped.enabled)?,
            missing: resolver.said(Ok(said.missing), shipped.missing)?,
            missing_percent: resolver.said(within(said.missing_percent, 0, 100, "guard.missing_percent"), shipped.missing_percent)?,
            missing_all: resolver.said(within(said.missing_all, 1, usize::MAX, "guard.missing_all"), shipped.missing_all)?,
        })
    }
}

/// A number that the file gives, if it is one that can be.
fn within<T: Copy + PartialOrd + std::fmt::Display>(said: Option<T>, least: T, most: T, key: &str) -> Result<Option<T>> {
    match said {
        Some(number) if number < least || number > most => {
            Err(Error::invalid(format!("{key}: expected a number from {least} to {most}, found {number}")))
        }
        said => Ok(said),
    }
}

impl Resolver<'_> {
    /// What the file says, or the default.
    pub(super) fn said<T>(&self, said: Result<Option<T>>, default: T) -> Result<Setting<T>> {
        let said = said.map_err(|error| self.in_file(error))?;
        Ok(match (said, self.config) {
            (Some(value), Some(path)) => Setting::new(value, Origin::File(path.to_owned())),
            _ => Setting::new(default, Origin::Default),
        })
    }

    pub(super) fn in_file(&self, error: Error) -> Error {
        match self.config {
            Some(path) => error.context(path.display()),
            None => error,
        }
    }
}
