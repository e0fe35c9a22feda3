//! Verification: reads everything that a store holds and checks it. Damage is data in the report, not an error.
//!
//! First headers and payloads of the log and their chain (`chain`), manifests and theirs; then data files, each of which is read
//! once for its hash (`files`) and its rows. If all are whole that the newest manifest names, their rows are compared (`tables`):
//! with the segments whose payload is left, and with each other over all of history. Sides are compared by sums of digests, by segment and by
//! epoch, so what is in memory grows with neither. Contents are read by `deep` verification only (`contents`); otherwise
//! their hashes stand for them.
//!
//! Writers may go on meanwhile. What a newer manifest explains is no damage: then all is read once more.

mod chain;
mod contents;
mod digest;
mod files;
mod lives;
mod observed;
mod tables;
mod versions;

use std::fmt;
use std::sync::Arc;

use object_store::ObjectStore;

use super::backend::Backend;
use super::backup_point::{BackupPoint, manifest_in_force};
use super::history::History;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;
use chain::Chain;
use digest::Digests;
use files::{Listing, Manifests};

/// How often a store is read anew because it was compacted meanwhile.
const READINGS_MAX: usize = 4;
/// Findings that are kept; of more only their number is told.
const FINDINGS_MAX: usize = 1000;

/// What is to be verified.
#[derive(Clone, Copy, Default)]
pub struct VerifyOptions<'a> {
    /// A hash that was noted earlier, in hexadecimal: is it in the chain?
    pub head: Option<&'a str>,
    /// Whether contents are read too, and who saw which version is followed up.
    pub deep: bool,
    /// Told how many bytes were read, and of how many.
    pub progress: Option<&'a (dyn Fn(u64, u64) + Sync)>,
}

impl fmt::Debug for VerifyOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyOptions").field("head", &self.head).field("deep", &self.deep).finish_non_exhaustive()
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Damage {
    /// The object.
    pub object: String,
    /// The byte of it where that is known.
    pub byte: Option<u64>,
    /// The first of the revisions that it is about.
    pub first_revision: Option<Revision>,
    /// The last of them.
    pub last_revision: Option<Revision>,
    /// What was expected and found, with the byte and the revisions.
    pub what: String,
}

impl Damage {
    /// Damage of an object.
    pub(super) fn new(object: &str, what: impl Into<String>) -> Self {
        Self { object: object.to_owned(), byte: None, first_revision: None, last_revision: None, what: what.into() }
    }

    /// What an error says about an object.
    pub(super) fn of(object: &str, error: &Error) -> Self {
        let text = error.to_string();
        let what = text.strip_prefix(object).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&text);
        Self { byte: error.byte(), ..Self::new(object, what) }
    }

    /// The same, about some revisions.
    #[must_use]
    pub(super) fn about(mut self, first: Revision, last: Revision) -> Self {
        (self.first_revision, self.last_revision) = (Some(first), Some(last));
        if !self.what.contains("(revision") {
            self.what.push_str(&in_words(first, last));
        }
        self
    }
}

/// ` (revisions 3 to 7)`.
fn in_words(first: Revision, last: Revision) -> String {
    match first.cmp(&last) {
        std::cmp::Ordering::Less => format!(" (revisions {first} to {last})"),
        std::cmp::Ordering::Equal => format!(" (revision {first})"),
        std::cmp::Ordering::Greater => String::new(),
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.what)
    }
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct VerifyReport {
    /// Segments whose header was checked.
    pub segments: u64,
    /// Of those, how many were cut down to their header after compaction.
    pub headers_only: u64,
    /// Of the others, how many were compared with the tables.
    pub replayed: u64,
    /// Manifests that were read.
    pub manifests: u64,
    /// Data files that were read whole.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Whether the rows of the tables were compared: with damaged files they are not.
    pub compared: bool,
    /// Whether contents were read too.
    pub deep: bool,
    /// The newest revision.
    pub head: Revision,
    /// The hash of the newest header: note it to prove later that nothing before it was altered.
    pub head_hash: String,
    /// Whether a noted hash is in the chain; `None` if none was given.
    pub noted_hash_found: Option<bool>,
    /// What is wrong.
    pub damage: Vec<Damage>,
    /// How much more is wrong than is told.
    pub damage_not_told: u64,
}

impl VerifyReport {
    /// Whether the store is whole, and holds the noted hash if there is one.
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.noted_hash_found != Some(false)
    }
}

/// One reading of a store.
struct Audit<'a> {
    backend: Arc<dyn Backend>,
    objects: Arc<dyn ObjectStore>,
    options: &'a VerifyOptions<'a>,
    digests: Digests,
    total_bytes: u64,
    report: VerifyReport,
}

impl Audit<'_> {
    fn read(&mut self, bytes: u64) {
        self.report.bytes += bytes;
        if let Some(progress) = self.options.progress {
            progress(self.report.bytes, self.total_bytes.max(self.report.bytes));
        }
    }

    fn found(&mut self, damage: Damage) {
        if self.report.damage.len() < FINDINGS_MAX {
            self.report.damage.push(damage);
        } else {
            self.report.damage_not_told += 1;
        }
    }

    /// Takes damage of an object down as a finding; what the storage refuses is an error.
    fn note<T>(&mut self, object: &str, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_damage(&error) => {
                self.found(Damage::of(object, &error));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether an error says that what is stored is wrong, and not that it cannot be had.
fn is_damage(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Uncertain)
}

/// Reads every object of a store and checks it, without reading contents.
///
/// # Errors
/// As [`verify_with`].
pub async fn verify(backend: Arc<dyn Backend>, noted: Option<&str>) -> Result<VerifyReport> {
    verify_with(backend, &VerifyOptions { head: noted, ..VerifyOptions::default() }).await
}

/// Reads every object of a store and checks it.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if the storage refuses to be read, `Unsupported` if it is newer than this
/// build.
pub async fn verify_with(backend: Arc<dyn Backend>, options: &VerifyOptions<'_>) -> Result<VerifyReport> {
    for _ in 0..READINGS_MAX {
        let newest = newest_manifest(&*backend).await?;
        let report = reading(&backend, options).await?;
        if report.damage.is_empty() || newest_manifest(&*backend).await? == newest {
            return Ok(report);
        }
    }
    Err(Error::unavailable("the store is compacted faster than it can be verified"))
}

async fn newest_manifest(backend: &dyn Backend) -> Result<u64> {
    Ok(manifest_in_force(&backend.list("manifest", "").await?).unwrap_or_default())
}

async fn reading(backend: &Arc<dyn Backend>, options: &VerifyOptions<'_>) -> Result<VerifyReport> {
    let listing = Listing::of(&**backend).await?;
    let report = VerifyReport { noted_hash_found: options.head.map(|_| false), deep: options.deep, ..VerifyReport::default() };
    if (listing.log.is_empty() && listing.manifests.is_empty()) || listing.point == Some(BackupPoint::BEGUN) {
        return History::open(Arc::clone(backend)).await.map(|_| report);
    }
    let mut audit = Audit {
        backend: Arc::clone(backend),
        objects: backend.object_store(),
        options,
        digests: Digests::default(),
        total_bytes: listing.bytes(),
        report,
    };
    let manifests = Manifests::read(&mut audit, &listing.manifests).await?;
    let chain = Chain::read(&mut audit, &listing, &manifests).await?;
    match &manifests.newest {
        Some(manifest) if chain.whole => tables::check(&mut audit, manifest, chain).await?,
        Some(manifest) => files::check(&mut audit, manifest).await?,
        None => {}
    }
    files::check_others(&mut audit, &listing, manifests.newest.as_ref()).await?;
    Ok(audit.report)
}
