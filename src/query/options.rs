//! The settings of Elava in DataFusion's configuration, so that `SHOW` shows them.

use std::any::Any;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::error::{DataFusionError, Result};

/// The setting that pins a session.
pub(super) const AS_OF: &str = "elava.as_of";

/// The settings of a session.
#[derive(Debug, Clone, Default)]
pub struct ElavaOptions {
    /// The point in time at which the session is pinned, as it was given; empty if it is not.
    pub as_of: String,
}

impl ConfigExtension for ElavaOptions {
    const PREFIX: &'static str = "elava";
}

impl ExtensionOptions for ElavaOptions {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    /// Settings are set by the session, which resolves them first.
    fn set(&mut self, key: &str, _: &str) -> Result<()> {
        Err(DataFusionError::Configuration(format!("elava.{key} is no setting of a session; there is {AS_OF}")))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let description = "The point in time at which the session is pinned: it sees the store as it stood then";
        vec![ConfigEntry { key: AS_OF.to_owned(), value: Some(self.as_of.clone()), description }]
    }
}
