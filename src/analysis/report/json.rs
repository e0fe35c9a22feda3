//! An outcome as one JSON object: all that it holds.

use serde::Serialize;

use crate::analysis::outcome::{Outcome, Status};
use crate::error::{Error, Result};

#[derive(Serialize)]
struct Written<'a> {
    status: Status,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// All of an outcome, one JSON object on one line.
///
/// # Errors
/// `Internal` if it cannot be encoded.
pub fn json(outcome: &Outcome) -> Result<String> {
    let json = serde_json::to_string(&Written { status: outcome.status(), outcome })
        .map_err(|error| Error::internal("encode the outcome").with_source(error))?;
    Ok(json + "\n")
}
