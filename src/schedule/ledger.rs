//! Who does which job: what is known of jobs, and how one of many daemons takes one.
//!
//! A claim says until when it holds. Whoever does a job renews it, and one that ran out is free: whoever held it has stopped. That rests on
//! clocks, so two may do one job if clocks are wrong. That does no harm: it is only work that is not needed.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::error::Result;
use crate::model::Timestamp;
use crate::store::{JobClaim, JobOutcome, JobState};

/// What came of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is theirs.
    Granted,
    /// It is another's.
    Held {
        /// Whose.
        holder: String,
        /// Until when.
        until: Timestamp,
    },
    /// It was done for that due time, or for a later one.
    Done,
}

/// Where claims and ends of jobs are kept, for all who do them.
#[async_trait]
pub trait Ledger: Debug + Send + Sync {
    /// What is known of each job that was ever claimed.
    ///
    /// # Errors
    /// Those of the store.
    async fn jobs(&self) -> Result<BTreeMap<String, JobState>>;

    /// Takes a job, or holds it longer.
    ///
    /// # Errors
    /// Those of the store; it may have been taken.
    async fn claim(&self, claim: &JobClaim) -> Result<Claimed>;

    /// Says how a job ended that was taken.
    ///
    /// # Errors
    /// Those of the store.
    async fn end(&self, claim: &JobClaim, outcome: &JobOutcome) -> Result<()>;
}

/// A ledger of one process, gone with it.
#[derive(Debug, Default)]
pub struct OwnLedger(Mutex<BTreeMap<String, JobState>>);

#[async_trait]
impl Ledger for OwnLedger {
    async fn jobs(&self) -> Result<BTreeMap<String, JobState>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn claim(&self, claim: &JobClaim) -> Result<Claimed> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.insert(claim.job.clone(), JobState::of(claim));
        Ok(Claimed::Granted)
    }

    async fn end(&self, claim: &JobClaim, outcome: &JobOutcome) -> Result<()> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = jobs.get_mut(&claim.job) {
            job.end = Some(outcome.clone());
        }
        Ok(())
    }
}
