//! The log as far as it has been read: the newest manifest, the segments after it, and their fold.

use std::sync::Arc;

use arrow::array::RecordBatch;
use uuid::Uuid;

use super::backend::Backend;
use super::backup_point::{BackupPoint, manifest_in_force};
use super::index::LogIndex;
use super::manifest::{Manifest, hex, manifest_name};
use super::parquet_io::read_file;
use super::schema;
use super::segment::{HEADER_BYTES, Hash, Segment, SegmentHeader, segment_name};
use crate::error::{Error, Result};
use crate::model::Revision;

/// How often a reader reads on because the store was compacted meanwhile.
const READ_ATTEMPTS_MAX: usize = 8;

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

    /// Reads a store, `None` if there is none.
    ///
    /// # Errors
    /// `Corrupt` if it is damaged.
    pub async fn find(backend: Arc<dyn Backend>) -> Result<Option<Self>> {
        let manifests = backend.list("manifest", "").await?;
        let (newest, point) = (manifest_in_force(&manifests), BackupPoint::newest(&manifests));
        if point == Some(BackupPoint::BEGUN) {
            let message = format!("at {} a backup or a restore was begun that is not complete", backend.location());
            return Err(Error::not_found(message).with_hint("wait for it, or run it again: it goes on where it stopped"));
        }
        let first = match newest {
            Some(_) => None,
            None => match backend.get(&segment_name(1)).await? {
                None => return no_store(backend).await,
                Some(bytes) => Some(SegmentHeader::decode(&bytes, 1, None)?),
            },
        };
        let mut history = Self::unread(backend);
        if let Some(first) = first {
            history.store_id = first.store_id;
        }
        history.point = point;
        if newest.is_some() {
            history.adopt_newest().await?;
        }
        history.refresh().await?;
        history.check_gap().await?;
        Ok(Some(history))
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
            self.read_segments(&mut fresh).await?;
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
        Err(Error::unavailable("the store is compacted faster than it can be read"))
    }

    /// Puts the newest manifest in force. What it names may be gone if a newer one was published and swept after meanwhile.
    async fn adopt_newest(&mut self) -> Result<()> {
        let mut failed: Option<(u64, Error)> = None;
        for _ in 0..READ_ATTEMPTS_MAX {
            let newest = self.newest_manifest().await?.unwrap_or_default();
            match failed.take() {
                Some((number, error)) if number == newest => return Err(error),
                _ => {}
            }
            let outcome = match self.read_manifest(newest).await {
                Ok((manifest, hash)) => self.adopt(Arc::new(manifest), hash).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(error) => failed = Some((newest, error)),
            }
        }
        Err(Error::unavailable("the store is compacted faster than it can be read"))
    }

    /// Reads segments up to the end of the log.
    async fn read_segments(&mut self, fresh: &mut Fresh) -> Result<()> {
        loop {
            let seq = self.last.0 + 1;
            if self.point.is_some_and(|point| seq > point.seq) {
                return Ok(());
            }
            let Some(bytes) = self.backend.get(&segment_name(seq)).await? else { return Ok(()) };
            let header = SegmentHeader::decode(&bytes, seq, Some(self.store_id))?;
            if bytes.len() == HEADER_BYTES && header.payload_bytes > 0 {
                self.jump(&header).await?;
                *fresh = Fresh { restarted: true, segments: Vec::new() };
                continue;
            }
            let segment = Arc::new(Segment::decode(&bytes, seq, Some(self.store_id))?);
            self.push(Arc::clone(&segment))?;
            fresh.segments.push(segment);
        }
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
        Err(Error::unavailable("the store is compacted faster than it can be read"))
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
        let closings = manifest.epochs.last().and_then(|epoch| epoch.closings.as_ref());
        let file_closings = match closings {
            None => RecordBatch::new_empty(Arc::clone(&schema::CLOSINGS)),
            Some(file) => read_file(&*self.backend, file, &schema::CLOSINGS).await?,
        };
        if manifest.store_id != self.store_id && !self.store_id.is_nil() {
            let (name, found) = (manifest_name(manifest.number), manifest.store_id);
            return Err(Error::corrupt(format!("{name}: it belongs to another store ({found})")));
        }
        let name = segment_name(manifest.covered_seq);
        if let Some(covered) = self.tail.iter().find(|segment| segment.header.seq == manifest.covered_seq)
            && hex(&covered.hash) != manifest.covered_hash
        {
            return Err(Error::corrupt(format!("{name}: it is not the segment that manifest {} covers", manifest.number)));
        }
        if self.last.0 < manifest.covered_seq {
            let bytes = self.backend.get(&name).await?.ok_or_else(|| Error::corrupt(format!("{name} is missing")))?;
            let found = SegmentHeader::decode(&bytes, manifest.covered_seq, Some(manifest.store_id))?.hash();
            if hex(&found) != manifest.covered_hash {
                return Err(Error::corrupt(format!("{name}: it is not the segment that manifest {} covers", manifest.number)));
            }
            self.last = (manifest.covered_seq, found);
            self.index = Arc::new(manifest.index.clone());
        }
        self.store_id = manifest.store_id;
        self.file_closings = file_closings;
        self.tail.retain(|segment| segment.header.seq > manifest.covered_seq);
        (self.manifest, self.manifest_hash) = (manifest, hash);
        Ok(())
    }

    /// A missing segment with others behind it is damage, not the end of the log. Looked at when a store is opened: it takes a
    /// listing of the log. A segment that is lost later breaks the chain for the first reader of the one after it.
    async fn check_gap(&self) -> Result<()> {
        let name = segment_name(self.last.0 + 1);
        if let Some(point) = self.point {
            return if self.last.0 == point.seq { Ok(()) } else { Err(Error::corrupt(format!("{name} is missing"))) };
        }
        match self.backend.list("log", &name).await?.last() {
            Some(newest) if self.backend.get(&name).await?.is_none() => {
                Err(Error::corrupt(format!("{name} is missing, but {} is there", newest.name)))
            }
            _ => Ok(()),
        }
    }
}

/// Where neither manifest nor first segment is: no store, or one that lost its beginning.
async fn no_store(backend: Arc<dyn Backend>) -> Result<Option<History>> {
    match backend.list("log", "").await?.first() {
        None => Ok(None),
        // Another process has made the store since its first segment was asked for.
        Some(found) if found.name == segment_name(1) => Box::pin(History::find(backend)).await,
        Some(found) => Err(Error::corrupt(format!("{} is missing, but {} is there", segment_name(1), found.name))),
    }
}
