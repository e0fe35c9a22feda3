//! Repair: what is told, and nothing else. Nothing that was acknowledged is ever given up to make an error go away.
//!
//! Tables are derived from the log, so they can be made anew as long as segments have their payload, from the beginning or
//! from an older manifest on. What was lost otherwise is fetched from a backup, if its hash is the one that is missing: the
//! chain, or a manifest, says which that is. A segment that nothing vouches for any more cannot be declared lost: later ones
//! name versions that it began, so no state after it would be known to be right.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::backend::{Backend, Created};
use super::backup::stage_checked;
use super::backup_point::{BackupPoint, manifest_in_force};
use super::compact::{Compacted, is_due, make_tables};
use super::data_file::DataFile;
use super::entries::{Entry, EntryKind};
use super::history::History;
use super::index::told;
use super::manifest::{Manifest, hex, manifest_name, manifest_number};
use super::segment::{HEADER_BYTES, Hash, Segment, SegmentHeader, has_payload, segment_name, segment_seq};
use super::verify::{Damage, VerifyOptions, VerifyReport, verify_with};
use super::writer::Writer;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Timestamp;

/// Damage that is told in the log; of more, only how much.
const DAMAGE_TOLD_MAX: usize = 20;
/// How often what was found is cured, each time finding what became visible: log and manifest first, then files.
const ROUNDS_MAX: usize = 3;

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Cure {
    /// Objects that are damaged or missing are fetched from a backup.
    FromBackup(Arc<dyn Backend>),
    /// All tables are made anew from the log.
    RebuildTables,
    /// A manifest is given up, and the tables are made anew from the one before it.
    DropManifest(u64),
}

impl Cure {
    fn name(&self) -> &'static str {
        match self {
            Self::FromBackup(_) => "from_backup",
            Self::RebuildTables => "rebuild_tables",
            Self::DropManifest(_) => "drop_manifest",
        }
    }
}

/// What is wrong with a store, and what would help.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnosis {
    /// What was found.
    pub report: VerifyReport,
    /// Whether all of the log has its payload, so that all tables can be made from it.
    pub can_rebuild: bool,
    /// The manifests that can be given up without a loss.
    pub can_drop: Vec<u64>,
    /// Damage that only a backup can cure.
    pub needs_backup: Vec<Damage>,
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Repaired {
    /// What was told: `from_backup`, `rebuild_tables` or `drop_manifest`.
    pub cure: &'static str,
    /// Where objects were fetched from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// Objects that were written.
    pub written: Vec<String>,
    /// Objects that were removed.
    pub removed: Vec<String>,
    /// What was wrong before; the first of it.
    pub damage: Vec<String>,
    /// How much was wrong.
    pub damage_count: usize,
}

impl Repaired {
    pub(super) fn to_entry(&self, at: Timestamp) -> Entry {
        told(EntryKind::Repaired, at, self)
    }
}

/// What is known of the objects of a damaged store.
struct Sickbed {
    is_backup: bool,
    report: VerifyReport,
    damaged: BTreeSet<String>,
    /// The number of the manifest that is or was in force.
    newest: u64,
    /// Manifests that can be read, by number.
    manifests: Vec<(Manifest, Hash)>,
    /// The segments that are there: the number in a name may be anything, so nobody counts up or down to one.
    log: BTreeSet<u64>,
    /// The newest segment that has no payload that can be read, 0 if all have.
    last_without_payload: u64,
}

impl Sickbed {
    async fn look(backend: &Arc<dyn Backend>) -> Result<Self> {
        let options = VerifyOptions { deep: true, ..VerifyOptions::default() };
        let report = verify_with(Arc::clone(backend), &options).await?;
        let damaged: BTreeSet<String> = report.damage.iter().map(|damage| damage.object.clone()).collect();
        let listed = backend.list("manifest", "").await?;
        let mut manifests = Vec::new();
        for number in listed.iter().filter_map(|listed| manifest_number(&listed.name)) {
            let bytes = backend.get(&manifest_name(number)).await?;
            manifests.extend(bytes.and_then(|bytes| Manifest::decode(&bytes, number).ok()));
        }
        let log = backend.list("log", "").await?;
        let whole = log.iter().filter(|listed| has_payload(listed) && !damaged.contains(&listed.name));
        let whole: BTreeSet<u64> = whole.filter_map(|listed| segment_seq(&listed.name)).collect();
        let log: BTreeSet<u64> = log.iter().filter_map(|listed| segment_seq(&listed.name)).collect();
        let last_without_payload = (1..=log.last().copied().unwrap_or_default()).rev().find(|seq| !whole.contains(seq)).unwrap_or_default();
        // One that is missing has its number all the same.
        let numbers = damaged.iter().filter_map(|name| manifest_number(name)).chain(manifest_in_force(&listed));
        let newest = numbers.max().unwrap_or_default();
        let is_backup = BackupPoint::newest(&listed).is_some();
        Ok(Self { is_backup, report, damaged, newest, manifests, log, last_without_payload })
    }

    /// Whether all that a manifest names is whole, and all of the log after it.
    fn is_base(&self, manifest: &Manifest) -> bool {
        let files_are_whole = manifest.files().all(|file| !self.damaged.contains(&file.name));
        files_are_whole && manifest.covered_seq >= self.last_without_payload && !self.damaged.contains(&manifest_name(manifest.number))
    }

    /// The newest manifest before one from which the tables can be made anew.
    fn base_before(&self, number: u64) -> Option<&(Manifest, Hash)> {
        self.manifests.iter().rev().find(|(manifest, _)| manifest.number < number && self.is_base(manifest))
    }

    /// Whether a manifest is wrong, or a file that it names.
    fn is_wrong(&self, number: u64) -> bool {
        let named = self.manifests.iter().find(|(manifest, _)| manifest.number == number);
        self.damaged.contains(&manifest_name(number))
            || named.is_some_and(|(manifest, _)| manifest.files().any(|file| self.damaged.contains(&file.name)))
    }

    /// Whether tables can be made anew from the beginning of the log.
    fn can_rebuild(&self) -> bool {
        let log_is_whole = !self.damaged.iter().any(|name| name.starts_with("log/"));
        !self.is_backup && !self.damaged.is_empty() && self.last_without_payload == 0 && log_is_whole
    }

    fn can_drop(&self) -> Vec<u64> {
        if self.is_backup {
            return Vec::new();
        }
        let numbers = self.damaged.iter().filter_map(|name| manifest_number(name)).chain([self.newest]);
        let numbers: BTreeSet<u64> = numbers.filter(|number| *number > 0 && self.is_wrong(*number)).collect();
        numbers.into_iter().filter(|number| *number != self.newest || self.base_before(*number).is_some()).collect()
    }
}

/// Says what is wrong with a store, and what would help.
///
/// # Errors
/// As [`verify_with`].
pub async fn diagnose(backend: Arc<dyn Backend>) -> Result<Diagnosis> {
    let sickbed = Sickbed::look(&backend).await?;
    let (can_drop, can_rebuild) = (sickbed.can_drop(), sickbed.can_rebuild());
    let is_cured = |damage: &&Damage| !damage.object.starts_with("log/") && (can_rebuild || can_drop.contains(&sickbed.newest));
    let is_needless = |damage: &&Damage| manifest_number(&damage.object).is_some_and(|number| can_drop.contains(&number));
    let needs_backup = sickbed.report.damage.iter().filter(|damage| !is_cured(damage) && !is_needless(damage)).cloned().collect();
    Ok(Diagnosis { report: sickbed.report, can_rebuild, can_drop, needs_backup })
}

/// Repairs a store as told, writes into the log what was done, and says it; `false` if it could not be written there, since
/// more is wrong, or since it is a backup. Verify the store afterwards.
///
/// # Errors
/// `Invalid` if that does not help here: nothing was altered. `Unavailable` if the storage refuses: it may be tried again.
pub async fn repair(backend: Arc<dyn Backend>, clock: Arc<dyn Clock>, cure: &Cure) -> Result<(Repaired, bool)> {
    let sickbed = Sickbed::look(&backend).await?;
    let damage = &sickbed.report.damage;
    if damage.is_empty() {
        return Err(Error::invalid("nothing is wrong with the store, so nothing was done"));
    }
    let mut repaired = Repaired {
        cure: cure.name(),
        backup: None,
        written: Vec::new(),
        removed: Vec::new(),
        damage: damage.iter().take(DAMAGE_TOLD_MAX).map(ToString::to_string).collect(),
        damage_count: damage.len(),
    };
    let is_backup = sickbed.is_backup;
    match cure {
        Cure::FromBackup(from) => {
            repaired.backup = Some(from.location());
            fetch_all(&backend, from, sickbed, &mut repaired).await?;
        }
        Cure::RebuildTables if sickbed.can_rebuild() => rebuild(&backend, &sickbed, None, &mut repaired).await?,
        Cure::RebuildTables => return Err(not_whole(&sickbed)),
        Cure::DropManifest(number) => drop_manifest(&backend, &sickbed, *number, &mut repaired).await?,
    }
    if is_backup {
        return Ok((repaired, false));
    }
    let recorded = match Writer::open(backend, clock).await {
        Ok(writer) => writer.record_repair(&repaired).await.map(|()| true)?,
        Err(error) if error.kind() == ErrorKind::Corrupt => false,
        Err(error) => return Err(error),
    };
    Ok((repaired, recorded))
}

fn not_whole(sickbed: &Sickbed) -> Error {
    let why = match sickbed.last_without_payload {
        _ if sickbed.is_backup => "a backup is not written to".to_owned(),
        0 => "the log is damaged".to_owned(),
        seq => format!("{} has no payload that can be read", segment_name(seq)),
    };
    let error = Error::invalid(format!("tables can only be made anew from a log that is whole, and {why}; nothing was done"));
    error.with_hint("`elava repair` says what else would help")
}

async fn drop_manifest(backend: &Arc<dyn Backend>, sickbed: &Sickbed, number: u64, repaired: &mut Repaired) -> Result<()> {
    let name = manifest_name(number);
    if sickbed.is_backup || !sickbed.is_wrong(number) {
        return Err(Error::invalid(format!("{name} is whole, or is not there; nothing was done")));
    }
    if number != sickbed.newest {
        backend.delete(&name).await?;
        repaired.removed.push(name);
        return Ok(());
    }
    let Some((base, hash)) = sickbed.base_before(number) else {
        let message = format!("{name}: there is no older manifest that is whole with all of the log after it; nothing was done");
        return Err(Error::invalid(message).with_hint("`elava repair` says what else would help"));
    };
    rebuild(backend, sickbed, Some((base.clone(), *hash)), repaired).await?;
    if !repaired.removed.contains(&name) {
        backend.delete(&name).await?;
        repaired.removed.push(name);
    }
    Ok(())
}

/// Makes tables of the log, from a manifest on or from its beginning, under numbers that come after all that are there.
async fn rebuild(backend: &Arc<dyn Backend>, sickbed: &Sickbed, base: Option<(Manifest, Hash)>, repaired: &mut Repaired) -> Result<()> {
    // Nothing names them any more then, and what is there is verified.
    for name in sickbed.damaged.iter().filter(|name| name.ends_with(".parquet")) {
        backend.delete(name).await?;
        repaired.removed.push(name.clone());
    }
    let mut history = History::unread(Arc::clone(backend));
    if let Some((base, hash)) = base {
        history.adopt(Arc::new(base), hash).await?;
    }
    let before = sickbed.manifests.iter().find(|(manifest, _)| manifest.number == sickbed.newest);
    history.manifest_hash = before.map_or([0; 32], |(_, hash)| *hash);
    history.manifest = Arc::new(Manifest { number: sickbed.newest, ..(*history.manifest).clone() });
    let last_seq = sickbed.log.last().copied().unwrap_or_default();
    for seq in history.last.0 + 1..=last_seq {
        let name = segment_name(seq);
        let bytes = backend.get(&name).await?.ok_or_else(|| Error::corrupt(format!("{name} is missing")))?;
        let segment = Segment::decode(&bytes, seq, Some(history.store_id).filter(|id| !id.is_nil()))?;
        history.store_id = segment.header.store_id;
        history.push(Arc::new(segment))?;
        if is_due(&history) || seq == last_seq {
            make_tables(&mut history, &mut Compacted::default()).await?;
        }
    }
    if !history.tail.is_empty() {
        return Err(Error::new(ErrorKind::Conflict, "another process has compacted the store meanwhile; stop it and try again"));
    }
    repaired.written.push(manifest_name(history.manifest.number));
    for name in sickbed.damaged.iter().filter(|name| manifest_number(name).is_some()) {
        backend.delete(name).await?;
        repaired.removed.push(name.clone());
    }
    Ok(())
}

/// Fetches what a backup has of what is damaged or missing.
async fn fetch_all(backend: &Arc<dyn Backend>, from: &Arc<dyn Backend>, mut sickbed: Sickbed, repaired: &mut Repaired) -> Result<()> {
    for _ in 0..ROUNDS_MAX {
        let before = repaired.written.len();
        for name in &sickbed.damaged {
            if fetch(backend, from, &sickbed, name).await? {
                repaired.written.push(name.clone());
            }
        }
        if repaired.written.len() == before {
            break;
        }
        sickbed = Sickbed::look(backend).await?;
    }
    if repaired.written.is_empty() {
        let message = format!("{} has nothing that would help: nothing was done", from.location());
        return Err(Error::invalid(message).with_hint("`elava repair` says what else would help"));
    }
    Ok(())
}

/// Fetches one object; false if the backup does not have the right one.
async fn fetch(backend: &Arc<dyn Backend>, from: &Arc<dyn Backend>, sickbed: &Sickbed, name: &str) -> Result<bool> {
    let (seq, number) = (segment_seq(name), manifest_number(name));
    if seq.is_some() || number.is_some() {
        let Some(bytes) = from.get(name).await? else { return Ok(false) };
        let is_right = match (seq, number) {
            (Some(seq), _) => is_segment(backend, sickbed, seq, &bytes).await?,
            (None, number) => is_manifest(backend, sickbed, number.unwrap_or_default(), &bytes).await?,
        };
        let in_force = sickbed.manifests.iter().find(|(manifest, _)| manifest.number == sickbed.newest);
        let redacted = in_force.map_or(0, |(manifest, _)| manifest.index.redacted_seq());
        if is_right {
            // A backup may be older than what was redacted since.
            let is_redacted = seq.is_some_and(|seq| seq <= redacted);
            put(backend, name, if is_redacted { bytes.slice(..HEADER_BYTES.min(bytes.len())) } else { bytes }).await?;
        }
        return Ok(is_right);
    }
    let manifest = sickbed.manifests.iter().find(|(manifest, _)| manifest.number == sickbed.newest);
    match manifest.and_then(|(manifest, _)| manifest.files().find(|file| file.name == name)) {
        Some(file) => fetch_file(backend, from, file).await,
        None => Ok(false),
    }
}

/// Whether bytes are those of the segment that the chain has at a place: what is left of it and its neighbours say so.
async fn is_segment(backend: &Arc<dyn Backend>, sickbed: &Sickbed, seq: u64, bytes: &Bytes) -> Result<bool> {
    let Ok(header) = SegmentHeader::decode(bytes, seq, None) else { return Ok(false) };
    let covered = sickbed.manifests.iter().map(|(manifest, _)| manifest.covered_seq).max().unwrap_or_default();
    if Segment::decode(bytes, seq, None).is_err() && !(bytes.len() == HEADER_BYTES && seq <= covered) {
        return Ok(false);
    }
    let ours = |seq: u64| async move {
        let bytes = backend.get(&segment_name(seq)).await?;
        Ok::<_, Error>(bytes.and_then(|bytes| SegmentHeader::decode(&bytes, seq, None).ok()))
    };
    let (before, here, after) = (ours(seq.saturating_sub(1)).await?, ours(seq).await?, ours(seq.saturating_add(1)).await?);
    let follows = before.as_ref().is_none_or(|before| before.hash() == header.previous_hash);
    let is_followed = after.as_ref().is_none_or(|after| after.previous_hash == header.hash());
    let is_itself = here.as_ref().is_none_or(|here| *here == header);
    let vouched = sickbed.manifests.iter().filter(|(manifest, _)| manifest.covered_seq == seq);
    let is_covered = vouched.clone().all(|(manifest, _)| manifest.covered_hash == hex(&header.hash()));
    let is_known = before.is_some() || here.is_some() || after.is_some() || vouched.count() > 0;
    Ok(is_known && follows && is_followed && is_itself && is_covered)
}

/// Whether bytes are those of the manifest of a number: headers that name it say so, or at least it covers this log.
async fn is_manifest(backend: &Arc<dyn Backend>, sickbed: &Sickbed, number: u64, bytes: &Bytes) -> Result<bool> {
    let Ok((manifest, hash)) = Manifest::decode(bytes, number) else { return Ok(false) };
    let name = segment_name(manifest.covered_seq);
    let covered = backend.get(&name).await?.and_then(|bytes| SegmentHeader::decode(&bytes, manifest.covered_seq, None).ok());
    if covered.is_none_or(|covered| hex(&covered.hash()) != manifest.covered_hash) {
        return Ok(false);
    }
    for seq in sickbed.log.range(manifest.covered_seq..).rev() {
        let bytes = backend.get(&segment_name(*seq)).await?;
        let header = bytes.and_then(|bytes| SegmentHeader::decode(&bytes, *seq, None).ok());
        if let Some(header) = header.filter(|header| header.manifest_number <= number) {
            return Ok(header.manifest_number < number || header.manifest_hash == hash);
        }
    }
    Ok(true)
}

/// Fetches a data file; false if the backup does not have it as it was.
async fn fetch_file(backend: &Arc<dyn Backend>, from: &Arc<dyn Backend>, file: &DataFile) -> Result<bool> {
    match stage_checked(from, backend, file, &mut |_| {}).await {
        Ok(Some(staged)) => {
            backend.delete(&file.name).await?;
            staged.publish(&file.name).await?;
            Ok(true)
        }
        Ok(None) => Ok(false),
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(false),
        Err(error) => Err(error),
    }
}

/// Puts an object in the place of a damaged or missing one; its name is never free.
async fn put(backend: &Arc<dyn Backend>, name: &str, bytes: Bytes) -> Result<()> {
    match backend.create(name, bytes.clone()).await? {
        Created::Done => Ok(()),
        Created::Exists => backend.replace(name, bytes).await,
    }
}
