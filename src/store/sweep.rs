//! Removing what is no longer needed: segments that the tables cover are cut down to their headers, and manifests and files
//! that nobody reads any more are deleted.
//!
//! A manifest is needed while it is the newest, for the grace period after the next one came, and while a reader has it
//! pinned ([`super::pins`]). A file is needed while such a manifest names it.
//!
//! What held something that is redacted has no such time: once the tables are without it, segments up to the redaction are cut
//! down as soon as a header vouches for those tables, and older manifests go, with the files that only they name.
//!
//! What is deleted is never needed again, however late the deletion comes: a manifest names files of the one before it and
//! such as were written for it, whose names hold its number. So the manifests that name a file follow one another, beginning
//! with that of its number, and a file of the newest's number or a smaller one that the newest does not name is named no more.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use serde::Serialize;

use super::backend::Listed;
use super::data_file::manifest_of_file;
use super::history::History;
use super::manifest::{Manifest, manifest_name, manifest_number};
use super::parquet_io::FileKind;
use super::pins::{Pin, pins};
use super::segment::{HEADER_BYTES, SegmentHeader, has_payload, segment_name};
use crate::error::Result;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Segments cut down to their headers.
    pub segments: u64,
    /// Objects deleted.
    pub objects: u64,
    /// Bytes freed.
    pub bytes: u64,
}

/// A file whose name tells no manifest, and which none names, is kept at least this long: an older build that compacts may be
/// about to.
const NUMBERLESS_GRACE_SECONDS: u64 = 24 * 3600;

/// Removes what is not needed. Of manifests only those are read that tell of a file that may go.
///
/// # Errors
/// `Unavailable` if the storage refuses; what was not removed is removed by the next sweep.
pub async fn sweep(history: &History, grace: Duration) -> Result<Swept> {
    sweep_for(history, grace, Readers::AwaitPinned).await
}

/// Whether manifests stay that readers have pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// They do.
    AwaitPinned,
    /// They go as if nobody had: those readers have to begin again.
    Interrupt,
}

/// As [`sweep`].
///
/// # Errors
/// As [`sweep`].
pub async fn sweep_for(history: &History, grace: Duration, readers: Readers) -> Result<Swept> {
    let mut swept = Swept::default();
    sweep_segments(history, grace, &mut swept).await?;
    let listed = history.backend.list("manifest", "").await?;
    // The newest manifest is there, so a reader that pins another one after this sees that it is not the newest.
    let pinned = match readers {
        Readers::AwaitPinned => pins(history).await?.iter().map(Pin::manifest).collect(),
        Readers::Interrupt => BTreeSet::new(),
    };
    let before = before_redaction(history, &listed).await?;
    let stale = stale(&listed, history.manifest.number, grace, before, &pinned);
    let (stale, needed): (Vec<&Listed>, Vec<&Listed>) = listed.iter().partition(|listed| stale.contains(&listed.name));
    // First, so that none is left that names a file that is gone.
    for manifest in stale {
        delete(history, manifest, &mut swept).await?;
    }
    let mut needed = Needed::new(history, needed.into_iter().filter_map(|listed| manifest_number(&listed.name)).collect());
    for folder in FileKind::FOLDERS {
        for listed in history.backend.list(folder, "").await? {
            if !needed.holds(&listed).await? {
                delete(history, &listed, &mut swept).await?;
            }
        }
    }
    Ok(swept)
}

/// Deletes an object.
///
/// # Errors
/// `Unavailable` if the storage refuses.
pub async fn delete(history: &History, listed: &Listed, swept: &mut Swept) -> Result<()> {
    history.backend.delete(&listed.name).await?;
    swept.objects += 1;
    swept.bytes += listed.bytes;
    Ok(())
}

/// The manifests that nobody needs: one that is older than the newest, pinned by nobody, and followed by one that has been
/// there for the grace period, or whose tables hold what is redacted: those up to `before`.
fn stale(listed: &[Listed], newest: u64, grace: Duration, before: u64, pinned: &BTreeSet<u64>) -> HashSet<String> {
    let numbered: Vec<(u64, &Listed)> = listed.iter().filter_map(|listed| Some((manifest_number(&listed.name)?, listed))).collect();
    let is_stale = |pair: &&[(u64, &Listed)]| {
        let [(number, _), (_, next)] = pair else { return false };
        *number < newest && !pinned.contains(number) && (*number <= before || next.age_seconds >= grace.as_secs())
    };
    numbered.windows(2).filter(is_stale).filter_map(|pair| pair.first()).map(|(_, listed)| listed.name.clone()).collect()
}

/// The newest manifest of those listed whose tables may hold what the one in force is without, since it follows a redaction that
/// they do not; 0 if there is none. Manifests cover the more the larger their number is.
pub async fn before_redaction(history: &History, listed: &[Listed]) -> Result<u64> {
    let (redacted, mut before) = (history.manifest.index.redacted_seq(), 0);
    let numbers = listed.iter().filter_map(|listed| manifest_number(&listed.name));
    for number in numbers.take_while(|number| redacted > 0 && *number < history.manifest.number) {
        match history.backend.get(&manifest_name(number)).await? {
            Some(bytes) if Manifest::decode(&bytes, number)?.0.covered_seq >= redacted => break,
            _ => before = number,
        }
    }
    Ok(before)
}

/// The manifests that are needed, and the files that they name.
struct Needed<'a> {
    history: &'a History,
    manifests: BTreeSet<u64>,
    files: BTreeMap<u64, HashSet<String>>,
    /// Once something was redacted, nothing stays that no manifest names: a compaction that stood still may have written what it
    /// had read before. Older builds, whose files have no numbers, are not at work then: they read no such manifest.
    is_strict: bool,
}

impl<'a> Needed<'a> {
    fn new(history: &'a History, manifests: BTreeSet<u64>) -> Self {
        let newest = (history.manifest.number, file_names(&history.manifest));
        Self { history, manifests, files: BTreeMap::from([newest]), is_strict: history.manifest.index.redacted_seq() > 0 }
    }

    /// Whether a file is needed, or may be one day.
    async fn holds(&mut self, listed: &Listed) -> Result<bool> {
        let (name, newest) = (&listed.name, self.history.manifest.number);
        if self.files_of(newest).await?.contains(name) {
            return Ok(true);
        }
        let asked: Vec<u64> = match manifest_of_file(name) {
            Some(number) if number > newest || (number < newest && self.manifests.contains(&number) && !self.is_strict) => return Ok(true),
            // The first that may name it: if that one does not, none after it does.
            Some(number) => self.manifests.range(number..).next().copied().into_iter().collect(),
            None if listed.age_seconds < NUMBERLESS_GRACE_SECONDS && !self.is_strict => return Ok(true),
            None => self.manifests.iter().copied().collect(),
        };
        for manifest in asked {
            if self.files_of(manifest).await?.contains(name) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn files_of(&mut self, number: u64) -> Result<&HashSet<String>> {
        if !self.files.contains_key(&number) {
            let names = match self.history.backend.get(&manifest_name(number)).await? {
                Some(bytes) => file_names(&Manifest::decode(&bytes, number)?.0),
                None => HashSet::new(),
            };
            self.files.insert(number, names);
        }
        Ok(self.files.entry(number).or_default())
    }
}

/// A segment is cut down once a later header names a manifest that covers it: then the chain vouches for the tables.
async fn sweep_segments(history: &History, grace: Duration, swept: &mut Swept) -> Result<()> {
    let Some(vouched) = vouched_seq(history).await? else { return Ok(()) };
    let redacted = segment_name(history.manifest.index.redacted_seq());
    for listed in history.backend.list("log", "").await? {
        let is_due = listed.age_seconds >= grace.as_secs() || listed.name <= redacted;
        if !has_payload(&listed) || !is_due || listed.name > segment_name(vouched) {
            continue;
        }
        if let Some(bytes) = history.backend.get(&listed.name).await? {
            history.backend.replace(&listed.name, bytes.slice(..HEADER_BYTES.min(bytes.len()))).await?;
            swept.segments += 1;
            swept.bytes += listed.bytes.saturating_sub(HEADER_BYTES as u64);
        }
    }
    Ok(())
}

/// The last segment covered by a manifest that a header of the log names, and by the newest one. Of several writers one may have
/// read a manifest that another has not: any header of the tail may name the newest.
pub async fn vouched_seq(history: &History) -> Result<Option<u64>> {
    let number = match history.tail.iter().map(|segment| segment.header.manifest_number).max() {
        Some(number) => number,
        None => {
            let Some(bytes) = history.backend.get(&segment_name(history.last.0)).await? else { return Ok(None) };
            SegmentHeader::decode(&bytes, history.last.0, Some(history.store_id))?.manifest_number
        }
    };
    if number == 0 {
        return Ok(None);
    }
    let Some(bytes) = history.backend.get(&manifest_name(number)).await? else { return Ok(None) };
    let (manifest, _) = Manifest::decode(&bytes, number)?;
    Ok(Some(manifest.covered_seq.min(history.manifest.covered_seq)))
}

fn file_names(manifest: &Manifest) -> HashSet<String> {
    manifest.files().map(|file| file.name.clone()).collect()
}
