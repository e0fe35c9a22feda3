//! Jobs of daemons, as the log tells of them: which due times were taken, by whom, and how they ended. So several daemons
//! share one store's jobs. A job is had for a time only, its lease: what became of a holder that says nothing any more is
//! not known, and another may then run the same due time again. Clocks decide who works, never what is true.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entries::{Entry, EntryKind};
use super::index::told;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Timestamp, micros};

/// A daemon that wants to run a job, or to go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobClaim {
    /// The job.
    pub job: String,
    /// When it was due: which run of the job this is.
    #[serde(with = "micros")]
    pub due: Timestamp,
    /// Who wants it: a name that no other daemon has.
    pub holder: String,
    /// When it was asked for.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// Until when nobody else may have it.
    #[serde(with = "micros")]
    pub lease_until: Timestamp,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEnd {
    /// The job.
    pub job: String,
    /// When it was due.
    #[serde(with = "micros")]
    pub due: Timestamp,
    /// Who had it.
    pub holder: String,
    /// Whether it did what it is for.
    pub ok: bool,
    /// What there is to say of it.
    pub message: String,
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobState {
    /// The newest due time that was taken.
    #[serde(with = "micros")]
    pub due: Timestamp,
    /// Who took it last.
    pub holder: String,
    /// Until when it is theirs, unless they renew it.
    #[serde(with = "micros")]
    pub lease_until: Timestamp,
    /// How it ended; `None` = it has not.
    pub end: Option<JobOutcome>,
}

/// How the newest run of a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobOutcome {
    /// When.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// Whether it did what it is for.
    pub ok: bool,
    /// What there is to say of it.
    pub message: String,
}

impl JobClaim {
    /// Whether the job can be had: its due time is newer than all that were taken, or was not ended by who took it, and
    /// nobody else has a lease.
    ///
    /// # Errors
    /// `Conflict`, which says why not.
    pub(super) fn check(&self, known: Option<&JobState>) -> Result<()> {
        let Some(known) = known else { return Ok(()) };
        let refused = |why: String| Err(Error::new(ErrorKind::Conflict, format!("job {}: {why}", self.job)));
        let due = known.due;
        if self.due < known.due || (self.due == known.due && known.end.is_some()) {
            return refused(format!("its run of {due} was taken by {}", known.holder));
        }
        if known.end.is_none() && known.holder != self.holder && self.at < known.lease_until {
            return refused(format!("{} has its run of {due} until {}", known.holder, known.lease_until));
        }
        Ok(())
    }

    pub(super) fn to_entry(&self) -> Entry {
        told(EntryKind::JobClaimed, self.at, self)
    }
}

impl JobEnd {
    pub(super) fn to_entry(&self, at: Timestamp) -> Entry {
        told(EntryKind::JobEnded, at, self)
    }
}

impl JobState {
    /// A job that was taken just now.
    pub fn of(claim: &JobClaim) -> Self {
        Self { due: claim.due, holder: claim.holder.clone(), lease_until: claim.lease_until, end: None }
    }
}

/// Takes in that a job was taken.
pub(super) fn claimed(jobs: &mut BTreeMap<String, JobState>, claim: &JobClaim) {
    jobs.insert(claim.job.clone(), JobState::of(claim));
}

/// Takes in that a job has ended. Of one that was taken over meanwhile it says nothing.
pub(super) fn ended(jobs: &mut BTreeMap<String, JobState>, end: &JobEnd, at: Timestamp) {
    let known = jobs.get_mut(&end.job).filter(|known| known.due == end.due && known.holder == end.holder);
    if let Some(known) = known {
        known.end = Some(JobOutcome { at, ok: end.ok, message: end.message.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn claim(due: i64, holder: &str, asked: i64) -> JobClaim {
        JobClaim { job: "nightly".into(), due: at(due), holder: holder.into(), at: at(asked), lease_until: at(asked + 100) }
    }

    #[test]
    fn a_due_time_is_run_once_and_taken_over_only_where_its_lease_ran_out() {
        let mut jobs = BTreeMap::new();
        let first = claim(1000, "a", 1001);
        assert!(first.check(jobs.get("nightly")).is_ok());
        claimed(&mut jobs, &first);

        assert!(claim(1000, "b", 1050).check(jobs.get("nightly")).is_err(), "it is leased");
        assert!(claim(2000, "b", 1050).check(jobs.get("nightly")).is_err(), "runs of a job do not overlap");
        assert!(claim(1000, "a", 1090).check(jobs.get("nightly")).is_ok(), "its holder may go on");
        assert!(claim(1000, "b", 1101).check(jobs.get("nightly")).is_ok(), "the lease has run out");

        let end = |holder: &str| JobEnd { job: "nightly".into(), due: at(1000), holder: holder.into(), ok: true, message: String::new() };
        claimed(&mut jobs, &claim(1000, "b", 1101));
        ended(&mut jobs, &end("a"), at(1150));
        assert_eq!(jobs.get("nightly").unwrap().end, None, "it was taken over");
        ended(&mut jobs, &end("b"), at(1160));
        assert!(jobs.get("nightly").unwrap().end.as_ref().unwrap().ok);
        assert!(claim(1000, "c", 9000).check(jobs.get("nightly")).is_err(), "it has ended");
        assert!(claim(2000, "c", 1170).check(jobs.get("nightly")).is_ok());
    }
}
