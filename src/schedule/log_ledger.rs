//! Claims of jobs in a store's log, where all daemons of the store see them.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::ledger::{Claim, Claimed, Ended, JobState, Ledger};
use crate::error::Result;
use crate::model::Timestamp;
use crate::store::{self, JobClaim, JobEnd, LogIndex, Writer};

/// A ledger in the log of a store.
#[derive(Debug, Clone)]
pub struct LogLedger(pub Writer);

#[async_trait]
impl Ledger for LogLedger {
    async fn jobs(&self) -> Result<BTreeMap<String, JobState>> {
        Ok(job_states(&self.0.history().await?.index))
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Claimed> {
        let now = self.0.clock().now();
        let wanted = JobClaim {
            job: claim.job.to_owned(),
            due: claim.due.micros(),
            holder: claim.holder.to_owned(),
            at: now.micros(),
            lease_until: claim.lease_until.micros(),
        };
        if self.0.claim_job(wanted).await? {
            return Ok(Claimed::Granted);
        }
        Ok(match self.jobs().await?.remove(claim.job) {
            Some(state) if state.due > claim.due || (state.due == claim.due && state.ended.is_some()) => Claimed::Done,
            Some(state) if state.ended.is_none() => Claimed::Held { holder: state.holder, until: state.lease_until },
            // It was lost to another claim of this process at the same moment.
            _ => Claimed::Held { holder: claim.holder.to_owned(), until: now },
        })
    }

    async fn end(&self, claim: Claim<'_>, ended: &Ended) -> Result<()> {
        let end = JobEnd {
            job: claim.job.to_owned(),
            due: claim.due.micros(),
            holder: claim.holder.to_owned(),
            ok: ended.ok,
            message: Some(ended.message.clone()),
        };
        self.0.end_job(&end).await
    }
}

/// What a log knows of jobs.
pub fn job_states(index: &LogIndex) -> BTreeMap<String, JobState> {
    index.jobs.iter().map(|(name, known)| (name.clone(), job_state(known))).collect()
}

fn job_state(known: &store::JobState) -> JobState {
    let ended = known.end.as_ref().map(|end| Ended {
        at: Timestamp::from_micros(end.at),
        ok: end.ok,
        message: end.message.clone().unwrap_or_default(),
    });
    JobState {
        due: Timestamp::from_micros(known.due),
        holder: known.holder.clone(),
        lease_until: Timestamp::from_micros(known.lease_until),
        ended,
    }
}
