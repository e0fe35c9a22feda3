//! Outcomes as texts that programs read.

use super::outcome::Outcome;
use crate::error::{Error, Result};

/// All of an outcome, one JSON object on one line.
///
/// # Errors
/// `Internal` if it cannot be encoded.
pub fn json(outcome: &Outcome) -> Result<String> {
    let json = serde_json::to_string(outcome).map_err(|error| Error::internal("encode the outcome").with_source(error))?;
    Ok(json + "\n")
}
