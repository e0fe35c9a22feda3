//! One scan: all listings of some providers, several at once, into one store.
//!
//! The failure of one listing never stops another: it is in the scan's coverage, and deletes nothing. A page is durable
//! before the next one of its listing is asked for, so memory holds a page per listing and no more. A scan that is stopped
//! waits for the pages that are on their way to the store, and is recorded as failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::doubt::has_lost_tags;
use super::others::Others;
use super::provider::{About, Asked, Failure, Listed, Listing, Provider, Reason, Received, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::ingest::Reader;
use crate::ingest::convert::Draft;
use crate::model::{CoverageStatus, Observation, ResourceKey, Scope, ScopeReport};
use crate::stop::Stop;
use crate::store::{Begin, ChangeCounts, History, ScanBegun, ScanSession, Writer};

/// A scan that wrote nothing for so long is ended by the next one.
const ABANDONED_AFTER_MICROS: i64 = 24 * 3600 * 1_000_000;

/// Providers that are asked at once what there is to list.
const PROVIDERS_AT_ONCE: usize = 8;
/// What is recorded of a scan that was stopped.
const INTERRUPTED: &str = "interrupted";

/// How to scan.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// The scan's id, which no scan has had before.
    pub scan_id: String,
    /// Listings that are read at once.
    pub at_once: usize,
    /// Hold back deletions where too much of a scope is missing.
    pub guard: bool,
    /// Ends it before its time: nothing is deleted then.
    pub stop: Stop,
}

/// What happens during a scan.
#[derive(Debug)]
pub enum ScanEvent<'a> {
    /// These listings are to be read.
    Planned {
        /// All of them.
        listings: &'a [Arc<dyn Listing>],
    },
    /// A listing is asked for its first page.
    Begun {
        /// What is asked.
        about: &'a About,
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
        /// How it ended.
        ended: &'a Ended,
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

/// How a listing ended.
#[derive(Debug)]
pub struct Ended {
    /// What is said of its scopes.
    pub scopes: Vec<ScopeReport>,
    /// How many resources it has shown, by scope.
    pub listed: BTreeMap<Scope, usize>,
    /// What its observations did.
    pub counts: ChangeCounts,
    /// How many requests were sent.
    pub calls: u64,
    /// What kept it from its end, or from seeing all of a scope.
    pub failure: Option<Failure>,
    /// The store did not take what was seen.
    store_error: Option<Error>,
}

/// What a scan did.
#[derive(Debug, Default)]
pub struct ScanReport {
    /// How much of its scopes it has seen: `suspect` where the store held deletions back.
    pub scopes: Vec<ScopeReport>,
    /// What the observations did, deletions by absence included.
    pub counts: ChangeCounts,
    /// How many resources were deleted, by scope.
    pub deleted: Vec<(Scope, i64)>,
    /// How many requests were sent.
    pub calls: u64,
    /// Why providers could not even tell what there is to list.
    pub unreached: Vec<Error>,
}

/// Scans what some providers can list, into one scan of a store.
///
/// # Errors
/// If no provider can tell what there is to list: then nothing is written. If the scan was stopped, or the store refuses:
/// it is recorded as failed where that is possible.
pub async fn scan(writer: &Writer, providers: &[Arc<dyn Provider>], options: &ScanOptions, tell: &Tell<'_>) -> Result<ScanReport> {
    let (work, unreached) = tokio::select! {
        planned = plan(providers) => planned?,
        () = options.stop.requested() => return Err(interrupted()),
    };
    tell(ScanEvent::Planned { listings: &work });
    let history = writer.history().await?;
    end_abandoned(writer, &history).await?;
    let provider = match providers {
        [one, others @ ..] if others.iter().all(|other| other.name() == one.name()) => Some(one.name().to_owned()),
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
    let running = Running { writer, session: &session, reader: &reader, others: &others, tell, stop: &options.stop };
    let listings = stream::iter(work).map(|listing| running.read(listing)).buffer_unordered(options.at_once.max(1));
    let ended: Vec<Ended> = listings.collect().await;
    Ok(ScanReport { unreached, ..finish(writer, session, ended).await? })
}

/// All that there is to list, in the order of the providers, and why some could not tell.
///
/// # Errors
/// If none of them can.
pub async fn plan(providers: &[Arc<dyn Provider>]) -> Result<(Vec<Arc<dyn Listing>>, Vec<Error>)> {
    let asked = stream::iter(providers).map(|provider| provider.listings()).buffered(PROVIDERS_AT_ONCE);
    let (mut work, mut unreached, mut scopes) = (Vec::new(), Vec::new(), BTreeSet::new());
    for listings in asked.collect::<Vec<_>>().await {
        match listings.and_then(|listings| taken_once(listings, &mut scopes)) {
            Ok(listings) => work.extend(listings),
            Err(error) => unreached.push(error),
        }
    }
    match unreached.len() {
        1 if work.is_empty() => Err(unreached.remove(0)),
        2.. if work.is_empty() => {
            let told: Vec<String> = unreached.iter().map(ToString::to_string).collect();
            Err(Error::unavailable(format!("there is nothing that can be scanned\n{}", told.join("\n"))))
        }
        _ => Ok((work, unreached)),
    }
}

/// The listings of a provider, unless another has taken one of their scopes.
fn taken_once(listings: Vec<Arc<dyn Listing>>, scopes: &mut BTreeSet<Scope>) -> Result<Vec<Arc<dyn Listing>>> {
    for listing in &listings {
        let about = listing.about();
        if about.scopes.iter().any(|scope| scopes.contains(scope)) {
            return Err(Error::invalid(format!("account {} is to be scanned twice: once is enough", about.account_id)));
        }
    }
    scopes.extend(listings.iter().flat_map(|listing| listing.about().scopes.iter().cloned()));
    Ok(listings)
}

fn interrupted() -> Error {
    Error::unavailable("the scan was interrupted: what it saw is kept, and nothing was deleted")
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

async fn finish(writer: &Writer, session: ScanSession, listings: Vec<Ended>) -> Result<ScanReport> {
    let mut report = ScanReport::default();
    let (mut store_error, mut is_interrupted) = (None, false);
    for ended in listings {
        is_interrupted |= ended.failure.is_some_and(|failure| failure.reason == Reason::Interrupted);
        report.scopes.extend(ended.scopes);
        report.calls += ended.calls;
        store_error = store_error.or(ended.store_error);
    }
    if let Some(error) = store_error {
        // What is wrong with the store is told by its first error.
        let _ = session.fail(&error.to_string(), report.scopes).await;
        return Err(error);
    }
    if is_interrupted {
        session.fail(INTERRUPTED, report.scopes).await?;
        return Err(interrupted());
    }
    let completed = session.complete(Some(writer.clock().now()), report.scopes.clone()).await?;
    (report.counts, report.deleted) = (completed.counts, completed.deleted);
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
    stop: &'a Stop,
}

impl Running<'_> {
    /// Reads one listing to its end, or until the scan is stopped, unless another scan is at it.
    async fn read(&self, listing: Arc<dyn Listing>) -> Ended {
        let (began, about) = (Instant::now(), listing.about());
        let sink = Pages { running: self, about, asked: AtomicU64::new(0), taken: Mutex::default() };
        let outcome = tokio::select! {
            biased;
            asked = sink.stopped() => Err(Failure::new(Reason::Interrupted, "the scan was stopped", asked)),
            outcome = sink.read(&*listing) => outcome,
        };
        let Taken { listed, counts, store_error } = sink.taken.into_inner();
        let calls = outcome.as_ref().map_or_else(|failure| failure.calls, |listed| listed.calls);
        let scopes = reports(about, &outcome, !listed.is_empty(), calls, began.elapsed());
        let failure = outcome.and_then(|listed| listed.partial.into_values().next().map_or(Ok(()), Err)).err();
        let ended = Ended { scopes, listed, counts, calls, failure, store_error };
        (self.tell)(ScanEvent::Ended { about, ended: &ended });
        ended
    }
}

/// What is said of the scopes of a listing that has ended.
fn reports(
    about: &About,
    outcome: &std::result::Result<Listed, Failure>,
    has_listed: bool,
    calls: u64,
    took: Duration,
) -> Vec<ScopeReport> {
    let report = |scope: &Scope| {
        let (status, failure) = match outcome {
            Ok(listed) => listed.partial.get(scope).map_or((CoverageStatus::Complete, None), |why| (CoverageStatus::Partial, Some(why))),
            Err(failure) => (status_of(failure, has_listed), Some(failure)),
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
fn status_of(failure: &Failure, has_listed: bool) -> CoverageStatus {
    match failure.reason {
        reason if reason.is_skip() => CoverageStatus::Skipped,
        // Something was seen, though not believed.
        Reason::TagsMissing => CoverageStatus::Partial,
        _ if has_listed => CoverageStatus::Partial,
        _ => CoverageStatus::Failed,
    }
}

/// Takes the pages of one listing.
struct Pages<'a> {
    running: &'a Running<'a>,
    about: &'a About,
    /// How many pages were asked for.
    asked: AtomicU64,
    /// Locked while a page is on its way to the store.
    taken: Mutex<Taken>,
}

/// What was taken of a listing so far.
#[derive(Debug, Default)]
struct Taken {
    listed: BTreeMap<Scope, usize>,
    counts: ChangeCounts,
    store_error: Option<Error>,
}

impl Pages<'_> {
    async fn read(&self, listing: &dyn Listing) -> std::result::Result<Listed, Failure> {
        if let Some(left) = self.running.others.listing(self.about) {
            return Err(left);
        }
        (self.running.tell)(ScanEvent::Begun { about: self.about });
        listing.read(self).await
    }

    /// Waits until the scan is stopped and no page is on its way to the store; how many were asked for.
    async fn stopped(&self) -> u64 {
        self.running.stop.requested().await;
        drop(self.taken.lock().await);
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Sink for Pages<'_> {
    async fn about_to_ask(&self) -> Result<Asked> {
        self.asked.fetch_add(1, Ordering::Relaxed);
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
        let mut listed: BTreeMap<Scope, usize> = BTreeMap::new();
        for scopes in observations.chunk_by(|left, right| left.key.scope_str() == right.key.scope_str()) {
            let scope = scopes.first().map(|first| Scope::from_stored(first.key.scope_str()));
            listed.extend(scope.map(|scope| (scope, scopes.len())));
        }
        let count = observations.len();
        let mut taken = self.taken.lock().await;
        match self.running.session.observe_page(observations, Some(asked.head)).await {
            Ok(committed) => {
                taken.counts.add(&committed.counts);
                listed.into_iter().for_each(|(scope, count)| *taken.listed.entry(scope).or_default() += count);
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
