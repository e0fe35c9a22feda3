//! Other people's files.

use super::Import;
use super::source::Source;
use crate::error::{Error, Result};

impl Import<'_> {
    /// Imports documents.
    pub(super) async fn documents(&mut self, sources: Vec<Source>) -> Result<()> {
        let _ = sources;
        Err(Error::internal("not there yet"))
    }
}
