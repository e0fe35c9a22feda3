//! Verification: reads everything that a store holds and checks it. Damage is data in the report, not an error.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use hashbrown::HashMap;

use super::backend::{Backend, Listed};
use super::data_file::DataFile;
use super::history::History;
use super::manifest::{Epoch, Manifest, hex, manifest_name, manifest_number};
use super::parquet_io::{fetch, read_columns};
use super::schema;
use super::segment::{HEADER_BYTES, Hash, Segment, SegmentHeader, content_hashes, numbers, segment_name, texts};
use super::tag_columns::schema_of;
use crate::error::{Error, Result};
use crate::model::{Change, Revision};

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct VerifyReport {
    /// Segments whose header was checked.
    pub segments: u64,
    /// Of those, how many were cut down to their header after compaction.
    pub headers_only: u64,
    /// Data files that were read whole.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// The newest revision.
    pub head: Revision,
    /// The hash of the newest header: note it to prove later that nothing before it was altered.
    pub head_hash: String,
    /// Whether a noted hash is in the chain; `None` if none was given.
    pub noted_hash_found: Option<bool>,
    /// What is wrong, one line each: object, offset, revisions.
    pub damage: Vec<String>,
}

impl VerifyReport {
    /// Whether the store is whole, and holds the noted hash if there is one.
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.noted_hash_found != Some(false)
    }

    fn note<T>(&mut self, outcome: Result<T>) -> Option<T> {
        outcome.map_err(|error| self.damage.push(error.to_string())).ok()
    }
}

/// Reads every object of a store: the chain of headers from the first, the payloads that are left, the newest manifest and
/// all files that it names; checks hashes, that revisions are dense, and that the tables hold what the segments that are
/// left say.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if the storage refuses to be read.
pub async fn verify(backend: Arc<dyn Backend>, noted: Option<&str>) -> Result<VerifyReport> {
    let mut report = VerifyReport { noted_hash_found: noted.map(|_| false), ..VerifyReport::default() };
    let log = backend.list("log", "").await?;
    let manifests = backend.list("manifest", "").await?;
    if log.is_empty() && manifests.is_empty() {
        return History::open(backend).await.map(|_| report);
    }
    let manifest = match manifests.iter().filter_map(|listed| manifest_number(&listed.name)).max() {
        None => None,
        Some(number) => {
            let name = manifest_name(number);
            let bytes = backend.get(&name).await?.ok_or_else(|| Error::corrupt(format!("{name} is missing")));
            report.note(bytes.and_then(|bytes| Manifest::decode(&bytes, number))).map(|(manifest, _)| manifest)
        }
    };
    let covered = manifest.as_ref().map_or(0, |manifest| manifest.covered_seq);
    let chain = Chain::read(&*backend, &log, covered, noted, &mut report).await?;
    if let Some(manifest) = &manifest {
        check_manifest(&*backend, manifest, &chain, &mut report).await?;
    }
    for seq in chain.cut_down.iter().filter(|seq| **seq > covered) {
        report.damage.push(format!("{}: it was cut down to its header, but no manifest covers it", segment_name(*seq)));
    }
    Ok(report)
}

/// The headers of the log.
struct Chain {
    /// The hash of the header of the last segment that the tables cover.
    covered: Option<Hash>,
    /// Segments with a payload that the tables cover: seq, and the last revision.
    segments: Vec<(u64, Revision)>,
    /// Segments of which only the header is left.
    cut_down: Vec<u64>,
}

impl Chain {
    async fn read(backend: &dyn Backend, log: &[Listed], covered: u64, noted: Option<&str>, report: &mut VerifyReport) -> Result<Self> {
        let mut chain = Self { covered: None, segments: Vec::new(), cut_down: Vec::new() };
        let (mut previous, mut next_revision, mut store_id) = ([0; 32], 1, None);
        let last = log.last().map(|listed| listed.name.clone()).unwrap_or_default();
        for seq in 1.. {
            let name = segment_name(seq);
            if name > last {
                break;
            }
            let Some(bytes) = backend.get(&name).await? else {
                report.damage.push(format!("{name} is missing, but {last} is there"));
                break;
            };
            report.bytes += bytes.len() as u64;
            let Some(header) = report.note(SegmentHeader::decode(&bytes, seq, store_id)) else { break };
            store_id = Some(header.store_id);
            if header.previous_hash != previous {
                report.damage.push(format!("{name}: the chain is broken, it does not follow the segment before it (byte 108)"));
            }
            if header.first_revision != next_revision {
                report.damage.push(format!("{name}: expected it to begin with revision {next_revision}, found {}", header.first_revision));
            }
            if bytes.len() <= HEADER_BYTES && header.payload_bytes > 0 {
                report.headers_only += 1;
                chain.cut_down.push(seq);
            } else if seq <= covered {
                // It is decoded when it is compared with the tables.
                chain.segments.push((seq, header.last_revision()));
            } else {
                report.note(Segment::decode(&bytes, seq, store_id).and_then(|segment| segment.raw_observations()));
            }
            report.segments += 1;
            next_revision = header.last_revision() + 1;
            previous = header.hash();
            if seq == covered {
                chain.covered = Some(previous);
            }
            (report.head, report.head_hash) = (header.last_revision(), hex(&previous));
            if noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&report.head_hash)) {
                report.noted_hash_found = Some(true);
            }
        }
        Ok(chain)
    }
}

async fn check_manifest(backend: &dyn Backend, manifest: &Manifest, chain: &Chain, report: &mut VerifyReport) -> Result<()> {
    let name = manifest_name(manifest.number);
    if chain.covered.map(|hash| hex(&hash)).as_deref() != Some(&manifest.covered_hash) {
        report.damage.push(format!("{name}: it covers a segment {} that is not the one in the log", manifest.covered_seq));
    }
    let mut segments = chain.segments.as_slice();
    for epoch in &manifest.epochs {
        if let Some(closings) = &epoch.closings {
            check_file(backend, closings, report).await?;
        }
        let versions = check_epoch(backend, epoch, report).await?;
        // Epochs are cut where segments end.
        let within = segments.partition_point(|(_, last)| epoch.end.is_none_or(|end| *last <= end));
        let (now, later) = segments.split_at_checked(within).unwrap_or((segments, &[]));
        for (seq, _) in now {
            check_replay(backend, *seq, manifest, &versions, report).await?;
        }
        segments = later;
    }
    let (mut seen, mut changes) = (BTreeSet::new(), 0);
    for file in &manifest.observations {
        if let Some(bytes) = check_file(backend, file, report).await? {
            let (ranges, changed) = report.note(observation_ranges(bytes)).unwrap_or_default();
            seen.extend(ranges);
            changes += changed;
        }
    }
    check_dense(&name, seen, manifest, report);
    check_changes(backend, manifest, changes, report).await?;
    for file in &manifest.entries {
        check_file(backend, file, report).await?;
    }
    Ok(())
}

/// The bytes of a file, if they are those that the manifest names.
async fn check_file(backend: &dyn Backend, file: &DataFile, report: &mut VerifyReport) -> Result<Option<Bytes>> {
    report.files += 1;
    report.bytes += file.bytes;
    let outcome = match fetch(backend, file).await {
        Ok(bytes) => {
            let found = hex(&<sha2::Sha256 as sha2::Digest>::digest(&bytes));
            if found == file.hash {
                Ok(bytes)
            } else {
                Err(Error::corrupt(format!("{}: expected the hash {}, found {found}", file.name, file.hash)))
            }
        }
        Err(error) if error.kind() == crate::ErrorKind::Corrupt => Err(error),
        Err(error) => return Err(error),
    };
    Ok(report.note(outcome))
}

/// Key and content hash by the revision that a version began with.
type Versions = HashMap<Revision, (String, [u8; 16])>;

/// Reads the files of an epoch; returns the versions that began in it.
async fn check_epoch(backend: &dyn Backend, epoch: &Epoch, report: &mut VerifyReport) -> Result<Versions> {
    let mut versions = Versions::new();
    for file in &epoch.files {
        if let Some(bytes) = check_file(backend, file, report).await? {
            report.note(read_versions(bytes, &schema_of(file), epoch.start, &mut versions));
        }
    }
    Ok(versions)
}

fn read_versions(bytes: Bytes, schema: &SchemaRef, after: Revision, versions: &mut Versions) -> Result<()> {
    for batch in read_columns(bytes, schema, &["resource_key", "content_hash", "valid_from_revision"])? {
        let batch = batch?;
        let (keys, from, hashes) = (texts(&batch, "resource_key")?, numbers(&batch, "valid_from_revision")?, content_hashes(&batch)?);
        for row in (0..batch.num_rows()).filter(|row| from.value(*row) > after) {
            versions.insert(from.value(row), (keys.value(row).to_owned(), hashes.value(row).try_into().unwrap_or([0; 16])));
        }
    }
    Ok(())
}

/// The revisions of a file of observations as ranges, and how many of them changed something.
fn observation_ranges(bytes: Bytes) -> Result<(Vec<(Revision, Revision)>, u64)> {
    let (mut ranges, mut changed): (Vec<(Revision, Revision)>, u64) = (Vec::new(), 0);
    for batch in read_columns(bytes, &schema::OBSERVATIONS, &["revision", "change"])? {
        let batch = batch?;
        for revision in numbers(&batch, "revision")?.values() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == *revision => *last = *revision,
                _ => ranges.push((*revision, *revision)),
            }
        }
        let change = texts(&batch, "change")?;
        changed +=
            change.iter().flatten().filter(|change| *change != Change::Unchanged.as_str() && *change != Change::Late.as_str()).count()
                as u64;
    }
    Ok((ranges, changed))
}

/// Each observation that changed something must be among the changes, in order.
async fn check_changes(backend: &dyn Backend, manifest: &Manifest, expected: u64, report: &mut VerifyReport) -> Result<()> {
    let (mut last, mut found) = (0, 0);
    for file in &manifest.changes {
        found += file.rows;
        if let Some(bytes) = check_file(backend, file, report).await?
            && report.note(check_order(bytes, &mut last)) == Some(false)
        {
            report.damage.push(format!("{}: its changes do not follow those before them", file.name));
        }
    }
    if found != expected {
        let name = manifest_name(manifest.number);
        report.damage.push(format!("{name}: the tables hold {found} changes, but {expected} observations changed something"));
    }
    Ok(())
}

/// Whether the changes of a file are in order of revisions, and all after the last one before them.
fn check_order(bytes: Bytes, last: &mut Revision) -> Result<bool> {
    for batch in read_columns(bytes, &schema::CHANGES, &["revision"])? {
        for revision in numbers(&batch?, "revision")?.values() {
            if revision <= last {
                return Ok(false);
            }
            *last = *revision;
        }
    }
    Ok(true)
}

fn check_dense(name: &str, ranges: BTreeSet<(Revision, Revision)>, manifest: &Manifest, report: &mut VerifyReport) {
    let mut next = manifest.floor + 1;
    for (first, last) in ranges {
        if first != next {
            report.damage.push(format!("{name}: expected the observation of revision {next} in the tables, found that of {first}"));
        }
        next = last + 1;
    }
    if next != manifest.index.head + 1 {
        report.damage.push(format!("{name}: the tables end with revision {}, expected {}", next - 1, manifest.index.head));
    }
}

/// The versions that a segment that is left has opened must be in the tables.
async fn check_replay(backend: &dyn Backend, seq: u64, manifest: &Manifest, versions: &Versions, report: &mut VerifyReport) -> Result<()> {
    let name = segment_name(seq);
    let Some(bytes) = backend.get(&name).await? else { return Ok(()) };
    let segment = Segment::decode(&bytes, seq, Some(manifest.store_id)).and_then(|segment| segment.raw_observations().map(|_| segment));
    let Some(segment) = report.note(segment) else { return Ok(()) };
    let (keys, from) = (texts(&segment.versions, "resource_key")?, numbers(&segment.versions, "valid_from_revision")?);
    let hashes = content_hashes(&segment.versions)?;
    for (row, revision) in from.values().iter().enumerate() {
        let known = versions.get(revision);
        if known.is_none_or(|(key, hash)| key != keys.value(row) || hash != hashes.value(row)) {
            let damage = format!("{name}: the version that began with revision {revision} is not in the tables as it was written");
            report.damage.push(damage);
        }
    }
    Ok(())
}
