//! Backups: a copy of a store in another place, brought up to date again and again while writers go on; and the way back.
//!
//! Data files are copied first, then segments in order, then the manifest; all of it counts once the new point is there
//! ([`super::backup_point`]), so a run that stops halfway leaves the backup that was there before. Everything is checked before
//! it gets its name: files against the manifest, segments against the chain. What is there already is not copied again: names
//! are never used for anything else. A segment that was cut down in one place and is whole in the other is the same segment.
//!
//! A restore is the same copy in the other direction, and takes the point away at the end: then the place is a store.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::FuturesUnordered;
use futures::{StreamExt, TryStreamExt};
use hashbrown::HashSet;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use sha2::{Digest, Sha256};

use super::backend::{Backend, Created, Listed, Staged};
use super::backup_point::{BackupPoint, manifest_in_force};
use super::data_file::{BlockChecksums, DataFile};
use super::history::History;
use super::manifest::{Manifest, hex, manifest_name, manifest_number};
use super::parquet_io::FileKind;
use super::pins::ReaderPin;
use super::segment::{HEADER_BYTES, Hash, Segment, SegmentHeader, has_payload, segment_name, segment_seq};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;

/// How often a copy is begun anew because the store was compacted and swept meanwhile.
const ATTEMPTS_MAX: usize = 8;
/// Segments that are read at once, and that are written at once.
const SEGMENTS_AT_ONCE: usize = 8;
/// How often an object is created of which it is not known whether it is there.
const CREATES_MAX: usize = 8;

/// How a backup is made.
#[derive(Clone, Copy, Default)]
pub struct BackupOptions<'a> {
    /// Whether data files and manifests are removed from the backup that its new point does not need.
    pub prune: bool,
    /// Told how many bytes were copied, and of how many.
    pub progress: Option<&'a (dyn Fn(u64, u64) + Sync)>,
}

impl fmt::Debug for BackupOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupOptions").field("prune", &self.prune).finish_non_exhaustive()
    }
}

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct BackupReport {
    /// The store.
    pub store_id: String,
    /// The newest revision of the copy.
    pub head: Revision,
    /// The hash of its newest header.
    pub head_hash: String,
    /// Segments that were copied.
    pub segments: u64,
    /// Data files that were copied.
    pub files: u64,
    /// Bytes that were copied.
    pub bytes: u64,
    /// Objects that were removed, or cut down to their headers, because nothing in the copy needs them.
    pub pruned: u64,
}

/// Brings a backup up to date, or makes one in an empty place.
///
/// # Errors
/// `NotFound` if there is no store, `Invalid` if the place holds something else than a backup of it, `Conflict` if both have
/// gone on from a common beginning, `Corrupt` if what is to be copied is damaged, `Unavailable` if either place refuses: the
/// backup is what it was.
pub async fn backup(from: Arc<dyn Backend>, to: Arc<dyn Backend>, options: &BackupOptions<'_>) -> Result<BackupReport> {
    copy(from, to, options, Purpose::Backup).await
}

/// Makes a store of a backup, or of another store, in an empty place; or brings one up to date that has the same beginning.
///
/// # Errors
/// As [`backup`].
pub async fn restore(from: Arc<dyn Backend>, to: Arc<dyn Backend>, progress: Option<&(dyn Fn(u64, u64) + Sync)>) -> Result<BackupReport> {
    let report = copy(from, Arc::clone(&to), &BackupOptions { prune: false, progress }, Purpose::Restore).await?;
    for point in BackupPoint::all(&to.list("manifest", "").await?) {
        to.delete(&point.name()).await?;
    }
    Ok(report)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Backup,
    Restore,
}

async fn copy(from: Arc<dyn Backend>, to: Arc<dyn Backend>, options: &BackupOptions<'_>, purpose: Purpose) -> Result<BackupReport> {
    History::open(Arc::clone(&from)).await?;
    to.prepare().await?;
    let (clock, mut report): (Arc<dyn Clock>, _) = (Arc::new(SystemClock), BackupReport::default());
    for _ in 0..ATTEMPTS_MAX {
        let source = History::open(Arc::clone(&from)).await?;
        let place = Place::look(&to, &source, purpose).await?;
        let Some(pin) = ReaderPin::take(&source, &clock).await? else { continue };
        let mut copy = Copy { from: &from, to: &to, source: &source, place, options, total_bytes: 0, report };
        let outcome = copy.run().await;
        pin.release().await;
        match outcome? {
            Outcome::Done => return Ok(copy.report),
            Outcome::Moved => report = copy.report,
        }
    }
    Err(Error::unavailable("the store is compacted faster than it can be copied"))
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// What was to be copied has gone, because a newer manifest does not need it.
    Moved,
}

/// What is in the place that is copied into.
struct Place {
    log: HashSet<String>,
    manifests: Vec<Listed>,
}

impl Place {
    /// Looks what is there, and whether it may be gone on with.
    async fn look(to: &Arc<dyn Backend>, source: &History, purpose: Purpose) -> Result<Self> {
        let (manifests, log) = (to.list("manifest", "").await?, to.list("log", "").await?);
        let is_empty = manifests.is_empty() && log.is_empty();
        let point = BackupPoint::newest(&manifests);
        if purpose == Purpose::Backup && point.is_none() && !is_empty {
            let error = Error::invalid(format!("{} holds a store, and no backup: it may be written to", to.location()));
            return Err(error.with_hint("name an empty place, or one that `elava backup` has made"));
        }
        let last = log.iter().filter_map(|listed| segment_seq(&listed.name)).max().unwrap_or_default();
        check_chain(to, source, last).await?;
        if point.is_none() {
            // From here on nobody takes what is half there for a store.
            let begun = if is_empty { BackupPoint::BEGUN } else { own_point(to, source).await? };
            create(to, &begun.name(), Bytes::new()).await?;
        }
        Ok(Self { log: log.into_iter().map(|listed| listed.name).collect(), manifests })
    }
}

/// The point at which a store stands that is to be brought up to date.
async fn own_point(to: &Arc<dyn Backend>, source: &History) -> Result<BackupPoint> {
    let own = History::open(Arc::clone(to)).await?;
    if own.manifest.number >= source.manifest.number && own.manifest_hash != source.manifest_hash {
        let error =
            Error::invalid(format!("the store at {} has newer tables of its own (manifest {})", to.location(), own.manifest.number));
        return Err(error.with_hint("restore into an empty place"));
    }
    Ok(BackupPoint { seq: own.last.0, manifest: own.manifest.number })
}

/// Checks that what is there is the beginning of the store's log.
async fn check_chain(to: &Arc<dyn Backend>, source: &History, last: u64) -> Result<()> {
    let backend = &source.backend;
    if last == 0 {
        return Ok(());
    }
    let theirs = header(to, 1).await?.map(|header| header.store_id);
    if let Some(found) = theirs.filter(|found| *found != source.store_id) {
        return Err(Error::invalid(format!("{} holds another store ({found}, not {})", to.location(), source.store_id)));
    }
    let common = last.min(source.last.0);
    if header(to, common).await? != header(backend, common).await? {
        return Err(forked(to, backend, common).await?);
    }
    if last > source.last.0 {
        let (location, ends) = (to.location(), source.last.0);
        let message = format!("{location} has gone further: it has {last} segments, and {} ends with segment {ends}", backend.location());
        return Err(Error::new(ErrorKind::Conflict, message));
    }
    Ok(())
}

/// Says where two logs part that differ at a segment.
async fn forked(one: &Arc<dyn Backend>, other: &Arc<dyn Backend>, differing: u64) -> Result<Error> {
    // The last that is the same, and the first that is known to differ: each header names the hash of the one before it.
    let (mut same, mut differs) = (0, differing);
    while differs - same > 1 {
        let middle = same + (differs - same) / 2;
        match header(one, middle).await? == header(other, middle).await? {
            true => same = middle,
            false => differs = middle,
        }
    }
    let revision = header(other, same.max(1)).await?.filter(|_| same > 0).map_or(0, |header| header.last_revision());
    let message = format!(
        "{} and {} are one store up to segment {same} (revision {revision}), and differ from segment {differs} on: both were written to",
        one.location(),
        other.location()
    );
    Ok(Error::new(ErrorKind::Conflict, message).with_hint("copy each to a place of its own"))
}

/// The header of a segment, `None` if there is none.
async fn header(backend: &Arc<dyn Backend>, seq: u64) -> Result<Option<SegmentHeader>> {
    let bytes = backend.get(&segment_name(seq)).await?;
    let header = bytes.map(|bytes| SegmentHeader::decode(&bytes, seq, None)).transpose();
    header.map_err(|error| error.context(backend.location()))
}

/// Creates an object. Where it is not known whether that was done it is tried again: then it is there, or it is created.
async fn try_create(to: &Arc<dyn Backend>, name: &str, bytes: &Bytes) -> Result<Created> {
    for attempt in 1..CREATES_MAX {
        match to.create(name, bytes.clone()).await {
            Err(error) if error.kind() == ErrorKind::Uncertain => to.back_off(attempt).await,
            outcome => return outcome,
        }
    }
    to.create(name, bytes.clone()).await
}

/// Creates an object that may be there: then with these bytes.
async fn create(to: &Arc<dyn Backend>, name: &str, bytes: Bytes) -> Result<bool> {
    match try_create(to, name, &bytes).await? {
        Created::Done => Ok(true),
        Created::Exists if to.get(name).await?.as_ref() == Some(&bytes) => Ok(false),
        Created::Exists => Err(Error::new(ErrorKind::Conflict, format!("{} has another {name}", to.location()))),
    }
}

/// One run.
struct Copy<'a> {
    from: &'a Arc<dyn Backend>,
    to: &'a Arc<dyn Backend>,
    source: &'a History,
    place: Place,
    options: &'a BackupOptions<'a>,
    total_bytes: u64,
    report: BackupReport,
}

impl Copy<'_> {
    async fn run(&mut self) -> Result<Outcome> {
        let manifest = &self.source.manifest;
        // A header vouches for the manifest that it names, so that one has to be there too.
        if self.source.tail.iter().any(|segment| segment.header.manifest_number > manifest.number) {
            return Ok(Outcome::Moved);
        }
        let mut there = HashSet::new();
        for folder in FileKind::FOLDERS {
            there.extend(self.to.list(folder, "").await?.into_iter().map(|listed| listed.name));
        }
        let missing: Vec<&DataFile> = manifest.files().filter(|file| !there.contains(&file.name)).collect();
        self.total_bytes = self.report.bytes + missing.iter().map(|file| file.bytes).sum::<u64>();
        for file in missing {
            if !self.file(file).await? {
                return Ok(Outcome::Moved);
            }
        }
        if self.segments().await? == Outcome::Moved || !self.manifest().await? {
            return Ok(Outcome::Moved);
        }
        let point = BackupPoint { seq: self.source.last.0, manifest: manifest.number };
        create(self.to, &point.name(), Bytes::new()).await?;
        for older in BackupPoint::all(&self.to.list("manifest", "").await?).filter(|older| *older < point) {
            self.to.delete(&older.name()).await?;
        }
        if self.options.prune {
            self.prune(there).await?;
        }
        self.report.store_id = self.source.store_id.to_string();
        (self.report.head, self.report.head_hash) = (self.source.head(), hex(&self.source.last.1));
        Ok(Outcome::Done)
    }

    fn copied(&mut self, bytes: u64) {
        self.report.bytes += bytes;
        if let Some(progress) = self.options.progress {
            progress(self.report.bytes, self.total_bytes.max(self.report.bytes));
        }
    }

    /// Copies a data file; false if it has gone.
    async fn file(&mut self, file: &DataFile) -> Result<bool> {
        let (from, to) = (self.from, self.to);
        let Some(staged) = stage_checked(from, to, file, &mut |bytes| self.copied(bytes)).await? else {
            return self.has_moved(&file.name).await.map(|()| false);
        };
        staged.publish(&file.name).await?;
        self.report.files += 1;
        Ok(true)
    }

    /// What is not there any more is no damage if there is a newer manifest by now.
    async fn has_moved(&self, name: &str) -> Result<()> {
        match manifest_in_force(&self.from.list("manifest", "").await?) {
            Some(newest) if newest > self.source.manifest.number => Ok(()),
            _ => Err(Error::corrupt(format!("{name} is missing"))),
        }
    }

    /// Copies segments as far as the store was read. Each is checked against the one before it; which is there first does not
    /// matter before the new point is.
    async fn segments(&mut self) -> Result<Outcome> {
        let missing: Vec<u64> = (1..=self.source.last.0).filter(|seq| !self.place.log.contains(&segment_name(*seq))).collect();
        let (from, to) = (self.from, self.to);
        let get = |seq: u64| async move { from.get(&segment_name(seq)).await.map(|bytes| (seq, bytes)) };
        let mut segments = futures::stream::iter(missing).map(get).buffered(SEGMENTS_AT_ONCE);
        let mut written = FuturesUnordered::new();
        let mut last: Option<(u64, Hash)> = None;
        while let Some((seq, bytes)) = segments.try_next().await? {
            let name = segment_name(seq);
            let bytes = bytes.ok_or_else(|| Error::corrupt(format!("{name} is missing")))?;
            let before = match last {
                Some((before, hash)) if before + 1 == seq => hash,
                _ => self.hash_before(seq).await?,
            };
            let header = self.check_segment(seq, &bytes, before)?;
            if bytes.len() == HEADER_BYTES && seq > self.source.manifest.covered_seq {
                return self.has_moved(&name).await.map(|()| Outcome::Moved);
            }
            last = Some((seq, header.hash()));
            written.push(create_segment(to, name, header, bytes));
            if written.len() == SEGMENTS_AT_ONCE
                && let Some(length) = written.try_next().await?
            {
                self.segment_copied(length);
            }
        }
        while let Some(length) = written.try_next().await? {
            self.segment_copied(length);
        }
        Ok(Outcome::Done)
    }

    fn segment_copied(&mut self, bytes: u64) {
        self.report.segments += 1;
        self.copied(bytes);
    }

    /// The hash of the header before a segment, as the copy has it.
    async fn hash_before(&self, seq: u64) -> Result<Hash> {
        if seq == 1 {
            return Ok([0; 32]);
        }
        let before = header(self.to, seq - 1).await?;
        before.map(|header| header.hash()).ok_or_else(|| Error::corrupt(format!("{} is missing", segment_name(seq - 1))))
    }

    fn check_segment(&self, seq: u64, bytes: &Bytes, before: Hash) -> Result<SegmentHeader> {
        let header = SegmentHeader::decode(bytes, seq, Some(self.source.store_id))?;
        if bytes.len() > HEADER_BYTES {
            Segment::decode(bytes, seq, Some(self.source.store_id))?;
        }
        if header.previous_hash != before || (seq == self.source.last.0 && header.hash() != self.source.last.1) {
            let name = segment_name(seq);
            return Err(Error::corrupt(format!("{name}: the chain is broken, it does not follow the segment before it")).at_byte(108));
        }
        Ok(header)
    }

    /// Copies the manifest; false if it has gone.
    async fn manifest(&mut self) -> Result<bool> {
        let number = self.source.manifest.number;
        let name = manifest_name(number);
        if number == 0 {
            return Ok(true);
        }
        let Some(bytes) = self.from.get(&name).await? else { return self.has_moved(&name).await.map(|()| false) };
        let (_, hash) = Manifest::decode(&bytes, number)?;
        if hash != self.source.manifest_hash {
            return Err(Error::corrupt(format!("{name}: it is another than was read before")));
        }
        let length = bytes.len() as u64;
        if create(self.to, &name, bytes).await? {
            self.copied(length);
        }
        Ok(true)
    }

    /// Removes what the new point does not need. Segments stay, but for the payload of those that may hold what is redacted.
    async fn prune(&mut self, there: HashSet<String>) -> Result<()> {
        let needed: HashSet<&str> = self.source.manifest.files().map(|file| file.name.as_str()).collect();
        let manifests = self.place.manifests.iter().filter_map(|listed| manifest_number(&listed.name));
        let manifests = manifests.filter(|number| *number != self.source.manifest.number).map(manifest_name);
        let files = there.iter().filter(|name| !needed.contains(name.as_str())).cloned();
        for name in manifests.chain(files) {
            self.to.delete(&name).await?;
            self.report.pruned += 1;
        }
        let redacted = segment_name(self.source.manifest.index.redacted_seq());
        for listed in self.to.list("log", "").await? {
            if listed.name <= redacted && has_payload(&listed) {
                let header = self.to.get_start(&listed.name, HEADER_BYTES).await?;
                self.to.replace(&listed.name, header.ok_or_else(|| Error::corrupt(format!("{} is missing", listed.name)))?).await?;
                self.report.pruned += 1;
            }
        }
        Ok(())
    }
}

/// Copies a data file piece by piece, up to giving it its name; `None` if there is none. `copied` is told of bytes.
///
/// # Errors
/// `Corrupt` if its bytes are not those that the manifest names, `Unavailable` if either place refuses.
pub async fn stage_checked(
    from: &Arc<dyn Backend>,
    to: &Arc<dyn Backend>,
    file: &DataFile,
    copied: &mut (dyn FnMut(u64) + Send),
) -> Result<Option<Box<dyn Staged>>> {
    let refused = |error: object_store::Error| Error::unavailable(format!("cannot read {}", file.name)).with_source(error);
    let mut pieces = match from.object_store().get(&Path::from(file.name.as_str())).await {
        Ok(found) => found.into_stream(),
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(refused(error)),
    };
    let mut staged = to.stage()?;
    let (mut hasher, mut checksums) = (Sha256::new(), BlockChecksums::default());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(refused)?;
        hasher.update(&piece);
        checksums.take(&piece);
        staged.write_all(&piece).map_err(|error| Error::unavailable(format!("cannot write {}", file.name)).with_source(error))?;
        copied(piece.len() as u64);
    }
    let found = hex(&hasher.finalize());
    if found != file.hash || checksums.finish() != file.checksums {
        return Err(Error::corrupt(format!("{}: expected the hash {}, found {found}", file.name, file.hash)));
    }
    Ok(Some(staged))
}

/// Creates a segment that may be there, perhaps cut down or whole where this one is not; its bytes.
async fn create_segment(to: &Arc<dyn Backend>, name: String, header: SegmentHeader, bytes: Bytes) -> Result<u64> {
    if try_create(to, &name, &bytes).await? == Created::Done {
        return Ok(bytes.len() as u64);
    }
    let found = to.get(&name).await?.unwrap_or_default();
    match SegmentHeader::decode(&found, header.seq, Some(header.store_id)) {
        Ok(found) if found == header => Ok(bytes.len() as u64),
        _ => Err(Error::new(ErrorKind::Conflict, format!("{} has another {name}", to.location()))),
    }
}
