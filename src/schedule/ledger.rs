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

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// The newest due time for which somebody took it.
    pub due: Timestamp,
    /// Who did.
    pub holder: String,
    /// Until when it is theirs, unless they renew it.
    pub lease_until: Timestamp,
    /// How it ended, if it has.
    pub ended: Option<Ended>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Whether it did all that it is for.
    pub ok: bool,
    /// What there is to say of it.
    pub message: String,
}

/// A wish to do a job.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The job.
    pub job: &'a str,
    /// For which due time.
    pub due: Timestamp,
    /// Who wishes it.
    pub holder: &'a str,
    /// Until when the job is theirs, if they get it.
    pub lease_until: Timestamp,
}

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
    async fn claim(&self, claim: Claim<'_>) -> Result<Claimed>;

    /// Says how a job ended that was taken.
    ///
    /// # Errors
    /// Those of the store.
    async fn end(&self, claim: Claim<'_>, ended: &Ended) -> Result<()>;
}

/// A ledger of one process, gone with it.
#[derive(Debug, Default)]
pub struct OwnLedger(Mutex<BTreeMap<String, JobState>>);

#[async_trait]
impl Ledger for OwnLedger {
    async fn jobs(&self) -> Result<BTreeMap<String, JobState>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Claimed> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Claim { due, lease_until, .. } = claim;
        jobs.insert(claim.job.to_owned(), JobState { due, holder: claim.holder.to_owned(), lease_until, ended: None });
        Ok(Claimed::Granted)
    }

    async fn end(&self, claim: Claim<'_>, ended: &Ended) -> Result<()> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = jobs.get_mut(claim.job) {
            job.ended = Some(ended.clone());
        }
        Ok(())
    }
}
