//! The store's log as the ledger of jobs: open for writing only while something is written.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::board::Board;
use super::findings;
use super::jobs::Writers;
use crate::cli::open;
use crate::error::{ErrorKind, Result};
use crate::schedule::{Claim, Claimed, Ended, JobState, Ledger, LogLedger, job_states};
use crate::store::{Store, Writer};

/// The log of the store.
#[derive(Debug)]
pub struct StoreLedger<'a> {
    writers: &'a Writers<'a>,
    board: &'a Board,
}

impl<'a> StoreLedger<'a> {
    /// The log that the writers write.
    pub fn new(writers: &'a Writers<'a>, board: &'a Board) -> Self {
        Self { writers, board }
    }

    async fn log(&self) -> Result<LogLedger> {
        Ok(LogLedger(Writer::clone(&*self.writers.get().await?)))
    }

    /// A writer that failed is not asked again.
    async fn written<T>(&self, outcome: Result<T>) -> Result<T> {
        if outcome.is_err() {
            self.writers.drop_open().await;
        }
        outcome
    }
}

#[async_trait]
impl Ledger for StoreLedger<'_> {
    async fn jobs(&self) -> Result<BTreeMap<String, JobState>> {
        let index = match self.writers.in_use().await {
            Some(writer) => writer.history().await?.index,
            // A store that nobody has written to yet has no jobs.
            None => match Store::open(open::backend(&self.writers.context().settings).await?).await {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
                store => store?.history().await.index,
            },
        };
        self.board.see_head(index.head);
        if self.board.is_news(index.last_run.as_deref()) {
            let findings = findings::open_by_severity(self.writers.context()).await?;
            self.board.see_findings(index.last_run.clone(), findings);
        }
        Ok(job_states(&index))
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Claimed> {
        let claimed = self.log().await?.claim(claim).await;
        self.written(claimed).await
    }

    async fn end(&self, claim: Claim<'_>, ended: &Ended) -> Result<()> {
        let done = self.log().await?.end(claim, ended).await;
        self.written(done).await
    }
}
