//! What the manifest says of a data file, so that planning opens none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The bytes that one checksum covers.
pub const CHECKSUM_BLOCK_BYTES: u64 = 64 * 1024;

/// A Parquet file of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its name in the store; holds the number of the manifest that it was written for, and its content hash.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the whole file, in hexadecimal.
    pub hash: String,
    /// CRC-32 of each block of 64 KiB, in order.
    pub checksums: Vec<u32>,
    /// Bounds of the columns that prune.
    pub columns: BTreeMap<String, ColumnStats>,
}

/// Bounds of one column over a whole file. Exact, never truncated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnStats {
    /// The smallest value that is not null.
    pub min: Option<Bound>,
    /// The largest value that is not null.
    pub max: Option<Bound>,
    /// How many are null.
    pub null_count: u64,
}

/// A bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// Of a number or a time (microseconds).
    Int(i64),
    /// Of a text.
    Text(String),
}

impl DataFile {
    /// Whether bytes are a block of it, from 0, by length and checksum.
    pub fn is_block(&self, block: u64, bytes: &[u8]) -> bool {
        let start = block.saturating_mul(CHECKSUM_BLOCK_BYTES);
        let length = self.bytes.saturating_sub(start).min(CHECKSUM_BLOCK_BYTES);
        let checksum = usize::try_from(block).ok().and_then(|block| self.checksums.get(block));
        bytes.len() as u64 == length && checksum == Some(&crc32fast::hash(bytes))
    }

    /// The integer bounds of a column, if it has any.
    pub fn int_bounds(&self, column: &str) -> Option<(i64, i64)> {
        match self.columns.get(column).map(|stats| (&stats.min, &stats.max)) {
            Some((Some(Bound::Int(min)), Some(Bound::Int(max)))) => Some((*min, *max)),
            _ => None,
        }
    }
}

/// The manifest that a data file was written for, as its name tells; `None` for one that was written before names did.
pub fn manifest_of_file(name: &str) -> Option<u64> {
    let (_, stem) = name.rsplit_once('/')?;
    let (digits, _) = stem.strip_prefix("changes-").unwrap_or(stem).split_once('-')?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// The checksums of blocks, of bytes that come in pieces.
#[derive(Debug, Default)]
pub struct BlockChecksums {
    done: Vec<u32>,
    block: crc32fast::Hasher,
    block_bytes: u64,
}

impl BlockChecksums {
    /// Takes the next bytes in.
    pub fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(CHECKSUM_BLOCK_BYTES - self.block_bytes).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.block.update(now);
            self.block_bytes += now.len() as u64;
            if self.block_bytes == CHECKSUM_BLOCK_BYTES {
                self.end_block();
            }
            bytes = later;
        }
    }

    fn end_block(&mut self) {
        if self.block_bytes > 0 {
            self.done.push(std::mem::take(&mut self.block).finalize());
            self.block_bytes = 0;
        }
    }

    /// All of them; the last block may be short.
    pub fn finish(mut self) -> Vec<u32> {
        self.end_block();
        self.done
    }
}

#[cfg(test)]
#[test]
fn the_name_of_a_data_file_tells_its_manifest() {
    let hash = "0123456789abcdef0123456789abcdef";
    for (name, manifest) in [
        (format!("versions/00000000000000000041-{hash}.parquet"), Some(41)),
        (format!("versions/changes-00000000000000000041-{hash}.parquet"), Some(41)),
        (format!("versions/changes-{hash}.parquet"), None),
        (format!("entries/{hash}.parquet"), None),
        (format!("entries/+0000000000000000041-{hash}.parquet"), None),
        (hash.to_owned(), None),
    ] {
        assert_eq!(manifest_of_file(&name), manifest, "{name}");
    }
}
