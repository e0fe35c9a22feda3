//! Blocks of data files on this machine's disk, for stores that are far away. Never needed: what is not there, or cannot be
//! read or written, is fetched.
//!
//! A block is a file named by the hash of the data file that it is from, and its place in that. So what is in a cache is never
//! out of date, and all stores may share one. It is checked when it is read as what a storage sends is: by the checksum that the
//! manifest has of it.
//!
//! Blocks are spread over folders by their names, and each folder has its share of the limit: whoever puts one in where there
//! are too many takes those out that were not used for the longest time. So the limit holds without a list of what is there,
//! for processes that know nothing of each other.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tracing::warn;
use uuid::Uuid;

use super::data_file::{CHECKSUM_BLOCK_BYTES, DataFile};

/// Folders that blocks are spread over.
const FOLDERS: u32 = 256;
/// The time of a block's last use is noted if the noted one is older than this: a note is a write.
const NOTED_AGAIN_AFTER: Duration = Duration::from_secs(600);

/// A cache of blocks in a folder, which need not be there yet. Private to its owner.
#[derive(Debug)]
pub struct BlockCache {
    folder: PathBuf,
    blocks_per_folder: usize,
    warned: AtomicBool,
}

impl BlockCache {
    /// The smallest limit, in bytes: a block in each folder.
    pub const LIMIT_BYTES_MIN: u64 = FOLDERS as u64 * CHECKSUM_BLOCK_BYTES;

    /// A cache of at most so many bytes, rounded down to a multiple of [`Self::LIMIT_BYTES_MIN`], which is also the least.
    /// While blocks are put in there may be one more for each process that does.
    pub fn new(folder: PathBuf, limit_bytes: u64) -> Self {
        let blocks_per_folder = usize::try_from(limit_bytes / Self::LIMIT_BYTES_MIN).unwrap_or(usize::MAX).max(1);
        Self { folder, blocks_per_folder, warned: AtomicBool::new(false) }
    }

    /// Those of some blocks of a file that are there, by their numbers.
    pub(super) async fn read(self: &Arc<Self>, file: &Arc<DataFile>, blocks: Vec<u64>) -> BTreeMap<u64, Bytes> {
        let (cache, file) = (Arc::clone(self), Arc::clone(file));
        let held = move || blocks.into_iter().filter_map(|block| Some((block, cache.get(&file, block)?))).collect();
        tokio::task::spawn_blocking(held).await.unwrap_or_default()
    }

    /// Puts blocks of a file in, by their numbers.
    pub(super) async fn write(self: &Arc<Self>, file: &Arc<DataFile>, blocks: Vec<(u64, Bytes)>) {
        let (cache, file) = (Arc::clone(self), Arc::clone(file));
        let written = tokio::task::spawn_blocking(move || {
            for (block, bytes) in blocks {
                if let Err(error) = cache.put(&file, block, &bytes) {
                    cache.warn(&error);
                    return;
                }
            }
        });
        // A thread that ended early leaves blocks to be fetched again.
        let _ = written.await;
    }

    /// A block, if it is there and whole.
    fn get(&self, file: &DataFile, block: u64) -> Option<Bytes> {
        let (_, path) = self.place(file, block);
        let mut opened = File::open(path).ok()?;
        let mut bytes = Vec::with_capacity(usize::try_from(CHECKSUM_BLOCK_BYTES).ok()?);
        Read::by_ref(&mut opened).take(CHECKSUM_BLOCK_BYTES + 1).read_to_end(&mut bytes).ok()?;
        if !file.is_block(block, &bytes) {
            return None;
        }
        let noted = opened.metadata().and_then(|metadata| metadata.modified()).ok()?;
        if noted.elapsed().is_ok_and(|age| age > NOTED_AGAIN_AFTER) {
            let _ = opened.set_modified(SystemTime::now());
        }
        Some(bytes.into())
    }

    /// Puts a block in, at once and whole, and takes others out where there are too many.
    fn put(&self, file: &DataFile, block: u64, bytes: &[u8]) -> io::Result<()> {
        let (folder, path) = self.place(file, block);
        let temporary = folder.join(format!("{}.tmp", Uuid::new_v4().simple()));
        let mut created = match create(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
                create(&temporary)?
            }
            created => created?,
        };
        if let Err(error) = created.write_all(bytes).and_then(|()| fs::rename(&temporary, &path)) {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        self.make_room(&folder)
    }

    /// Takes everything out, of all stores: blocks of files that went long ago may be among it.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn clear(&self) -> io::Result<()> {
        for number in 0..FOLDERS {
            let blocks = match fs::read_dir(self.folder.join(folder_name(number))) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                listed => listed?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?,
            };
            blocks.iter().filter(|path| is_block_name(path)).try_for_each(|path| remove(path))?;
        }
        Ok(())
    }

    fn place(&self, file: &DataFile, block: u64) -> (PathBuf, PathBuf) {
        let name = format!("{}-{block:x}", file.hash);
        let folder = self.folder.join(folder_name(crc32fast::hash(name.as_bytes()) % FOLDERS));
        let path = folder.join(name);
        (folder, path)
    }

    fn make_room(&self, folder: &Path) -> io::Result<()> {
        let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        let surplus = paths.len().saturating_sub(self.blocks_per_folder);
        if surplus == 0 {
            return Ok(());
        }
        // One that another process has taken out meanwhile counts as the oldest.
        let used = |path: &PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut by_use: Vec<(SystemTime, PathBuf)> = paths.into_iter().map(|path| (used(&path), path)).collect();
        by_use.sort_unstable();
        for (_, path) in by_use.iter().take(surplus) {
            remove(path)?;
        }
        Ok(())
    }

    /// Says once why nothing is kept.
    fn warn(&self, error: &io::Error) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            warn!(folder = %self.folder.display(), %error, "nothing can be kept in the cache: what is read is fetched each time");
        }
    }
}

fn folder_name(number: u32) -> String {
    format!("{number:02x}")
}

/// Whether a name is one that this cache gives: of a block, or of one in the making.
fn is_block_name(path: &Path) -> bool {
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match (name.split_once('-'), name.strip_suffix(".tmp")) {
        (Some((hash, block)), _) => is_hex(hash) && is_hex(block),
        (None, Some(id)) => is_hex(id),
        (None, None) => false,
    }
}

/// Removes a file that another process may have removed meanwhile.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::store::data_file::BlockChecksums;

    /// A file of so many blocks, all alike.
    fn file(blocks: u64, block: &[u8]) -> DataFile {
        let mut checksums = BlockChecksums::default();
        (0..blocks).for_each(|_| checksums.take(block));
        let (rows, bytes, checksums) = (1, blocks * CHECKSUM_BLOCK_BYTES, checksums.finish());
        DataFile { name: "versions/a.parquet".into(), rows, bytes, hash: "a".repeat(64), checksums, columns: BTreeMap::new() }
    }

    fn held(folder: &Path) -> Vec<usize> {
        let count = |entry: io::Result<fs::DirEntry>| fs::read_dir(entry.unwrap().path()).unwrap().count();
        fs::read_dir(folder).unwrap().map(count).collect()
    }

    #[test]
    fn the_limit_holds_whatever_is_put_in_and_all_is_private() {
        let (scratch, block) = (tempfile::tempdir().unwrap(), vec![7; 64 * 1024]);
        let (folder, file) = (scratch.path().join("deep/cache"), file(300, &block));
        let cache = BlockCache::new(folder.clone(), BlockCache::LIMIT_BYTES_MIN);
        for number in 0..300 {
            cache.put(&file, number, &block).unwrap();
            assert_eq!(cache.get(&file, number).unwrap(), block);
        }
        assert!(held(&folder).iter().all(|blocks| *blocks == 1));
        let known = (0..300).filter(|number| cache.get(&file, *number).is_some()).count();
        assert_eq!(known, held(&folder).len());
        let (inner, path) = cache.place(&file, 299);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([&folder, &inner, &path].map(|path| mode(path)), [0o700, 0o700, 0o600]);
    }

    #[test]
    fn all_blocks_go_and_nothing_else() {
        let (scratch, block) = (tempfile::tempdir().unwrap(), vec![7; 64 * 1024]);
        let file = file(50, &block);
        let cache = BlockCache::new(scratch.path().to_owned(), 2 * BlockCache::LIMIT_BYTES_MIN);
        (0..50).for_each(|number| cache.put(&file, number, &block).unwrap());
        let (folder, path) = cache.place(&file, 0);
        let others = [scratch.path().join("notes"), folder.join("notes.txt"), folder.join("a-note")];
        others.iter().for_each(|other| fs::write(other, "mine").unwrap());
        assert!(path.exists());
        cache.clear().unwrap();
        assert!((0..50).all(|number| cache.get(&file, number).is_none()));
        assert!(others.iter().all(|other| other.exists()));
        BlockCache::new(scratch.path().join("none"), 0).clear().unwrap();
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first() {
        let (scratch, block) = (tempfile::tempdir().unwrap(), vec![7; 64 * 1024]);
        let file = file(4096, &block);
        let cache = BlockCache::new(scratch.path().to_owned(), 2 * BlockCache::LIMIT_BYTES_MIN);
        let together: Vec<u64> = (0..4096).filter(|number| cache.place(&file, *number).0 == cache.place(&file, 0).0).take(3).collect();
        let [first, second, third] = together[..] else { panic!("{together:?}") };
        for (number, hours) in [(first, 3), (second, 2)] {
            cache.put(&file, number, &block).unwrap();
            let used = SystemTime::now() - Duration::from_secs(3600 * hours);
            File::open(cache.place(&file, number).1).unwrap().set_modified(used).unwrap();
        }
        assert!(cache.get(&file, first).is_some());
        cache.put(&file, third, &block).unwrap();
        assert_eq!(together.iter().map(|number| cache.get(&file, *number).is_some()).collect::<Vec<_>>(), [true, false, true]);
    }
}
