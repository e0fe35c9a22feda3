//! Removing what is no longer needed, after a grace period: segments that the tables cover are cut down to their headers,
//! and manifests and files that no newer manifest names are deleted.

use std::collections::HashSet;
use std::time::Duration;

use super::backend::Listed;
use super::history::History;
use super::manifest::{Manifest, manifest_name, manifest_number};
use super::parquet_io::FileKind;
use super::segment::{HEADER_BYTES, SegmentHeader, segment_name};
use crate::error::Result;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Segments cut down to their headers.
    pub segments: u64,
    /// Objects deleted.
    pub objects: u64,
    /// Bytes freed.
    pub bytes: u64,
}

/// A file that no manifest ever named is kept at least this long: a compaction that is under way may be about to.
const UNNAMED_GRACE_SECONDS: u64 = 24 * 3600;

/// Removes what is older than the grace period and no longer needed. Nothing that a reader of the newest manifest uses is
/// touched; a reader of an older one has the grace period to finish.
///
/// Files are listed before manifests are read: a file that a manifest names was there before the manifest, so what is
/// listed and named by none belongs to no manifest yet, and is told by its age. Manifests are read only where something
/// is old enough to go.
///
/// # Errors
/// `Unavailable` if the storage refuses; what was not removed is removed by the next sweep.
pub async fn sweep(history: &History, grace: Duration) -> Result<Swept> {
    let mut swept = Swept::default();
    sweep_segments(history, grace, &mut swept).await?;
    let in_use: HashSet<String> = file_names(&history.manifest).into_iter().collect();
    let mut old = Vec::new();
    for folder in FileKind::FOLDERS {
        let listed = history.backend.list(folder, "").await?;
        old.extend(listed.into_iter().filter(|listed| listed.age_seconds >= grace.as_secs() && !in_use.contains(&listed.name)));
    }
    let manifests = history.backend.list("manifest", "").await?;
    if old.is_empty() && !manifests.iter().any(|listed| is_stale(listed, history, grace)) {
        return Ok(swept);
    }
    let named = sweep_manifests(history, manifests, grace, &mut swept).await?;
    for listed in old {
        let is_dead = named.dead.contains(&listed.name) || listed.age_seconds >= UNNAMED_GRACE_SECONDS;
        if is_dead && !named.live.contains(&listed.name) {
            history.backend.delete(&listed.name).await?;
            swept.objects += 1;
            swept.bytes += listed.bytes;
        }
    }
    Ok(swept)
}

/// Whether a manifest is neither the newest nor within the grace period.
fn is_stale(listed: &Listed, history: &History, grace: Duration) -> bool {
    manifest_number(&listed.name).is_some_and(|number| number < history.manifest.number) && listed.age_seconds >= grace.as_secs()
}

/// The files that manifests name.
#[derive(Default)]
struct Named {
    /// By those that are left.
    live: HashSet<String>,
    /// By those that were deleted, and perhaps by others.
    dead: HashSet<String>,
}

/// A segment is cut down once a later header names a manifest that covers it: then the chain vouches for the tables.
async fn sweep_segments(history: &History, grace: Duration, swept: &mut Swept) -> Result<()> {
    let Some(vouched) = vouched_seq(history).await? else { return Ok(()) };
    for listed in history.backend.list("log", "").await? {
        if listed.bytes <= HEADER_BYTES as u64 || listed.age_seconds < grace.as_secs() || listed.name > segment_name(vouched) {
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

/// The last segment covered by a manifest that a header of the log names.
async fn vouched_seq(history: &History) -> Result<Option<u64>> {
    let name = segment_name(history.last.0);
    let Some(bytes) = history.backend.get(&name).await? else { return Ok(None) };
    let newest = SegmentHeader::decode(&bytes, history.last.0, Some(history.store_id))?;
    if newest.manifest_number == 0 {
        return Ok(None);
    }
    let Some(bytes) = history.backend.get(&manifest_name(newest.manifest_number)).await? else { return Ok(None) };
    let (manifest, _) = Manifest::decode(&bytes, newest.manifest_number)?;
    Ok(Some(manifest.covered_seq))
}

/// Deletes manifests that are stale; returns the files that they and the others name.
async fn sweep_manifests(history: &History, manifests: Vec<Listed>, grace: Duration, swept: &mut Swept) -> Result<Named> {
    let mut named = Named::default();
    for listed in manifests {
        let Some(number) = manifest_number(&listed.name) else { continue };
        let needed = !is_stale(&listed, history, grace);
        let names = match history.backend.get(&listed.name).await? {
            Some(bytes) => Manifest::decode(&bytes, number).map(|(manifest, _)| file_names(&manifest)),
            None => Ok(Vec::new()),
        };
        match (needed, names) {
            (true, names) => named.live.extend(names?),
            // A damaged one that nobody needs keeps nothing alive.
            (false, names) => named.dead.extend(names.unwrap_or_default()),
        }
        if !needed {
            history.backend.delete(&listed.name).await?;
            swept.objects += 1;
            swept.bytes += listed.bytes;
        }
    }
    Ok(named)
}

fn file_names(manifest: &Manifest) -> Vec<String> {
    manifest.files().map(|file| file.name.clone()).collect()
}
