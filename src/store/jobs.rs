//! Jobs of daemons, as the log tells of them: which due times were taken, by whom, and how they ended. So several daemons
//! share one store's jobs. A job is had for a time only, its lease: what became of a holder that says nothing any more is
//! not known, and another may then run the same due time again. Clocks decide who works, never what is true.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entries::{Entry, EntryKind};
use super::index::told;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Timestamp;

/// A daemon that wants to run a job, or to go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobClaim {
    /// The job.
    pub job: String,
    /// When it was due, in microseconds: which run of the job this is.
    pub due: i64,
    /// Who wants it: a name that no other daemon has.
    pub holder: String,
    /// When it was asked for, in microseconds.
    pub at: i64,
    /// Until when nobody else may have it, in microseconds.
    pub lease_until: i64,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEnd {
    /// The job.
    pub job: String,
    /// When it was due, in microseconds.
    pub due: i64,
    /// Who had it.
    pub holder: String,
    /// Whether it did what it is for.
    pub ok: bool,
    /// What there is to say of it.
    pub message: Option<String>,
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobState {
    /// The newest due time that was taken, in microseconds.
    pub due: i64,
    /// Who took it last.
    pub holder: String,
    /// Until when it is theirs, in microseconds.
    pub lease_until: i64,
    /// How it ended; `None` = it has not.
    pub end: Option<JobOutcome>,
}

/// How the newest run of a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobOutcome {
    /// When, in microseconds.
    pub at: i64,
    /// Whether it did what it is for.
    pub ok: bool,
    /// What there is to say of it.
    pub message: Option<String>,
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
        let due = Timestamp::from_micros(known.due);
        if self.due < known.due || (self.due == known.due && known.end.is_some()) {
            return refused(format!("its run of {due} was taken by {}", known.holder));
        }
        if known.end.is_none() && known.holder != self.holder && self.at < known.lease_until {
            let until = Timestamp::from_micros(known.lease_until);
            return refused(format!("{} has its run of {due} until {until}", known.holder));
        }
        Ok(())
    }

    pub(super) fn to_entry(&self) -> Entry {
        told(EntryKind::JobClaimed, Timestamp::from_micros(self.at), self)
    }
}

impl JobEnd {
    pub(super) fn to_entry(&self, at: Timestamp) -> Entry {
        told(EntryKind::JobEnded, at, self)
    }
}

/// Takes in that a job was taken.
pub(super) fn claimed(jobs: &mut BTreeMap<String, JobState>, claim: JobClaim) {
    let state = JobState { due: claim.due, holder: claim.holder, lease_until: claim.lease_until, end: None };
    jobs.insert(claim.job, state);
}

/// Takes in that a job has ended. Of one that was taken over meanwhile it says nothing.
pub(super) fn ended(jobs: &mut BTreeMap<String, JobState>, end: &JobEnd, at: Timestamp) {
    let known = jobs.get_mut(&end.job).filter(|known| known.due == end.due && known.holder == end.holder);
    if let Some(known) = known {
        known.end = Some(JobOutcome { at: at.micros(), ok: end.ok, message: end.message.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(due: i64, holder: &str, at: i64) -> JobClaim {
        JobClaim { job: "nightly".into(), due, holder: holder.into(), at, lease_until: at + 100 }
    }

    #[test]
    fn a_due_time_is_run_once_and_taken_over_only_where_its_lease_ran_out() {
        let mut jobs = BTreeMap::new();
        let first = claim(1000, "a", 1001);
        assert!(first.check(jobs.get("nightly")).is_ok());
        claimed(&mut jobs, first);

        assert!(claim(1000, "b", 1050).check(jobs.get("nightly")).is_err(), "it is leased");
        assert!(claim(2000, "b", 1050).check(jobs.get("nightly")).is_err(), "runs of a job do not overlap");
        assert!(claim(1000, "a", 1090).check(jobs.get("nightly")).is_ok(), "its holder may go on");
        assert!(claim(1000, "b", 1101).check(jobs.get("nightly")).is_ok(), "the lease has run out");

        let end = |holder: &str| JobEnd { job: "nightly".into(), due: 1000, holder: holder.into(), ok: true, message: None };
        claimed(&mut jobs, claim(1000, "b", 1101));
        ended(&mut jobs, &end("a"), Timestamp::from_micros(1150));
        assert_eq!(jobs.get("nightly").unwrap().end, None, "it was taken over");
        ended(&mut jobs, &end("b"), Timestamp::from_micros(1160));
        assert!(jobs.get("nightly").unwrap().end.as_ref().unwrap().ok);
        assert!(claim(1000, "c", 9000).check(jobs.get("nightly")).is_err(), "it has ended");
        assert!(claim(2000, "c", 1170).check(jobs.get("nightly")).is_ok());
    }
}
