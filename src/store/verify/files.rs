//! The bytes of manifests and data files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use hashbrown::HashSet;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use super::{Audit, Damage};
use crate::error::{Error, Result};
use crate::store::backend::{Backend, Listed};
use crate::store::backup_point::{BackupPoint, manifest_in_force};
use crate::store::data_file::{BlockChecksums, CHECKSUM_BLOCK_BYTES, DataFile};
use crate::store::manifest::{Manifest, hex, manifest_name, manifest_number};
use crate::store::parquet_io::FileKind;
use crate::store::segment::segment_seq;

/// Data files that are read at once.
const FILES_AT_ONCE: usize = 2;
/// A larger file is read once more for its rows, so that no more than three of this size are in memory.
const KEPT_BYTES_MAX: u64 = 64 << 20;

/// What is there.
#[derive(Debug)]
pub struct Listing {
    /// The log.
    pub log: Vec<Listed>,
    /// Manifests.
    pub manifests: Vec<Listed>,
    /// How far it counts, if it is a backup.
    pub point: Option<BackupPoint>,
    /// Data files, whether or not a manifest names them.
    pub files: Vec<Listed>,
}

impl Listing {
    /// Lists a store. Manifests come first: what they name was there before them.
    pub async fn of(backend: &dyn Backend) -> Result<Self> {
        let manifests = backend.list("manifest", "").await?;
        let log = backend.list("log", "").await?;
        let mut files = Vec::new();
        for folder in FileKind::FOLDERS {
            files.extend(backend.list(folder, "").await?);
        }
        Ok(Self { log, point: BackupPoint::newest(&manifests), manifests, files })
    }

    /// The last segment that counts.
    pub fn last_seq(&self) -> u64 {
        let last = self.log.iter().filter_map(|listed| segment_seq(&listed.name)).max().unwrap_or_default();
        self.point.map_or(last, |point| point.seq)
    }

    /// All bytes.
    pub fn bytes(&self) -> u64 {
        self.log.iter().chain(&self.manifests).chain(&self.files).map(|listed| listed.bytes).sum()
    }
}

/// The manifests that are left.
#[derive(Debug, Default)]
pub struct Manifests {
    /// The one in force, if it can be read.
    pub newest: Option<Manifest>,
    /// Whether there is one that cannot be read.
    pub newest_is_damaged: bool,
    /// Of each that can be read, by number: its hash, and the last segment that it covers with that one's.
    pub marks: BTreeMap<u64, ManifestMark>,
}

/// What tells a manifest from all others.
#[derive(Debug)]
pub struct ManifestMark {
    /// Its hash, in hexadecimal.
    pub hash: String,
    /// The last segment that it covers.
    pub covered_seq: u64,
    /// The hash of that one's header, in hexadecimal.
    pub covered_hash: String,
}

impl Manifests {
    /// Reads them all and checks that each names the one before it.
    pub async fn read(audit: &mut Audit<'_>, listed: &[Listed]) -> Result<Self> {
        let in_force = manifest_in_force(listed);
        let mut manifests = Self { newest_is_damaged: in_force.is_some(), ..Self::default() };
        for number in listed.iter().filter_map(|listed| manifest_number(&listed.name)) {
            let name = manifest_name(number);
            let Some(bytes) = audit.backend.get(&name).await? else {
                // Others go once they are needed no more.
                if Some(number) == in_force {
                    audit.found(Damage::new(&name, "it is missing"));
                }
                continue;
            };
            audit.read(bytes.len() as u64);
            audit.report.manifests += 1;
            let decoded = audit.note(&name, Manifest::decode(&bytes, number))?;
            let Some((manifest, hash)) = decoded else { continue };
            let before = manifests.marks.get(&(number.saturating_sub(1)));
            if before.is_some_and(|before| before.hash != manifest.previous_hash) {
                audit.found(Damage::new(&name, format!("it does not follow manifest {}: expected its hash", number - 1)));
            }
            let (covered_seq, covered_hash) = (manifest.covered_seq, manifest.covered_hash.clone());
            manifests.marks.insert(number, ManifestMark { hash: hex(&hash), covered_seq, covered_hash });
            if Some(number) == in_force {
                (manifests.newest, manifests.newest_is_damaged) = (Some(manifest), false);
            }
        }
        Ok(manifests)
    }
}

/// Data files of a manifest, read once each in a given order.
pub struct Sources<'m> {
    manifest: &'m Manifest,
    files: vec::IntoIter<&'m DataFile>,
    /// Never locked: it is there so that threads may share this, which a stream alone does not allow.
    hashed: Mutex<BoxStream<'static, Result<Option<Hashed>>>>,
    /// The bytes of the last one, unless they are many.
    kept: Option<(&'m str, Bytes)>,
    /// What is wrong with those that were read.
    pub damage: Vec<Damage>,
}

impl<'m> Sources<'m> {
    /// Begins to read files of a manifest.
    pub fn new(audit: &Audit<'_>, manifest: &'m Manifest, files: Vec<&'m DataFile>) -> Self {
        let hashed = hash_all(audit, files.iter().map(|file| file.name.clone()).collect(), KEPT_BYTES_MAX);
        Self { manifest, files: files.into_iter(), hashed: Mutex::new(hashed), kept: None, damage: Vec::new() }
    }

    /// Reads up to and including a file. Whether it is whole.
    pub async fn read(&mut self, audit: &mut Audit<'_>, file: &DataFile) -> Result<bool> {
        while let Some((name, whole)) = self.next(audit).await? {
            if name == file.name {
                return Ok(whole);
            }
        }
        Ok(false)
    }

    /// Reads those that are left.
    pub async fn finish(&mut self, audit: &mut Audit<'_>) -> Result<()> {
        while self.next(audit).await?.is_some() {}
        Ok(())
    }

    /// The bytes of a file, if it was read last and they are not many.
    pub fn kept(&self, file: &DataFile) -> Option<Bytes> {
        self.kept.as_ref().filter(|(name, _)| *name == file.name).map(|(_, bytes)| bytes.clone())
    }

    async fn next(&mut self, audit: &mut Audit<'_>) -> Result<Option<(&'m str, bool)>> {
        let Some(file) = self.files.next() else { return Ok(None) };
        let hashed = self.hashed.get_mut().unwrap_or_else(PoisonError::into_inner);
        let found = next_hashed(audit, hashed).await?;
        let damage = match &found {
            None => Some(Damage::new(&file.name, "it is missing")),
            Some(found) => found.differs_from(file),
        };
        self.kept = found.and_then(|found| found.whole).filter(|_| damage.is_none()).map(|bytes| (file.name.as_str(), bytes));
        let whole = damage.is_none();
        let (first, last) = revisions_of(file, self.manifest);
        self.damage.extend(damage.map(|damage| damage.about(first, last)));
        Ok(Some((&file.name, whole)))
    }
}

/// Checks the bytes of all files of a manifest.
pub async fn check(audit: &mut Audit<'_>, manifest: &Manifest) -> Result<()> {
    let mut sources = Sources::new(audit, manifest, manifest.files().collect());
    sources.finish(audit).await?;
    sources.damage.into_iter().for_each(|damage| audit.found(damage));
    Ok(())
}

/// Checks the bytes of files that no manifest in force names, by the hash in their names.
pub async fn check_others(audit: &mut Audit<'_>, listing: &Listing, manifest: Option<&Manifest>) -> Result<()> {
    let named: HashSet<&str> = manifest.into_iter().flat_map(Manifest::files).map(|file| file.name.as_str()).collect();
    let others = listing.files.iter().map(|listed| listed.name.as_str()).filter(|name| !named.contains(name));
    let others: Vec<(&str, &str)> = others.filter_map(|name| Some((name, hash_in_name(name)?))).collect();
    let mut hashed = hash_all(audit, others.iter().map(|(name, _)| (*name).to_owned()).collect(), 0);
    for (name, expected) in others {
        // One that has gone since the listing was needed no more.
        let Some(found) = next_hashed(audit, &mut hashed).await? else { continue };
        if !found.hash.starts_with(expected) {
            let what = format!("expected the hash that its name begins with, found {} (the newest manifest does not name it)", found.hash);
            audit.found(Damage::new(name, what));
        }
    }
    Ok(())
}

/// What the bytes of files are, in the order of their names; some are read ahead, each on a core of its own. The bytes of those
/// are kept that are not larger than said.
fn hash_all(audit: &Audit<'_>, names: Vec<String>, kept_max: u64) -> BoxStream<'static, Result<Option<Hashed>>> {
    let objects = Arc::clone(&audit.objects);
    let hash = move |name| {
        let hashing = tokio::spawn(Hashed::of(Arc::clone(&objects), name, kept_max));
        async move { hashing.await.unwrap_or_else(|error| Err(Error::internal("the hash of a file").with_source(error))) }
    };
    futures::stream::iter(names).map(hash).buffered(FILES_AT_ONCE).boxed()
}

/// The next of the files that are hashed.
async fn next_hashed(audit: &mut Audit<'_>, hashed: &mut BoxStream<'static, Result<Option<Hashed>>>) -> Result<Option<Hashed>> {
    let found = hashed.next().await.transpose()?.flatten();
    if let Some(found) = &found {
        audit.report.files += 1;
        audit.read(found.bytes);
    }
    Ok(found)
}

/// The hash in the name of a data file: its first 32 digits.
fn hash_in_name(name: &str) -> Option<&str> {
    let stem = name.rsplit_once('/')?.1.strip_suffix(".parquet")?;
    let hash = stem.rsplit_once('-').map_or(stem, |(_, hash)| hash);
    (hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

/// The revisions that a file is about; none (first above last) where it holds no revisions.
fn revisions_of(file: &DataFile, manifest: &Manifest) -> (i64, i64) {
    let of_epoch = manifest.epochs.iter().find(|epoch| epoch.files.iter().chain(&epoch.closings).any(|known| known.name == file.name));
    match of_epoch {
        Some(epoch) => (epoch.start + 1, epoch.end.unwrap_or(manifest.index.head)),
        None => file.int_bounds("revision").unwrap_or((1, 0)),
    }
}

/// What the bytes of a file are.
#[derive(Debug)]
struct Hashed {
    bytes: u64,
    hash: String,
    checksums: Vec<u32>,
    /// All of them, if they are not more than are kept.
    whole: Option<Bytes>,
}

impl Hashed {
    /// Reads a file piece by piece; `None` if it is not there.
    async fn of(objects: Arc<dyn ObjectStore>, name: String, kept_max: u64) -> Result<Option<Self>> {
        let refused = |error: object_store::Error| Error::unavailable(format!("cannot read {name}")).with_source(error);
        let found = match objects.get(&Path::from(name.as_str())).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        let mut whole = (found.meta.size <= kept_max).then(BytesMut::new);
        let mut pieces = found.into_stream();
        let (mut bytes, mut hasher, mut blocks) = (0, Sha256::new(), BlockChecksums::default());
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(refused)?;
            bytes += piece.len() as u64;
            hasher.update(&piece);
            blocks.take(&piece);
            if let Some(whole) = &mut whole {
                whole.extend_from_slice(&piece);
            }
        }
        let whole = whole.map(BytesMut::freeze);
        Ok(Some(Self { bytes, hash: hex(&hasher.finalize()), checksums: blocks.finish(), whole }))
    }

    /// What is wrong with it, if it is not what the manifest says.
    fn differs_from(&self, file: &DataFile) -> Option<Damage> {
        let damage = |what: String| Damage::new(&file.name, what);
        let at = |block: usize| block as u64 * CHECKSUM_BLOCK_BYTES;
        let broken = self.checksums.iter().zip(&file.checksums).position(|(found, expected)| found != expected);
        if self.bytes != file.bytes {
            let mut damage = damage(format!("expected {} bytes, found {}", file.bytes, self.bytes));
            damage.byte = Some(self.bytes.min(file.bytes));
            return Some(damage);
        }
        if let Some(block) = broken {
            let mut damage = damage(format!("the checksum of the block does not hold at byte {}", at(block)));
            damage.byte = Some(at(block));
            return Some(damage);
        }
        if self.checksums.len() != file.checksums.len() {
            return Some(damage(format!("expected {} checksums of blocks, found {}", self.checksums.len(), file.checksums.len())));
        }
        if self.hash != file.hash || hash_in_name(&file.name).is_none_or(|named| !self.hash.starts_with(named)) {
            return Some(damage(format!("expected the hash {}, found {}", file.hash, self.hash)));
        }
        None
    }
}
