//! Purging: once something is redacted, the tables are made anew at once, and what held it goes without a grace period.
//!
//! Each step follows from what is there, so one that was stopped is gone on with: by the next purge, or by any compaction, which
//! makes the tables without what is redacted, and whose sweep takes the rest as soon as a header of the log names them.

use serde::Serialize;

use super::backend::Listed;
use super::compact::CompactOptions;
use super::history::History;
use super::parquet_io::FileKind;
use super::segment::{has_payload, segment_seq};
use super::sweep::{Readers, Swept, before_redaction, delete, sweep_for, vouched_seq};
use super::writer::Writer;
use crate::error::{Error, Result};

/// How often the tables are looked at anew because another process has compacted meanwhile.
const ROUNDS_MAX: usize = 16;
/// Where temporary files are.
const TEMPORARY: &str = "tmp";
/// A temporary file that was not written to for so long is taken for one of a writer that died. If it was not, that writer is told.
const TEMPORARY_IDLE_SECONDS: u64 = 600;

/// What a purge did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// What was removed.
    pub removed: Swept,
    /// What is left.
    pub left: Leftovers,
}

/// What is left of what is redacted, and why it cannot go yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Leftovers {
    /// Segments that have their payload.
    pub segments: u64,
    /// Manifests that readers have pinned, the newest of them.
    pub pinned_manifest: Option<u64>,
    /// Temporary files of writers that are at work, or died lately.
    pub temporary_files: u64,
}

impl Leftovers {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Looks what there is, in a store whose tables follow its redactions.
    ///
    /// # Errors
    /// `Unavailable` if the storage refuses.
    pub async fn find(history: &History) -> Result<Self> {
        let redacted = history.manifest.index.redacted_seq();
        let log = history.backend.list("log", "").await?;
        let is_left = |listed: &&Listed| has_payload(listed) && segment_seq(&listed.name).is_some_and(|seq| seq <= redacted);
        let before = before_redaction(history, &history.backend.list("manifest", "").await?).await?;
        Ok(Self {
            segments: log.iter().filter(is_left).count() as u64,
            pinned_manifest: (before > 0).then_some(before),
            temporary_files: history.backend.list(TEMPORARY, "").await?.len() as u64,
        })
    }
}

/// Removes temporary files of writers that died: they may hold what is redacted.
///
/// # Errors
/// `Unavailable` if the storage refuses.
async fn sweep_temporary(history: &History, readers: Readers, swept: &mut Swept) -> Result<()> {
    for listed in history.backend.list(TEMPORARY, "").await? {
        if readers == Readers::Interrupt || listed.age_seconds >= TEMPORARY_IDLE_SECONDS {
            delete(history, &listed, swept).await?;
        }
    }
    Ok(())
}

impl Purged {
    fn add(&mut self, swept: &Swept) {
        self.removed.segments += swept.segments;
        self.removed.objects += swept.objects;
        self.removed.bytes += swept.bytes;
    }
}

/// Makes the tables follow all that is redacted, and removes what held it.
///
/// # Errors
/// As a commit and a compaction; what was not done is done by the next.
pub async fn purge(writer: &Writer, readers: Readers) -> Result<Purged> {
    let mut purged = Purged::default();
    let history = applied(writer, &mut purged).await?;
    if history.index.redacted_seq() == 0 {
        return Ok(purged);
    }
    let mut swept = sweep_for(&history, CompactOptions::default().grace, readers).await?;
    sweep_temporary(&history, readers, &mut swept).await?;
    // Without that a power failure may bring back what was removed.
    for folder in FileKind::FOLDERS.into_iter().chain(["manifest"]) {
        history.backend.settle(folder).await?;
    }
    purged.add(&swept);
    purged.left = Leftovers::find(&history).await?;
    Ok(purged)
}

/// The log once the newest tables follow its redactions, and a header vouches for those.
async fn applied(writer: &Writer, purged: &mut Purged) -> Result<History> {
    for _ in 0..ROUNDS_MAX {
        let history = writer.history().await?;
        let redacted = history.index.redacted_seq();
        if history.lags_redactions() {
            purged.add(&writer.compact(CompactOptions::default()).await?.swept);
        } else if redacted > 0 && vouched_seq(&history).await?.is_none_or(|vouched| vouched < redacted) {
            writer.record_redaction_applied(history.manifest.number).await?;
        } else {
            return Ok(history);
        }
    }
    Err(Error::unavailable("the store is compacted faster than it can be redacted").with_hint("run it again: it goes on"))
}
