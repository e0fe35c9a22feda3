//! Claims of jobs in a store's log, where all daemons of the store see them.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::ledger::{Claimed, Ledger};
use crate::error::Result;
use crate::store::{JobClaim, JobEnd, JobOutcome, JobState, Writer};

/// A ledger in the log of a store.
#[derive(Debug, Clone)]
pub struct LogLedger(pub Writer);

#[async_trait]
impl Ledger for LogLedger {
    async fn jobs(&self) -> Result<BTreeMap<String, JobState>> {
        Ok(self.0.history().await?.index.jobs.clone())
    }

    async fn claim(&self, claim: &JobClaim) -> Result<Claimed> {
        if self.0.claim_job(claim.clone()).await? {
            return Ok(Claimed::Granted);
        }
        Ok(match self.jobs().await?.remove(&claim.job) {
            Some(state) if state.due > claim.due || (state.due == claim.due && state.end.is_some()) => Claimed::Done,
            Some(state) if state.end.is_none() => Claimed::Held { holder: state.holder, until: state.lease_until },
            // It was lost to another claim of this process at the same moment.
            _ => Claimed::Held { holder: claim.holder.clone(), until: claim.at },
        })
    }

    async fn end(&self, claim: &JobClaim, outcome: &JobOutcome) -> Result<()> {
        let JobClaim { job, due, holder, .. } = claim.clone();
        self.0.end_job(&JobEnd { job, due, holder, ok: outcome.ok, message: outcome.message.clone() }).await
    }
}
