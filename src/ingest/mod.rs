//! The ways in: what turns files into observations, and hands them to a store as scans.
//!
//! Lines are parsed on several threads, ahead of the batch that is being committed; what is ahead is bounded, so memory
//! does not grow with the size of a file. A batch is durable before it is announced. What is wrong with a line is an
//! error that names the file, the line and the reason: the lines before it are committed, its scan is recorded as failed.
//!
//! Which scan is which:
//! - one with a `scan_id` is that one;
//! - one that begins with a `started` line without it is told by that line and its first observation, as they stand in the
//!   file: imported again, it is skipped or continued;
//! - a file without `started` lines is one scan, told by the bytes of the file (of a stream: its first lines) and `--at`.
//!   Without any time it is live: broken, it is continued; complete, it is imported as a new scan, a look at a new time.

mod canonical;
pub mod convert;
mod documents;
mod json_text;
mod line;
mod rules;
mod scan;
mod source;
mod stream;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::error::{Error, Result};
use crate::model::{Revision, Timestamp};
use crate::store::{ChangeCounts, Writer};

pub use rules::Reader;
pub use source::{DOCUMENT_BYTES_MAX, LINE_BYTES_MAX, Source};

/// What the files hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: Elava's import format.
    #[default]
    Ndjson,
    /// What the AWS command line prints.
    AwsCli,
    /// What AWS Config delivers.
    AwsConfig,
}

impl std::str::FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "ndjson" => Ok(Self::Ndjson),
            "aws-cli" => Ok(Self::AwsCli),
            "aws-config" => Ok(Self::AwsConfig),
            _ => Err(Error::invalid(format!("expected the format to be ndjson, aws-cli or aws-config, found {text:?}"))),
        }
    }
}

/// How to import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// What the files hold.
    pub format: Format,
    /// Every scope in a file without `started` lines is complete.
    pub complete: bool,
    /// The time of files without `started` lines.
    pub at: Option<Timestamp>,
    /// The account that was asked, where the files do not tell.
    pub account: Option<String>,
    /// The region that was asked, where the files do not tell.
    pub region: Option<String>,
    /// Record times before the head's as the head's, instead of refusing them.
    pub lift: bool,
    /// Replace secrets.
    pub redact: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { format: Format::Ndjson, complete: false, at: None, account: None, region: None, lift: false, redact: true }
    }
}

/// What happens during an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportEvent {
    /// Observations are durable.
    Committed {
        /// Their scan.
        scan_id: Arc<str>,
        /// The first revision.
        first_revision: Revision,
        /// The last revision.
        last_revision: Revision,
    },
    /// A scan was in the store already.
    Skipped {
        /// The scan.
        scan_id: Arc<str>,
    },
    /// A scan that broke before goes on.
    Continued {
        /// The scan.
        scan_id: Arc<str>,
        /// How many of its observations the store has.
        lines: u64,
    },
    /// Something that is no error, but that one would want to know.
    Warning(String),
    /// How far it is.
    Progress {
        /// Bytes read of all sources, before decompression.
        read: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Scans that were completed.
    pub completed: u64,
    /// Scans that ended before they were complete.
    pub failed: u64,
    /// Scans that the store had already.
    pub skipped: u64,
    /// Scans that broke before and went on.
    pub continued: u64,
    /// Observations that were read, those of skipped scans included.
    pub lines: u64,
    /// Observations of keys that came before in their scan.
    pub duplicates: u64,
    /// What was written.
    pub counts: ChangeCounts,
    /// The first revision that was written.
    pub first_revision: Option<Revision>,
    /// The last revision that was written.
    pub last_revision: Option<Revision>,
}

/// Imports files, one scan after the other in the order of their times.
///
/// # Errors
/// `Invalid` with file, line and reason if a line is bad: what was committed stays, its scan is failed. `Conflict` if
/// another process imports the same scan. Else as [`crate::store::ScanSession::observe`].
pub async fn import(
    writer: &Writer,
    sources: Vec<Source>,
    options: &ImportOptions,
    events: &mut (dyn FnMut(ImportEvent) + Send),
) -> Result<ImportReport> {
    import_in_batches(writer, sources, options, events, scan::BATCH_OBSERVATIONS_MAX).await
}

async fn import_in_batches(
    writer: &Writer,
    sources: Vec<Source>,
    options: &ImportOptions,
    events: &mut (dyn FnMut(ImportEvent) + Send),
    batch_max: usize,
) -> Result<ImportReport> {
    let mut total = Some(0);
    for source in &sources {
        total = source.bytes()?.zip(total).map(|(bytes, total)| bytes + total);
    }
    let types = writer.history().await?.index.settings.types.clone();
    let rules = Arc::new(rules::Rules { types, redact: options.redact, hasher: hashbrown::DefaultHashBuilder::default() });
    let mut import =
        Import { writer, options, rules, events, report: ImportReport::default(), bytes_read: Arc::default(), total, batch_max };
    match options.format {
        Format::Ndjson => import.ndjson(sources).await?,
        Format::AwsCli | Format::AwsConfig => import.documents(sources).await?,
    }
    import.progress();
    Ok(import.report)
}

/// An import under way.
struct Import<'a> {
    writer: &'a Writer,
    options: &'a ImportOptions,
    rules: Arc<rules::Rules>,
    events: &'a mut (dyn FnMut(ImportEvent) + Send),
    report: ImportReport,
    bytes_read: source::BytesRead,
    total: Option<u64>,
    batch_max: usize,
}

impl Import<'_> {
    fn tell(&mut self, event: ImportEvent) {
        (self.events)(event);
    }

    fn warn(&mut self, warning: String) {
        self.tell(ImportEvent::Warning(warning));
    }

    fn progress(&mut self) {
        let read = self.bytes_read.load(Ordering::Relaxed);
        self.tell(ImportEvent::Progress { read, total: self.total });
    }
}
