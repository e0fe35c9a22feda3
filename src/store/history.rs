//! The log as far as it has been read: the newest manifest, the segments after it, and their fold.

use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::future::{try_join, try_join_all};
use uuid::Uuid;

use super::backend::Backend;
use super::backup_point::{BackupPoint, manifest_in_force};
use super::index::LogIndex;
use super::manifest::{Manifest, hex, manifest_name};
use super::parquet_io::read_file;
use super::schema;
use super::segment::{HEADER_BYTES, Hash, Segment, SegmentHeader, segment_name, segment_seq};
use crate::error::{Error, Result};
use crate::model::Revision;

/// How often a reader reads on because the store was compacted meanwhile.
const READ_ATTEMPTS_MAX: usize = 8;
/// Segments that are asked for at once: the longest tail that is left to the end of a scan comes in two rounds.
const SEGMENTS_AT_ONCE: u64 = 128;

/// The log as far as it has been read.
#[derive(Debug, Clone)]
pub struct History {
    /// Where the objects are.
    pub backend: Arc<dyn Backend>,
    /// The store.
    pub store_id: Uuid,
    /// The newest manifest that was seen.
    pub manifest: Arc<Manifest>,
    /// Its hash; zeros for none.
    pub manifest_hash: Hash,
    /// The closings that it names.
    pub file_closings: RecordBatch,
    /// The segments after the manifest.
    pub tail: Vec<Arc<Segment>>,
    /// The log folded up to the last segment.
    pub index: Arc<LogIndex>,
    /// Seq and hash of the last segment; 0 and zeros for none.
    pub last: (u64, Hash),
    /// How far it counts, if it is a backup.
    pub point: Option<BackupPoint>,
}

/// What a refresh has found.
#[derive(Debug, Default)]
pub struct Fresh {
    /// The new segments.
    pub segments: Vec<Arc<Segment>>,
    /// Segments before these were cut down before they could be read: what was folded from segments must be made anew.
    pub restarted: bool,
}

impl History {
    /// Reads a store that is there.
    ///
    /// # Errors
    /// `NotFound` if there is none, `Corrupt` if it is damaged.
    pub async fn open(backend: Arc<dyn Backend>) -> Result<Self> {
        match Self::find(Arc::clone(&backend)).await? {
            Some(history) => Ok(history),
            None => Err(Error::not_found(format!("there is no Elava store at {}", backend.location()))
                .with_hint("make one with `elava import FILE` or `elava demo`, or name another with --store")),
        }
    }

    /// Reads a store, `None` if there is none. What does not wait for each other is asked for at once: a store is open after
    /// four rounds of requests, one more for every 128 segments of its tail after the first 128.
    ///
    /// # Errors
    /// `Corrupt` if it is damaged.
    pub async fn find(backend: Arc<dyn Backend>) -> Result<Option<Self>> {
        let mut failed: Option<(Option<u64>, Error)> = None;
        for _ in 0..READ_ATTEMPTS_MAX {
            let manifests = backend.list("manifest", "").await?;
            let (newest, point) = (manifest_in_force(&manifests), BackupPoint::newest(&manifests));
            if point == Some(BackupPoint::BEGUN) {
                let message = format!("at {} a backup or a restore was begun that is not complete", backend.location());
                return Err(Error::not_found(message).with_hint("wait for it, or run it again: it goes on where it stopped"));
            }
            match failed.take() {
                Some((known, error)) if known == newest => return Err(error),
                _ => {}
            }
            let mut history = Self { point, ..Self::unread(Arc::clone(&backend)) };
            match history.read(newest).await {
                Ok(is_there) => return Ok(is_there.then_some(history)),
                // What a manifest names may be gone because a newer one was published and swept after meanwhile.
                Err(error) => failed = Some((newest, error)),
            }
        }
        Err(too_fast())
    }

    /// Reads a manifest, if there is one, and the log after it. False if there is nothing.
    async fn read(&mut self, manifest: Option<u64>) -> Result<bool> {
        let backend = Arc::clone(&self.backend);
        let listed = match manifest {
            None => backend.list("log", "").await?,
            Some(number) => {
                let (manifest, hash) = self.read_manifest(number).await?;
                let covered = segment_name(manifest.covered_seq);
                try_join(self.adopt(Arc::new(manifest), hash), backend.list("log", &covered)).await?.1
            }
        };
        let newest = listed.iter().rev().find_map(|listed| segment_seq(&listed.name));
        let end = self.point.map_or(newest, |point| Some(point.seq)).unwrap_or(self.last.0);
        self.read_up_to(end).await?;
        Ok(end > 0)
    }

    /// A store of which nothing was read.
    pub(super) fn unread(backend: Arc<dyn Backend>) -> Self {
        Self {
            store_id: Uuid::nil(),
            manifest: Arc::new(Manifest::empty(Uuid::nil())),
            manifest_hash: [0; 32],
            file_closings: RecordBatch::new_empty(Arc::clone(&schema::CLOSINGS)),
            tail: Vec::new(),
            index: Arc::default(),
            last: (0, [0; 32]),
            point: None,
            backend,
        }
    }

    /// The newest revision.
    pub fn head(&self) -> Revision {
        self.index.head
    }

    /// Whether the tables hold something that is redacted.
    pub fn lags_redactions(&self) -> bool {
        self.index.redacted_seq() > self.manifest.covered_seq
    }

    /// Reads what is new: first segments, then a newer manifest if it covers no more than has been read.
    ///
    /// # Errors
    /// `Corrupt` if a segment or manifest is damaged or missing.
    pub async fn refresh(&mut self) -> Result<Fresh> {
        let mut fresh = Fresh::default();
        if self.point.is_some() {
            self.point = BackupPoint::newest(&self.backend.list("manifest", "").await?);
        }
        for _ in 0..READ_ATTEMPTS_MAX {
            // Asked at once, since mostly there is neither a new segment nor a new manifest.
            let (next, newest) = try_join(self.fetch(1), self.newest_manifest()).await?;
            self.read_on(next, &mut fresh).await?;
            if newest.is_none_or(|number| number <= self.manifest.number) {
                return Ok(fresh);
            }
            let Some((manifest, hash)) = self.newer_manifest().await? else { return Ok(fresh) };
            if manifest.covered_seq > self.last.0 {
                continue;
            }
            let number = manifest.number;
            match self.adopt(Arc::new(manifest), hash).await {
                Ok(()) => return Ok(fresh),
                // What it names may be gone because a newer one was published and swept after meanwhile.
                Err(error) if self.newest_manifest().await? == Some(number) => return Err(error),
                Err(_) => {}
            }
        }
        Err(too_fast())
    }

    /// The bytes of the next segments, so many of them; fewer where a backup ends.
    async fn fetch(&self, count: u64) -> Result<Vec<Option<Bytes>>> {
        let end = self.last.0.saturating_add(count).min(self.point.map_or(u64::MAX, |point| point.seq));
        let next = (self.last.0 + 1..=end).map(|seq| async move { self.backend.get(&segment_name(seq)).await });
        try_join_all(next).await
    }

    /// Reads segments up to the end of the log, those first that are fetched already. How many there are is not known: twice
    /// as many are asked for each time.
    async fn read_on(&mut self, mut fetched: Vec<Option<Bytes>>, fresh: &mut Fresh) -> Result<()> {
        let mut count = 1;
        while self.take(fetched, fresh).await? {
            count = SEGMENTS_AT_ONCE.min(count * 2);
            fetched = self.fetch(count).await?;
        }
        Ok(())
    }

    /// Reads segments up to one that is there. A missing one with others behind it is damage, not the end of the log. One that
    /// is lost after a store was opened breaks the chain for the first reader of the one after it.
    async fn read_up_to(&mut self, end: u64) -> Result<()> {
        while self.last.0 < end {
            let fetched = self.fetch(SEGMENTS_AT_ONCE.min(end - self.last.0)).await?;
            if !self.take(fetched, &mut Fresh::default()).await? {
                let missing = format!("{} is missing", segment_name(self.last.0 + 1));
                let is_listed = self.point.is_none() && self.last.0 + 1 < end;
                let message = if is_listed { format!("{missing}, but {} is there", segment_name(end)) } else { missing };
                return Err(Error::corrupt(message));
            }
        }
        Ok(())
    }

    /// Takes in the next segments, from their bytes. False if the log ends among them, or there are none.
    async fn take(&mut self, fetched: Vec<Option<Bytes>>, fresh: &mut Fresh) -> Result<bool> {
        let mut is_more = false;
        for bytes in fetched {
            let Some(bytes) = bytes else { return Ok(false) };
            let (seq, store_id) = (self.last.0 + 1, (!self.store_id.is_nil()).then_some(self.store_id));
            let header = SegmentHeader::decode(&bytes, seq, store_id)?;
            if bytes.len() == HEADER_BYTES && header.payload_bytes > 0 {
                self.jump(&header).await?;
                *fresh = Fresh { restarted: true, segments: Vec::new() };
                // What else was fetched is not what comes next.
                return Ok(true);
            }
            let segment = Arc::new(Segment::decode(&bytes, seq, store_id)?);
            self.store_id = header.store_id;
            self.push(Arc::clone(&segment))?;
            fresh.segments.push(segment);
            is_more = true;
        }
        Ok(is_more)
    }

    /// Goes on from the manifest that covers a segment of which only the header is left.
    async fn jump(&mut self, header: &SegmentHeader) -> Result<()> {
        match self.newer_manifest().await? {
            Some((manifest, hash)) if manifest.covered_seq >= header.seq => self.adopt(Arc::new(manifest), hash).await,
            _ => Err(Error::corrupt(format!(
                "{}: it was cut down to its header, but no manifest covers it (revisions {} to {})",
                segment_name(header.seq),
                header.first_revision,
                header.last_revision()
            ))),
        }
    }

    /// Takes in the segment after the last one.
    ///
    /// # Errors
    /// `Corrupt` if it does not continue the chain.
    pub fn push(&mut self, segment: Arc<Segment>) -> Result<()> {
        let header = &segment.header;
        let name = segment_name(header.seq);
        if header.previous_hash != self.last.1 {
            return Err(Error::corrupt(format!("{name}: the chain is broken, it does not follow the segment before it (byte 108)")));
        }
        if header.first_revision != self.index.head + 1 {
            let message = format!("{name}: expected it to begin with revision {}, found {}", self.index.head + 1, header.first_revision);
            return Err(Error::corrupt(message));
        }
        Arc::make_mut(&mut self.index).apply(&segment).map_err(|error| error.context(&name))?;
        self.last = (header.seq, segment.hash);
        self.tail.push(segment);
        Ok(())
    }

    /// The store as it was when the first so many segments of the tail were all there were.
    ///
    /// # Errors
    /// `Corrupt` if a segment's entries cannot be read.
    pub fn up_to(&self, segments: usize) -> Result<Self> {
        let tail: Vec<Arc<Segment>> = self.tail.iter().take(segments).map(Arc::clone).collect();
        let mut index = self.manifest.index.clone();
        for segment in &tail {
            index.apply(segment)?;
        }
        let last = tail.last().map_or(self.last, |segment| (segment.header.seq, segment.hash));
        Ok(Self { tail, index: Arc::new(index), last, ..self.clone() })
    }

    /// The newest manifest, if it is newer than the one in force.
    async fn newer_manifest(&self) -> Result<Option<(Manifest, Hash)>> {
        for _ in 0..READ_ATTEMPTS_MAX {
            let Some(number) = self.newest_manifest().await?.filter(|number| *number > self.manifest.number) else { return Ok(None) };
            match self.read_manifest(number).await {
                Ok(found) => return Ok(Some(found)),
                Err(error) if self.newest_manifest().await? == Some(number) => return Err(error),
                Err(_) => {}
            }
        }
        Err(too_fast())
    }

    /// The number of the newest manifest that is there.
    async fn newest_manifest(&self) -> Result<Option<u64>> {
        let known = if self.manifest.number == 0 { String::new() } else { manifest_name(self.manifest.number - 1) };
        let listed = self.backend.list("manifest", &known).await?;
        Ok(manifest_in_force(&listed))
    }

    async fn read_manifest(&self, number: u64) -> Result<(Manifest, Hash)> {
        let name = manifest_name(number);
        let bytes = self.backend.get(&name).await?.ok_or_else(|| Error::corrupt(format!("{name} is missing")))?;
        Manifest::decode(&bytes, number)
    }

    /// Puts a manifest in force and drops the segments that it covers from the tail.
    ///
    /// # Errors
    /// `Corrupt` if it does not fit the log.
    pub async fn adopt(&mut self, manifest: Arc<Manifest>, hash: Hash) -> Result<()> {
        if manifest.store_id != self.store_id && !self.store_id.is_nil() {
            let (name, found) = (manifest_name(manifest.number), manifest.store_id);
            return Err(Error::corrupt(format!("{name}: it belongs to another store ({found})")));
        }
        let (file_closings, covered) = try_join(self.read_closings(&manifest), self.covered_hash(&manifest)).await?;
        if covered.is_some_and(|found| hex(&found) != manifest.covered_hash) {
            let name = segment_name(manifest.covered_seq);
            return Err(Error::corrupt(format!("{name}: it is not the segment that manifest {} covers", manifest.number)));
        }
        if let Some(covered) = covered.filter(|_| self.last.0 < manifest.covered_seq) {
            self.last = (manifest.covered_seq, covered);
            self.index = Arc::new(manifest.index.clone());
        }
        self.store_id = manifest.store_id;
        self.file_closings = file_closings;
        self.tail.retain(|segment| segment.header.seq > manifest.covered_seq);
        (self.manifest, self.manifest_hash) = (manifest, hash);
        Ok(())
    }

    /// The closings that a manifest names.
    async fn read_closings(&self, manifest: &Manifest) -> Result<RecordBatch> {
        match manifest.epochs.last().and_then(|epoch| epoch.closings.as_ref()) {
            None => Ok(RecordBatch::new_empty(Arc::clone(&schema::CLOSINGS))),
            Some(file) => read_file(&*self.backend, file, &schema::CLOSINGS).await,
        }
    }

    /// The hash of the last segment that a manifest covers: in the tail, or of its header in the log; `None` if it was read
    /// before and is not in the tail.
    async fn covered_hash(&self, manifest: &Manifest) -> Result<Option<Hash>> {
        let seq = manifest.covered_seq;
        if seq <= self.last.0 {
            return Ok(self.tail.iter().find(|segment| segment.header.seq == seq).map(|segment| segment.hash));
        }
        let name = segment_name(seq);
        let start = self.backend.get_start(&name, HEADER_BYTES).await?.ok_or_else(|| Error::corrupt(format!("{name} is missing")))?;
        Ok(Some(SegmentHeader::decode(&start, seq, Some(manifest.store_id))?.hash()))
    }
}

/// Others compact, and sweep, faster than one can follow.
pub(super) fn too_fast() -> Error {
    Error::unavailable("the store is compacted faster than it can be read")
}
