//! One scan: all listings of some providers, several at once, into one store.
//!
//! The failure of one listing never stops another: it is in the scan's coverage, and deletes nothing. A page is durable
//! before the next one of its listing is asked for, so memory holds a page per listing and no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use super::doubt::has_lost_tags;
use super::others::Others;
use super::provider::{About, Asked, Failure, Listed, Listing, Provider, Reason, Received, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::ingest::Reader;
use crate::ingest::convert::Draft;
use crate::model::{CoverageStatus, Observation, ResourceKey, Scope, ScopeReport};
use crate::store::{Begin, ChangeCounts, History, ScanBegun, ScanSession, Writer};

/// A scan that wrote nothing for so long is ended by the next one.
const ABANDONED_AFTER_MICROS: i64 = 24 * 3600 * 1_000_000;

/// How to scan.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// The scan's id, which no scan has had before.
    pub scan_id: String,
    /// Listings that are read at once.
    pub at_once: usize,
    /// Hold back deletions where too much of a scope is missing.
    pub guard: bool,
}

/// What happens during a scan.
#[derive(Debug)]
pub enum ScanEvent<'a> {
    /// So many listings are to be read.
    Planned {
        /// How many.
        listings: usize,
    },
    /// Resources are durable.
    Page {
        /// What was asked.
        about: &'a About,
        /// How many.
        resources: usize,
    },
    /// A listing has ended.
    Ended {
        /// What was asked.
        about: &'a About,
        /// How many resources it has shown.
        resources: usize,
        /// What kept it from its end, or from seeing all of a scope.
        outcome: std::result::Result<(), Failure>,
    },
    /// Something that is no error, but that one would want to know.
    Note {
        /// What was asked.
        about: &'a About,
        /// What there is to know.
        note: String,
    },
}

/// Told what happens. Listings are read at once, so it may be called for several in turn.
pub type Tell<'t> = dyn Fn(ScanEvent<'_>) + Send + Sync + 't;

/// What a scan did.
#[derive(Debug, Clone, Default)]
pub struct ScanReport {
    /// How much of its scopes it has seen: `suspect` where the store held deletions back.
    pub scopes: Vec<ScopeReport>,
    /// What the observations did, deletions by absence included.
    pub counts: ChangeCounts,
    /// How many requests were sent.
    pub calls: u64,
}

/// Scans what some providers can list, into one scan of a store.
///
/// # Errors
/// Of a provider that cannot even tell what there is to list: then nothing is written. Of the store: the scan is recorded
/// as failed where that is possible.
pub async fn scan(writer: &Writer, providers: &[Arc<dyn Provider>], options: &ScanOptions, tell: &Tell<'_>) -> Result<ScanReport> {
    let mut work = Vec::new();
    for provider in providers {
        work.extend(provider.listings().await?);
    }
    tell(ScanEvent::Planned { listings: work.len() });
    let history = writer.history().await?;
    end_abandoned(writer, &history).await?;
    let provider = match providers {
        [one] => Some(one.name().to_owned()),
        _ => None,
    };
    let others = Others::of(&history, writer.clock().now());
    let scopes = work.iter().map(|listing| listing.about()).filter(|about| others.listing(about).is_none());
    let scopes = scopes.flat_map(|about| about.scopes.iter().cloned()).collect();
    let begin = Begin { scan_id: options.scan_id.clone(), provider, at: None, lift: false, guard: options.guard, scopes };
    let ScanBegun::Session(session) = writer.begin(begin).await? else {
        return Err(Error::new(ErrorKind::Conflict, format!("scan {} has completed before", options.scan_id)));
    };
    let reader = Reader::new(&history.index.settings.types);
    let running = Running { writer, session: &session, reader: &reader, others: &others, tell };
    let listings = stream::iter(work).map(|listing| running.read(listing)).buffer_unordered(options.at_once.max(1));
    let ended: Vec<Ended> = listings.collect().await;
    finish(writer, session, ended).await
}

/// Ends scans of which nobody has heard for long: their process has died, and nobody will go on with them.
async fn end_abandoned(writer: &Writer, history: &History) -> Result<()> {
    let silent_since = writer.clock().now().micros() - ABANDONED_AFTER_MICROS;
    let silent = history.index.open_scans.iter().filter(|(_, scan)| !scan.failed && scan.last_at < silent_since);
    for (scan_id, scan) in silent {
        let begin =
            Begin { scan_id: scan_id.clone(), provider: scan.provider.clone(), at: None, lift: true, guard: false, scopes: Vec::new() };
        // One that goes on in this very process, or has ended meanwhile, is not abandoned.
        if let Ok(ScanBegun::Session(session)) = writer.begin(begin).await {
            session.fail("abandoned: it wrote nothing for 24 hours", Vec::new()).await?;
        }
    }
    Ok(())
}

/// A listing that has ended.
struct Ended {
    reports: Vec<ScopeReport>,
    calls: u64,
    /// The store did not take what was seen.
    store_error: Option<Error>,
}

async fn finish(writer: &Writer, session: ScanSession, ended: Vec<Ended>) -> Result<ScanReport> {
    let mut report = ScanReport::default();
    let mut store_error = None;
    for listing in ended {
        report.scopes.extend(listing.reports);
        report.calls += listing.calls;
        store_error = store_error.or(listing.store_error);
    }
    if let Some(error) = store_error {
        // What is wrong with the store is told by its first error.
        let _ = session.fail(&error.to_string(), report.scopes).await;
        return Err(error);
    }
    report.counts = session.complete(Some(writer.clock().now()), report.scopes.clone()).await?.counts;
    let suspects = &writer.history().await?.index.suspects;
    let is_suspect = |scope: &&mut ScopeReport| scope.status == CoverageStatus::Complete && suspects.contains_key(scope.scope.as_str());
    report.scopes.iter_mut().filter(is_suspect).for_each(|scope| scope.status = CoverageStatus::Suspect);
    Ok(report)
}

/// What all listings of a scan share.
struct Running<'a> {
    writer: &'a Writer,
    session: &'a ScanSession,
    reader: &'a Reader,
    others: &'a Others,
    tell: &'a Tell<'a>,
}

impl Running<'_> {
    /// Reads one listing to its end, unless another scan is at it.
    async fn read(&self, listing: Arc<dyn Listing>) -> Ended {
        let began = Instant::now();
        let sink = Pages { running: self, about: listing.about(), taken: Mutex::default() };
        let outcome = match self.others.listing(listing.about()) {
            Some(left) => Err(left),
            None => listing.read(&sink).await,
        };
        let Taken { resources, store_error } = sink.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        let calls = outcome.as_ref().map_or_else(|failure| failure.calls, |listed| listed.calls);
        let reports = reports(listing.about(), &outcome, resources, calls, began.elapsed());
        let outcome = outcome.and_then(|listed| listed.partial.into_values().next().map_or(Ok(()), Err));
        (self.tell)(ScanEvent::Ended { about: listing.about(), resources, outcome });
        Ended { reports, calls, store_error }
    }
}

/// What is said of the scopes of a listing that has ended.
fn reports(
    about: &About,
    outcome: &std::result::Result<Listed, Failure>,
    resources: usize,
    calls: u64,
    took: Duration,
) -> Vec<ScopeReport> {
    let report = |scope: &Scope| {
        let (status, failure) = match outcome {
            Ok(listed) => listed.partial.get(scope).map_or((CoverageStatus::Complete, None), |why| (CoverageStatus::Partial, Some(why))),
            Err(failure) => (status_of(failure, resources), Some(failure)),
        };
        ScopeReport {
            error_code: failure.map(Failure::code),
            error: failure.map(|failure| failure.message.clone()),
            duration_ms: i64::try_from(took.as_millis()).ok(),
            api_calls: i64::try_from(calls).ok(),
            ..ScopeReport::new(scope.clone(), status)
        }
    };
    about.scopes.iter().map(report).collect()
}

/// How much of its scopes was seen by a listing that did not come to its end.
fn status_of(failure: &Failure, resources: usize) -> CoverageStatus {
    match failure.reason {
        reason if reason.is_skip() => CoverageStatus::Skipped,
        // Something was seen, though not believed.
        Reason::TagsMissing => CoverageStatus::Partial,
        _ if resources > 0 => CoverageStatus::Partial,
        _ => CoverageStatus::Failed,
    }
}

/// Takes the pages of one listing.
struct Pages<'a> {
    running: &'a Running<'a>,
    about: &'a About,
    taken: Mutex<Taken>,
}

/// What was taken of a listing so far.
#[derive(Debug, Default)]
struct Taken {
    resources: usize,
    store_error: Option<Error>,
}

#[async_trait]
impl Sink for Pages<'_> {
    async fn about_to_ask(&self) -> Result<Asked> {
        Ok(Asked { head: self.running.writer.history().await?.index.head, is_confirmed: false })
    }

    async fn known(&self, resources: &[ResourceKey]) -> Result<Vec<Option<Draft>>> {
        let asked = resources.iter().map(|key| (key.clone(), None)).collect();
        let known = self.running.writer.known(asked).await?;
        resources.iter().zip(known).map(|(key, content)| content.map(|content| Draft::of(key, &content)).transpose()).collect()
    }

    async fn page(&self, asked: Asked, resources: Vec<Draft>) -> Result<Received> {
        if !asked.is_confirmed && has_lost_tags(self.running.writer, self.running.reader, &resources).await? {
            return Ok(Received::Doubted(resources));
        }
        let now = self.running.writer.clock().now();
        let seen = resources.into_iter().map(|seen| Draft { observed_at: Some(now), ..seen });
        let checked = seen.map(|seen| self.running.reader.observation(seen, now));
        let mut observations = checked.collect::<Result<Vec<Observation>>>()?;
        // Neighbours by key are neighbours in the tables: they take less room and are found faster.
        observations.sort_by(|left, right| left.key.cmp(&right.key));
        let count = observations.len();
        let committed = self.running.session.observe_page(observations, Some(asked.head)).await;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match committed {
            Ok(_) => {
                taken.resources += count;
                (self.running.tell)(ScanEvent::Page { about: self.about, resources: count });
                Ok(Received::Written)
            }
            Err(error) => {
                taken.store_error.get_or_insert(error.duplicate());
                Err(error)
            }
        }
    }

    fn note(&self, note: String) {
        (self.running.tell)(ScanEvent::Note { about: self.about, note });
    }
}
