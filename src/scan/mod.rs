//! Scanning: asking a cloud what is there, and telling it to the store through the same door as an import.
//!
//! A [`provider::Provider`] tells what there is to list, and each [`provider::Listing`] is read page by page; [`scan`] reads many of
//! them at once into one scan. Providers are handed a sink, never the store, and nothing here ever alters a cloud. Neither
//! the store nor the conversions of imported files know of scans, and no query asks a cloud.

#[cfg(feature = "aws")]
pub mod aws;
mod doubt;
pub mod limits;
mod others;
pub mod provider;
mod run;

#[cfg(test)]
mod tests;

pub use run::{Ended, ScanEvent, ScanOptions, ScanReport, Tell, plan, scan};
