//! The writing side of a store, for scanners and importers: scans that hand in observations and are told when they are
//! durable. One committer per process groups what concurrent scans hand in.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::backend::Backend;
use super::commit::{Committer, Condition, Queue, Request, Work};
use super::compact::{CompactOptions, Compacted};
use super::entries::{Entry, EntryKind};
use super::findings::{FindingRecord, RunRecord};
use super::history::History;
use super::index::{StoreSettings, TagDetails};
use super::jobs::{JobClaim, JobEnd};
use super::redaction::{AppliedDetails, RedactionDetails};
use super::repair::Repaired;
use super::retention::{RetentionDetails, RetentionPlan};
use super::run::{Begin, Begun, Committed, End};
use super::state::ScanNo;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Content, ContentHash, Observation, ResourceKey, Revision, ScopeReport, Timestamp};

/// Findings that are recorded at once: more would make a large segment.
const FINDINGS_PER_COMMIT: usize = 10_000;

/// A store that is open for writing. Cloning shares the committer.
#[derive(Debug, Clone)]
pub struct Writer {
    requests: mpsc::Sender<Request>,
    clock: Arc<dyn Clock>,
}

/// A scan under way. Dropped without an end it is neither complete nor failed: it can be continued under its id.
#[derive(Debug)]
pub struct ScanSession {
    writer: Writer,
    scan: ScanNo,
    scan_id: String,
    known_lines: u64,
}

/// How a scan began.
#[derive(Debug)]
pub enum ScanBegun {
    /// It takes observations.
    Session(ScanSession),
    /// A scan of that id has completed before: there is nothing to do.
    Completed,
}

impl Writer {
    /// Opens a store for writing, and makes it if it is not there.
    ///
    /// # Errors
    /// `Unavailable` if the place cannot be written, `Corrupt` if the store is damaged, `Unsupported` if it is newer.
    pub async fn open(backend: Arc<dyn Backend>, clock: Arc<dyn Clock>) -> Result<Self> {
        let mut committer = Committer::open(backend, Arc::clone(&clock)).await?;
        let (requests, mut queue) = Queue::new();
        tokio::spawn(async move {
            while let Some(group) = queue.group().await {
                committer.serve(group, &mut queue).await;
            }
        });
        Ok(Self { requests, clock })
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<Result<T>>) -> Request) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let gone = |()| Error::internal("the committer has stopped");
        self.requests.send(request(reply)).await.map_err(|_| gone(()))?;
        answer.await.map_err(|_| gone(()))?
    }

    /// Begins a scan, or continues one that broke.
    ///
    /// # Errors
    /// `Invalid` if its time lies before the head's or in the future; `Conflict` if it is under way.
    pub async fn begin(&self, begin: Begin) -> Result<ScanBegun> {
        let scan_id = begin.scan_id.clone();
        let (scan, known_lines) = match self.ask(|reply| Request::Write(Work::Begin(begin, reply))).await? {
            Begun::Completed => return Ok(ScanBegun::Completed),
            Begun::Fresh { scan } => (scan, 0),
            Begun::Continued { scan, lines, .. } => (scan, lines),
        };
        Ok(ScanBegun::Session(ScanSession { writer: self.clone(), scan, scan_id, known_lines }))
    }

    /// Gives a name to a revision.
    ///
    /// # Errors
    /// As a commit.
    pub async fn tag(&self, name: &str, revision: Revision) -> Result<()> {
        let details = TagDetails { name: name.to_owned(), revision };
        self.log(vec![details.to_entry(EntryKind::TagCreated, self.clock.now())], Condition::Always).await
    }

    /// Lets a tag, which names a revision, hold the floor at or below that.
    ///
    /// # Errors
    /// `NotFound` if the floor is above it; else as a commit.
    pub async fn hold_tag(&self, name: &str, revision: Revision) -> Result<()> {
        let details = TagDetails { name: name.to_owned(), revision };
        self.log(vec![details.to_entry(EntryKind::TagHeld, self.clock.now())], Condition::NotGone(revision)).await
    }

    /// Lets a tag, which names a revision, hold the floor no more.
    ///
    /// # Errors
    /// As a commit.
    pub async fn release_tag(&self, name: &str, revision: Revision) -> Result<()> {
        let details = TagDetails { name: name.to_owned(), revision };
        self.log(vec![details.to_entry(EntryKind::TagReleased, self.clock.now())], Condition::Always).await
    }

    /// Raises the floor as planned; `policy` says what asked for it. Files go with the next compaction.
    ///
    /// # Errors
    /// `Conflict` if something holds the floor below that by now: plan again. Else as a commit.
    pub async fn retain(&self, plan: &RetentionPlan, policy: &str) -> Result<()> {
        let details = RetentionDetails { floor: plan.floor, policy: policy.to_owned() };
        self.log(vec![details.to_entry(self.clock.now())], Condition::Floor(plan.floor)).await
    }

    /// Redacts what was recorded of a resource up to the head: that is in the log when this returns, and nothing of it is left once
    /// [`super::purge`] is through.
    ///
    /// # Errors
    /// As a commit.
    pub async fn redact(&self, resource: &ResourceKey, reason: &str) -> Result<()> {
        let token = self.clock.new_id().simple().to_string();
        let details = RedactionDetails { resource_key: resource.as_str().to_owned(), reason: reason.to_owned(), token };
        self.log(vec![details.to_entry(self.clock.now())?], Condition::Always).await
    }

    /// Records that the tables of a manifest, which this writer knows, hold nothing more of what is redacted.
    ///
    /// # Errors
    /// As a commit.
    pub(super) async fn record_redaction_applied(&self, manifest: u64) -> Result<()> {
        self.log(vec![AppliedDetails { manifest }.to_entry(self.clock.now())], Condition::Always).await
    }

    /// Changes the settings that govern meaning.
    ///
    /// # Errors
    /// As a commit.
    pub async fn change_settings(&self, settings: StoreSettings) -> Result<()> {
        self.log(vec![settings.to_entry(self.clock.now())], Condition::Always).await
    }

    /// Records what a run made of findings, which knew of so many redactions. It counts once the run itself is recorded.
    ///
    /// # Errors
    /// `Conflict` if something was redacted since, which findings may tell of; `Invalid` if a resource key is none; else as a
    /// commit.
    pub async fn record_findings(&self, run_id: &str, findings: &[FindingRecord], redactions: usize) -> Result<()> {
        for findings in findings.chunks(FINDINGS_PER_COMMIT) {
            let entries = findings.iter().map(|finding| finding.to_entry(run_id, self.clock.now())).collect::<Result<Vec<_>>>()?;
            self.log(entries, Condition::Redactions(redactions)).await?;
        }
        Ok(())
    }

    /// Records a run of checks.
    ///
    /// # Errors
    /// `Conflict` if it is about findings and another run has told of findings since the one that it knew: compare again,
    /// under another id. Else as a commit.
    pub async fn record_run(&self, run: &RunRecord) -> Result<()> {
        let condition = run.findings.clone().map_or(Condition::Always, Condition::LastRun);
        self.log(vec![run.to_entry(self.clock.now())], condition).await
    }

    /// Takes a job that is due, or renews its lease; false if it is another's, or was run.
    ///
    /// # Errors
    /// As a commit.
    pub async fn claim_job(&self, claim: JobClaim) -> Result<bool> {
        match self.log(vec![claim.to_entry()], Condition::Job(claim)).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says how a job has ended.
    ///
    /// # Errors
    /// As a commit.
    pub async fn end_job(&self, end: &JobEnd) -> Result<()> {
        self.log(vec![end.to_entry(self.clock.now())], Condition::Always).await
    }

    /// Records that the store was repaired.
    ///
    /// # Errors
    /// As a commit.
    pub async fn record_repair(&self, repaired: &Repaired) -> Result<()> {
        self.log(vec![repaired.to_entry(self.clock.now())], Condition::Always).await
    }

    async fn log(&self, entries: Vec<Entry>, condition: Condition) -> Result<()> {
        self.ask(|reply| Request::Write(Work::Log(entries, condition, reply))).await
    }

    /// Compacts the whole log into tables and removes what is no longer needed.
    ///
    /// # Errors
    /// `Unavailable` if the storage refuses: nothing is lost. `Corrupt` if a file is damaged.
    pub async fn compact(&self, options: CompactOptions) -> Result<Compacted> {
        self.ask(|reply| Request::Compact(options, reply)).await
    }

    /// Waits for a compaction that is under way: call it before the process ends.
    ///
    /// # Errors
    /// Those of the compaction; nothing is lost.
    pub async fn settle(&self) -> Result<()> {
        self.ask(Request::Settle).await
    }

    /// The log as it is now.
    ///
    /// # Errors
    /// `Corrupt`.
    pub async fn history(&self) -> Result<History> {
        self.ask(Request::History).await
    }

    /// What is known of resources: the content of each that is live and has another hash than is given with it.
    ///
    /// # Errors
    /// `Corrupt` if a version is not where it must be.
    pub async fn known(&self, resources: Vec<(ResourceKey, Option<ContentHash>)>) -> Result<Vec<Option<Arc<Content>>>> {
        self.ask(|reply| Request::Known(resources, reply)).await
    }

    /// The clock of this writer.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}

impl ScanSession {
    /// The scan's id.
    pub fn scan_id(&self) -> &str {
        &self.scan_id
    }

    /// How many observations the store has of this scan from a run that broke.
    pub fn known_lines(&self) -> u64 {
        self.known_lines
    }

    /// Hands in observations; they are durable when this returns.
    ///
    /// # Errors
    /// `Unavailable`: nothing was written, the scan can go on. `Uncertain`: it may have been; open the store again.
    pub async fn observe(&self, observations: Vec<Observation>) -> Result<Committed> {
        self.observe_page(observations, None).await
    }

    /// Hands in the observations of one page, with the head when its request was sent.
    ///
    /// # Errors
    /// As [`ScanSession::observe`].
    pub async fn observe_page(&self, observations: Vec<Observation>, token: Option<Revision>) -> Result<Committed> {
        self.writer.ask(|reply| Request::Write(Work::Observe(self.scan, observations, token, reply))).await
    }

    /// Ends the scan as it should: complete scopes delete what the scan did not list.
    ///
    /// # Errors
    /// As [`ScanSession::observe`].
    pub async fn complete(self, at: Option<Timestamp>, scopes: Vec<ScopeReport>) -> Result<Committed> {
        self.writer.ask(|reply| Request::Write(Work::End(self.scan, End::Completed { at, scopes }, reply))).await
    }

    /// Ends the scan as broken: it deletes nothing, and can be continued under its id.
    ///
    /// # Errors
    /// As [`ScanSession::observe`].
    pub async fn fail(self, error: &str, scopes: Vec<ScopeReport>) -> Result<Committed> {
        let error = error.to_owned();
        self.writer.ask(|reply| Request::Write(Work::End(self.scan, End::Failed { error, scopes }, reply))).await
    }
}

impl Drop for ScanSession {
    fn drop(&mut self) {
        // Of one that has ended this says nothing new. Where the queue is full the scan stays taken in this process.
        let _ = self.writer.requests.try_send(Request::Leave(self.scan));
    }
}
