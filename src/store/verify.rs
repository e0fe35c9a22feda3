//! Verification: reads everything that a store holds and checks it. Damage is data in the report, not an error.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::AsArray;
use hashbrown::HashMap;

use super::backend::Backend;
use super::data_file::DataFile;
use super::history::History;
use super::manifest::{Epoch, Manifest, hex, manifest_name, manifest_number};
use super::parquet_io::{fetch, read_columns};
use super::schema;
use super::segment::{HEADER_BYTES, Hash, Segment, SegmentHeader, numbers, segment_name, texts};
use crate::error::{Error, Result};
use crate::model::Revision;

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
    let log = backend.list("log").await?;
    let manifests = backend.list("manifest").await?;
    if log.is_empty() && manifests.is_empty() {
        return History::open(backend).await.map(|_| report);
    }
    let chain = Chain::read(&*backend, noted, &mut report).await?;
    let newest = manifests.iter().filter_map(|listed| manifest_number(&listed.name)).max();
    let mut covered = 0;
    if let Some(number) = newest {
        let name = manifest_name(number);
        let bytes = backend.get(&name).await?.ok_or_else(|| Error::corrupt(format!("{name} is missing")));
        let manifest = bytes.and_then(|bytes| Manifest::decode(&bytes, number));
        if let Some((manifest, _)) = report.note(manifest) {
            covered = manifest.covered_seq;
            check_manifest(&*backend, &manifest, &chain, &mut report).await?;
        }
    }
    for seq in chain.cut_down.iter().filter(|seq| **seq > covered) {
        report.damage.push(format!("{}: it was cut down to its header, but no manifest covers it", segment_name(*seq)));
    }
    Ok(report)
}

/// The headers of the log.
struct Chain {
    hashes: HashMap<u64, Hash>,
    segments: Vec<u64>,
    cut_down: Vec<u64>,
}

impl Chain {
    async fn read(backend: &dyn Backend, noted: Option<&str>, report: &mut VerifyReport) -> Result<Self> {
        let mut chain = Self { hashes: HashMap::new(), segments: Vec::new(), cut_down: Vec::new() };
        let (mut previous, mut next_revision, mut store_id) = ([0; 32], 1, None);
        let last = backend.list("log").await?.last().map(|listed| listed.name.clone()).unwrap_or_default();
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
            if bytes.len() > HEADER_BYTES || header.payload_bytes == 0 {
                let segment = Segment::decode(&bytes, seq, store_id).and_then(|segment| segment.raw_observations());
                if report.note(segment).is_some() {
                    chain.segments.push(seq);
                }
            } else {
                report.headers_only += 1;
                chain.cut_down.push(seq);
            }
            report.segments += 1;
            next_revision = header.last_revision() + 1;
            previous = header.hash();
            chain.hashes.insert(seq, previous);
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
    if chain.hashes.get(&manifest.covered_seq).map(|hash| hex(hash)).as_deref() != Some(&manifest.covered_hash) {
        report.damage.push(format!("{name}: it covers a segment {} that is not the one in the log", manifest.covered_seq));
    }
    let mut versions = HashMap::new();
    for epoch in &manifest.epochs {
        for file in epoch.files.iter().chain(&epoch.closings) {
            check_file(backend, file, report).await?;
        }
        let read = read_epoch(backend, epoch, &mut versions).await;
        report.note(read);
    }
    let mut seen = BTreeSet::new();
    for file in &manifest.observations {
        check_file(backend, file, report).await?;
        let ranges = observation_ranges(backend, file).await;
        seen.extend(report.note(ranges).unwrap_or_default());
    }
    check_dense(&name, seen, manifest, report);
    for file in &manifest.entries {
        check_file(backend, file, report).await?;
    }
    check_replay(backend, manifest, chain, &versions, report).await
}

async fn check_file(backend: &dyn Backend, file: &DataFile, report: &mut VerifyReport) -> Result<()> {
    report.files += 1;
    report.bytes += file.bytes;
    let outcome = match fetch(backend, file).await {
        Ok(bytes) => {
            let found = hex(&<sha2::Sha256 as sha2::Digest>::digest(&bytes));
            if found == file.hash {
                Ok(())
            } else {
                Err(Error::corrupt(format!("{}: expected the hash {}, found {found}", file.name, file.hash)))
            }
        }
        Err(error) if error.kind() == crate::ErrorKind::Corrupt => Err(error),
        Err(error) => return Err(error),
    };
    report.note(outcome);
    Ok(())
}

/// Adds key and content hash of the versions that began in an epoch.
async fn read_epoch(backend: &dyn Backend, epoch: &Epoch, versions: &mut HashMap<Revision, (String, [u8; 16])>) -> Result<()> {
    for file in &epoch.files {
        let bytes = fetch(backend, file).await?;
        for batch in read_columns(bytes, &schema::VERSIONS, &["resource_key", "content_hash", "valid_from_revision"])? {
            let batch = batch?;
            let (keys, from) = (texts(&batch, "resource_key")?, numbers(&batch, "valid_from_revision")?);
            let hashes = batch.column_by_name("content_hash").and_then(|column| column.as_fixed_size_binary_opt());
            let hashes = hashes.ok_or_else(|| Error::internal("no column content_hash"))?;
            for row in (0..batch.num_rows()).filter(|row| from.value(*row) > epoch.start) {
                versions.insert(from.value(row), (keys.value(row).to_owned(), hashes.value(row).try_into().unwrap_or([0; 16])));
            }
        }
    }
    Ok(())
}

/// The revisions of a file as ranges.
async fn observation_ranges(backend: &dyn Backend, file: &DataFile) -> Result<Vec<(Revision, Revision)>> {
    let bytes = fetch(backend, file).await?;
    let mut ranges: Vec<(Revision, Revision)> = Vec::new();
    for batch in read_columns(bytes, &schema::OBSERVATIONS, &["revision"])? {
        for revision in numbers(&batch?, "revision")?.values() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == *revision => *last = *revision,
                _ => ranges.push((*revision, *revision)),
            }
        }
    }
    Ok(ranges)
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

/// The versions that the segments that are left have opened must be in the tables.
async fn check_replay(
    backend: &dyn Backend,
    manifest: &Manifest,
    chain: &Chain,
    versions: &HashMap<Revision, (String, [u8; 16])>,
    report: &mut VerifyReport,
) -> Result<()> {
    for seq in chain.segments.iter().filter(|seq| **seq <= manifest.covered_seq) {
        let Some(bytes) = backend.get(&segment_name(*seq)).await? else { continue };
        let Some(segment) = report.note(Segment::decode(&bytes, *seq, Some(manifest.store_id))) else { continue };
        let (keys, from) = (texts(&segment.versions, "resource_key")?, numbers(&segment.versions, "valid_from_revision")?);
        let hashes = segment.versions.column_by_name("content_hash").and_then(|column| column.as_fixed_size_binary_opt());
        let hashes = hashes.ok_or_else(|| Error::internal("no column content_hash"))?;
        for row in 0..from.len() {
            let known = versions.get(&from.value(row));
            if known.is_none_or(|(key, hash)| key != keys.value(row) || hash != hashes.value(row)) {
                let name = segment_name(*seq);
                report.damage.push(format!(
                    "{name}: the version that began with revision {} is not in the tables as it was written",
                    from.value(row)
                ));
            }
        }
    }
    Ok(())
}
