//! What a committer is asked for, and what it answers.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Content, ContentHash, Observation, ResourceKey, Revision};
use crate::store::classify::Draft;
use crate::store::compact::{CompactOptions, Compacted};
use crate::store::entries::Entry;
use crate::store::findings::LastRun;
use crate::store::history::History;
use crate::store::index::LogIndex;
use crate::store::jobs::JobClaim;
use crate::store::retention::{check_floor, check_not_gone};
use crate::store::run::{Begin, Begun, Committed, End};
use crate::store::state::ScanNo;

/// What can be asked of the committer.
#[derive(Debug)]
pub enum Request {
    /// Something is to go into a segment.
    Write(Work),
    /// A scan was left without an end.
    Leave(ScanNo),
    /// The tail is to be compacted.
    Compact(CompactOptions, oneshot::Sender<Result<Compacted>>),
    /// A compaction that is under way is to be waited for.
    Settle(oneshot::Sender<Result<()>>),
    /// What the log looks like now.
    History(oneshot::Sender<Result<History>>),
    /// The contents of live resources.
    Known(Vec<Wanted>, oneshot::Sender<Result<Vec<Option<Arc<Content>>>>>),
}

/// On what it depends whether entries are written: the log as it is when they are, whoever wrote it.
#[derive(Debug)]
pub enum Condition {
    /// On nothing.
    Always,
    /// No run has told of findings since this one.
    LastRun(LastRun),
    /// The job can be had.
    Job(JobClaim),
    /// Nothing holds the floor below this revision.
    Floor(Revision),
    /// The floor is not above this revision.
    NotGone(Revision),
    /// No more than so many things are redacted.
    Redactions(usize),
}

impl Condition {
    fn check(&self, index: &LogIndex) -> Result<()> {
        match self {
            Self::Always => Ok(()),
            Self::LastRun(LastRun(known)) if *known == index.last_run => Ok(()),
            Self::LastRun(_) => Err(Error::new(ErrorKind::Conflict, "another run has told of findings meanwhile")),
            Self::Job(claim) => claim.check(index.jobs.get(&claim.job)),
            Self::Floor(floor) => check_floor(index, *floor),
            Self::Redactions(known) if index.redactions.len() <= *known => Ok(()),
            Self::Redactions(_) => {
                Err(Error::new(ErrorKind::Conflict, "a resource was redacted, which the tables that were read do not follow")
                    .with_hint("`elava compact` makes tables that do"))
            }
            Self::NotGone(revision) => check_not_gone(*revision, index.floor),
        }
    }
}

/// A resource whose content is asked for, unless it is that of a hash.
pub type Wanted = (ResourceKey, Option<ContentHash>);

/// What goes into a segment.
#[derive(Debug)]
pub enum Work {
    /// A scan begins.
    Begin(Begin, oneshot::Sender<Result<Begun>>),
    /// A scan has seen resources.
    Observe(ScanNo, Vec<Observation>, Option<Revision>, oneshot::Sender<Result<Committed>>),
    /// A scan ends.
    End(ScanNo, End, oneshot::Sender<Result<Committed>>),
    /// Something besides scans is to be logged.
    Log(Vec<Entry>, Condition, oneshot::Sender<Result<()>>),
}

impl Work {
    /// The observations that it hands in.
    pub(super) fn observations(&self) -> &[Observation] {
        match self {
            Self::Observe(_, observations, ..) => observations,
            _ => &[],
        }
    }

    /// Whether what others have written decides what becomes of it.
    pub(super) fn depends(&self) -> bool {
        match self {
            Self::Begin(..) => true,
            Self::Log(_, condition, _) => !matches!(condition, Condition::Always),
            Self::Observe(..) | Self::End(..) => false,
        }
    }
}

/// What a piece of work did.
pub(super) enum Done {
    Begun(Begun),
    Committed(Committed),
    Logged,
    Refused(Error),
}

/// What is logged besides scans in one commit.
pub(super) struct LogWork<'a> {
    index: &'a LogIndex,
    has_conditional: bool,
}

impl<'a> LogWork<'a> {
    pub(super) fn new(index: &'a LogIndex) -> Self {
        Self { index, has_conditional: false }
    }

    /// The conditions are about the log before this commit, so that it may hold one such piece of work.
    pub(super) fn push(&mut self, entries: &[Entry], condition: &Condition, draft: &mut Draft<'_>) -> Result<()> {
        if !matches!(condition, Condition::Always) {
            if self.has_conditional {
                return Err(Error::new(ErrorKind::Conflict, "another job, run or floor is recorded at this moment"));
            }
            condition.check(self.index)?;
            self.has_conditional = true;
        }
        entries.iter().for_each(|entry| draft.push_entry(Entry { head: draft.head(), ..entry.clone() }));
        Ok(())
    }
}

/// Tells those who asked what became of their work.
pub(super) fn answer(work: Vec<Work>, outcome: Result<Vec<Done>>) {
    match outcome {
        Ok(done) => {
            for pair in work.into_iter().zip(done) {
                match pair {
                    (Work::Begin(_, reply), Done::Begun(begun)) => drop(reply.send(Ok(begun))),
                    (Work::Observe(_, observations, _, reply), Done::Committed(committed)) => {
                        let _ = reply.send(Ok(committed));
                        // Freeing many small texts takes a while that the next commit need not wait for.
                        tokio::task::spawn_blocking(move || drop(observations));
                    }
                    (Work::End(.., reply), Done::Committed(committed)) => drop(reply.send(Ok(committed))),
                    (Work::Log(.., reply), Done::Logged) => drop(reply.send(Ok(()))),
                    (work, Done::Refused(error)) => refuse(work, error),
                    // A reply that is dropped tells the caller that the committer is at fault.
                    _ => {}
                }
            }
        }
        Err(error) => work.into_iter().for_each(|work| refuse(work, error.duplicate())),
    }
}

fn refuse(work: Work, error: Error) {
    match work {
        Work::Begin(_, reply) => drop(reply.send(Err(error))),
        Work::Observe(.., reply) | Work::End(.., reply) => drop(reply.send(Err(error))),
        Work::Log(.., reply) => drop(reply.send(Err(error))),
    }
}
