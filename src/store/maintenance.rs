//! Compaction beside the writing: a committer has its long tail compacted by a task of its own, as another process would do
//! it, and goes on. Only where the tail grows faster than it is compacted does the committer wait.

use tokio::task::JoinHandle;
use tracing::warn;

use super::compact::{CompactOptions, Compacted, compact, is_due, is_overdue};
use super::history::History;
use crate::error::{Error, Result};

/// The compaction of one process that is under way, if there is one.
#[derive(Debug, Default)]
pub struct Maintenance {
    task: Option<JoinHandle<Result<Compacted>>>,
    /// The number of the manifest that it began from.
    from: u64,
}

impl Maintenance {
    /// Begins a compaction if one is due, and waits for it if it is overdue. True if one has ended: then there is a newer
    /// manifest to read.
    pub async fn keep_up(&mut self, history: &History) -> bool {
        let mut ended = false;
        if self.task.as_ref().is_some_and(JoinHandle::is_finished) || (self.task.is_some() && is_overdue(history)) {
            if let Err(error) = self.wait().await {
                warn!(%error, "the log could not be compacted; it is tried again after the next commit");
            }
            ended = true;
        }
        if self.task.is_none() && !ended && is_due(history) {
            let mut history = history.clone();
            self.from = history.manifest.number;
            self.task = Some(tokio::spawn(async move { compact(&mut history, CompactOptions::default()).await }));
        }
        ended
    }

    /// The number of the manifest that the compaction under way began from.
    pub fn began_from(&self) -> Option<u64> {
        self.task.as_ref().map(|_| self.from)
    }

    /// Waits for the compaction that is under way, if there is one.
    ///
    /// # Errors
    /// Those of the compaction.
    pub async fn wait(&mut self) -> Result<()> {
        match self.task.take() {
            None => Ok(()),
            Some(task) => task.await.map_err(|error| Error::internal("the compaction has stopped").with_source(error))?.map(|_| ()),
        }
    }
}
