//! Scanning: asking a cloud what is there, and telling it to the store through the same door as an import.
//!
//! A scan may use the store and the conversions of imported files. Neither knows of it, and no query asks a cloud.

#[cfg(feature = "aws")]
pub mod aws;
