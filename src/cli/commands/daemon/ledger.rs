//! The store's log as the ledger of jobs: open for writing only while something is written.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::board::Board;
use super::findings;
use super::jobs::Writers;
use crate::cli::open;
use crate::error::{ErrorKind, Result};
use crate::schedule::{Claimed, Ledger, LogLedger};
use crate::store::{JobClaim, JobOutcome, JobState, Store, Writer};

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
        Ok(index.jobs.clone())
    }

    async fn claim(&self, claim: &JobClaim) -> Result<Claimed> {
        let claimed = self.log().await?.claim(claim).await;
        self.written(claimed).await
    }

    async fn end(&self, claim: &JobClaim, outcome: &JobOutcome) -> Result<()> {
        let done = self.log().await?.end(claim, outcome).await;
        self.written(done).await
    }
}
