//! An outcome as JSON, and in the formats of others: SARIF for code scanning, JUnit XML for build servers, Markdown for reviews and wikis.
//!
//! A document depends on the outcome alone: the same outcome gives the same bytes. What JUnit XML and Markdown say in words is
//! made `visible` first, so that no text of a cloud breaks a document or hides in it; SARIF holds texts as they are.

mod json;
mod junit;
mod markdown;
mod sarif;
pub mod told;

use std::io::{self, Write};

pub use json::json;

use super::outcome::Outcome;

/// How an outcome is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// SARIF 2.1.0, JSON.
    Sarif,
    /// JUnit XML, as Jenkins's schema `junit-10.xsd` has it.
    Junit,
    /// Markdown as GitHub and GitLab read it.
    Markdown,
}

/// Writes an outcome as a document.
///
/// # Errors
/// Those of `out`.
pub fn write(outcome: &Outcome, format: Format, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Sarif => sarif::write(outcome, out),
        Format::Junit => junit::write(outcome, out),
        Format::Markdown => markdown::write(outcome, out),
    }
}
