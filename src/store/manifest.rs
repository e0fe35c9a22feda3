//! Manifests: which files make up the tables.
//!
//! `manifest/<number, 20 digits>`, each created once, hash-linked. A manifest is derived from the log: two compactors that
//! read the same log write the same one.
//!
//! ```text
//! offset size
//!      0    8  magic "ELAVAMAN"
//!      8    2  format version, little endian: 1, or 2 once the log has redacted something, which older builds would leave out
//!     10   32  SHA-256 of the rest
//!     42    -  JSON, zstd
//! ```

use std::io::{self, Read};

use bytes::Bytes;
use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::data_file::DataFile;
use super::index::LogIndex;
use super::segment::{FORMAT_VERSION, Hash, newer_format};
use crate::error::{Error, Result};
use crate::model::Revision;

const MAGIC: &[u8; 8] = b"ELAVAMAN";
const PREFIX_BYTES: usize = 42;
const ZSTD_LEVEL: i32 = 3;
/// The format of a manifest whose fold of the log tells of redactions.
const FORMAT_REDACTED: u16 = 2;
/// The largest manifest that is read: larger is taken for damage.
const JSON_BYTES_MAX: u64 = 1 << 30;

/// Which files make up the tables, up to a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its number, from 1.
    pub number: u64,
    /// SHA-256 of the manifest before it, in hexadecimal; empty for the first.
    pub previous_hash: String,
    /// The store.
    #[serde(with = "uuid_text")]
    pub store_id: Uuid,
    /// The last segment that the tables hold.
    pub covered_seq: u64,
    /// SHA-256 of that segment's header, in hexadecimal.
    pub covered_hash: String,
    /// The log up to that segment, folded.
    pub index: LogIndex,
    /// Epochs in order; the last is open.
    pub epochs: Vec<Epoch>,
    /// What the rule that cuts epochs needs to know of the open one.
    pub cutting: CuttingState,
    /// Changes, oldest first.
    pub changes: Vec<DataFile>,
    /// Observations, oldest window first.
    pub observations: Vec<DataFile>,
    /// Log entries, oldest first.
    pub entries: Vec<DataFile>,
}

/// Files without repetitions. What went on in an epoch is what the next one begins with: if that is all it has yet, both name one
/// file, since a file's name tells its content.
pub fn each_once<'a>(files: impl Iterator<Item = &'a DataFile>) -> impl Iterator<Item = &'a DataFile> {
    let mut names = HashSet::new();
    files.filter(move |file| names.insert(file.name.as_str()))
}

/// A stretch of history that can be read alone. It covers (start, end].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// After this revision.
    pub start: Revision,
    /// Up to and including this one; `None` = open.
    pub end: Option<Revision>,
    /// Rows of versions, disjoint.
    pub files: Vec<DataFile>,
    /// How rows of an open epoch that were written open have ended.
    pub closings: Option<DataFile>,
}

/// The open epoch, as the rule that cuts epochs sees it. Depends on the log alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CuttingState {
    /// An epoch of fewer rows is never cut.
    pub rows_min: u64,
    /// Rows in the epoch at the last scan end, carried ones included.
    pub rows: u64,
    /// Rows alive now.
    pub alive: u64,
    /// Rows opened since the last scan end.
    pub pending_rows: u64,
    /// The fewest rows alive at a scan end of the epoch.
    pub alive_min: Option<u64>,
    /// The newest revision at the last scan end of the epoch; its start if there was none.
    pub boundary: Revision,
    /// Rows alive at that boundary.
    pub boundary_alive: u64,
}

/// The name of a manifest.
pub fn manifest_name(number: u64) -> String {
    format!("manifest/{number:020}")
}

/// The number in a manifest's name.
pub fn manifest_number(name: &str) -> Option<u64> {
    name.strip_prefix("manifest/").filter(|digits| digits.len() == 20).and_then(|digits| digits.parse().ok())
}

impl Manifest {
    /// The manifest of a store of which nothing is compacted.
    pub fn empty(store_id: Uuid) -> Self {
        Self {
            number: 0,
            previous_hash: String::new(),
            store_id,
            covered_seq: 0,
            covered_hash: String::new(),
            index: LogIndex::default(),
            epochs: Vec::new(),
            cutting: CuttingState::default(),
            changes: Vec::new(),
            observations: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// All files that it names, each once.
    pub fn files(&self) -> impl Iterator<Item = &DataFile> {
        let versions = self.epochs.iter().flat_map(|epoch| epoch.files.iter().chain(&epoch.closings));
        each_once(versions.chain(&self.changes).chain(&self.observations).chain(&self.entries))
    }

    /// The same with other files in the place of some, by name.
    #[must_use]
    pub fn with_files(&self, others: &HashMap<String, DataFile>) -> Self {
        let mut manifest = self.clone();
        let of_epochs = manifest.epochs.iter_mut().flat_map(|epoch| &mut epoch.files);
        let others_of = |file: &mut DataFile| {
            if let Some(other) = others.get(&file.name) {
                *file = other.clone();
            }
        };
        of_epochs.chain(&mut manifest.changes).chain(&mut manifest.entries).for_each(others_of);
        manifest
    }

    /// Its bytes and their hash.
    ///
    /// # Errors
    /// `Internal`.
    pub fn encode(&self) -> Result<(Bytes, Hash)> {
        let json = serde_json::to_vec(self).map_err(|error| Error::internal("a manifest cannot be written").with_source(error))?;
        let packed = zstd::bulk::compress(&json, ZSTD_LEVEL).map_err(|error| Error::internal("zstd failed").with_source(error))?;
        let hash: Hash = Sha256::digest(&packed).into();
        let mut bytes = Vec::with_capacity(PREFIX_BYTES + packed.len());
        bytes.extend(MAGIC);
        bytes.extend(self.format().to_le_bytes());
        bytes.extend(hash);
        bytes.extend(packed);
        Ok((bytes.into(), hash))
    }

    /// Reads a manifest and checks that it is the one of this number.
    ///
    /// # Errors
    /// `Unsupported` for a newer format, else `Corrupt`.
    pub fn decode(bytes: &[u8], number: u64) -> Result<(Self, Hash)> {
        let name = manifest_name(number);
        let damaged = |what: &str| Error::corrupt(format!("{name}: {what}"));
        let (prefix, packed) = bytes.split_at_checked(PREFIX_BYTES).ok_or_else(|| damaged("it ends early"))?;
        if prefix.get(..8) != Some(MAGIC) {
            return Err(damaged("expected the magic ELAVAMAN at byte 0, found something else"));
        }
        let format = prefix.get(8..10).and_then(|format| format.try_into().ok()).map_or(0, u16::from_le_bytes);
        let hash: Hash = Sha256::digest(packed).into();
        if prefix.get(10..) != Some(&hash[..]) {
            return Err(damaged("the bytes from 42 on do not have the hash that stands before them"));
        }
        if ![FORMAT_VERSION, FORMAT_REDACTED].contains(&format) {
            return Err(newer_format(&name, format, FORMAT_REDACTED));
        }
        let json = unpack(packed).map_err(|error| damaged("zstd cannot read it").with_source(error))?;
        let manifest: Self = serde_json::from_slice(&json).map_err(|error| damaged("it is not a manifest").with_source(error))?;
        if manifest.number != number {
            return Err(damaged(&format!("expected manifest {number}, found the content of manifest {}", manifest.number)));
        }
        if format != manifest.format() {
            return Err(damaged(&format!("expected format {} at byte 8, found {format}", manifest.format())));
        }
        if !manifest.can_be() {
            return Err(damaged("expected revisions and segments, found numbers that nothing can follow"));
        }
        Ok((manifest, hash))
    }

    fn format(&self) -> u16 {
        if self.index.redactions.is_empty() { FORMAT_VERSION } else { FORMAT_REDACTED }
    }

    /// Whether what comes after a number in it can be told.
    fn can_be(&self) -> bool {
        let spans = self.epochs.iter().flat_map(|epoch| [Some(epoch.start), epoch.end]).flatten();
        spans.chain([self.index.head]).all(|revision| (0..Revision::MAX).contains(&revision))
            && self.number.max(self.covered_seq) < u64::MAX
    }
}

/// The JSON of a manifest. What is longer than [`JSON_BYTES_MAX`] is cut off there, and then no JSON.
fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut json = Vec::new();
    zstd::stream::read::Decoder::new(packed)?.take(JSON_BYTES_MAX).read_to_end(&mut json)?;
    Ok(json)
}

/// Hexadecimal text of bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A UUID as its text.
mod uuid_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use uuid::Uuid;

    pub(super) fn serialize<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
        Uuid::parse_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
