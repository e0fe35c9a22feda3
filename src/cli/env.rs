//! Every environment variable that the command reads, declared once.

use std::collections::BTreeMap;
use std::env;

use crate::error::{Error, Result};

/// Where the store is.
pub const STORE: &str = "ELAVA_STORE";
/// The settings file.
pub const CONFIG: &str = "ELAVA_CONFIG";
/// The format of results.
pub const FORMAT: &str = "ELAVA_FORMAT";
/// Most rows of a table.
pub const MAX_ROWS: &str = "ELAVA_MAX_ROWS";
/// What a query may hold in memory.
pub const MEMORY_LIMIT: &str = "ELAVA_MEMORY_LIMIT";
/// Which parts of Elava log what to stderr, as `tracing` filters; wins over `-v`.
pub const LOG: &str = "ELAVA_LOG";
/// Set to anything: no colour (<https://no-color.org>).
pub const NO_COLOR: &str = "NO_COLOR";
/// Where S3 is, for a store in a bucket; one of AWS's own variables, as those that follow.
pub const AWS_ENDPOINT_URL_S3: &str = "AWS_ENDPOINT_URL_S3";
/// Where all of AWS is.
pub const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// The region.
pub const AWS_REGION: &str = "AWS_REGION";
/// The region, if that is not set.
pub const AWS_DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
/// The shell that asks for completions; only clap's own engine reads it.
pub const COMPLETE: &str = "COMPLETE";

const ALL: &[&str] =
    &[STORE, CONFIG, FORMAT, MAX_ROWS, MEMORY_LIMIT, LOG, NO_COLOR, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION];

/// The variables as they were when the command started. One that is set to nothing counts as not set.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<&'static str, String>);

impl Environment {
    /// Reads them.
    ///
    /// # Errors
    /// `Invalid` if one is not UTF-8.
    pub fn read() -> Result<Self> {
        let mut variables = BTreeMap::new();
        for name in ALL {
            let Some(value) = env::var_os(name).filter(|value| !value.is_empty()) else { continue };
            let value = value.into_string().map_err(|value| Error::invalid(format!("{name} is not UTF-8: {}", value.display())))?;
            variables.insert(*name, value);
        }
        Ok(Self(variables))
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
