//! The data files as an `object_store`, each byte checked against the manifest before a reader decodes it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::cache::BlockCache;
use super::data_file::{CHECKSUM_BLOCK_BYTES, DataFile};
use crate::error::Error;

/// Blocks with no more than this between them are read as one.
const COALESCE_BYTES: u64 = 64 * 1024;
/// Files whose ends are fetched at once.
const ENDS_AT_ONCE: usize = 32;
/// No more ends than this are fetched before they are asked for.
const ENDS_MAX: usize = 128;

/// The files of one manifest, read-only.
#[derive(Debug)]
pub struct VerifiedStore {
    inner: Arc<dyn ObjectStore>,
    files: HashMap<String, Arc<DataFile>>,
    cache: Option<Arc<BlockCache>>,
    /// Files whose ends are in the cache.
    ends: Mutex<HashSet<String>>,
}

impl VerifiedStore {
    /// The files that a manifest names, over the store that holds them.
    pub fn new(inner: Arc<dyn ObjectStore>, files: impl IntoIterator<Item = DataFile>) -> Self {
        let files = files.into_iter().map(|file| (file.name.clone(), Arc::new(file))).collect();
        Self { inner, files, cache: None, ends: Mutex::default() }
    }

    /// The same, where what was read before is kept in a cache, if there is one.
    #[must_use]
    pub fn with_cache(self, cache: Option<Arc<BlockCache>>) -> Self {
        Self { cache, ..self }
    }

    /// Gets so many bytes of the ends of files into the cache, all of them at once. Does nothing where there is none.
    pub async fn fetch_ends(&self, names: &[String], bytes: u64) {
        if self.cache.is_none() {
            return;
        }
        let mut fetches = Vec::new();
        for file in names.iter().filter_map(|name| self.files.get(name)) {
            let is_new = || self.ends.lock().unwrap_or_else(PoisonError::into_inner).insert(file.name.clone());
            if fetches.len() < ENDS_MAX && is_new() {
                let (path, end) = (Path::from(file.name.as_str()), file.bytes.saturating_sub(bytes)..file.bytes);
                // What cannot be fetched is told by the reader that needs it.
                fetches.push(async move { drop(self.fetch(&path, &[end]).await) });
            }
        }
        futures::stream::iter(fetches).buffer_unordered(ENDS_AT_ONCE).collect::<()>().await;
    }

    fn file(&self, location: &Path) -> Result<&Arc<DataFile>> {
        self.files
            .get(location.as_ref())
            .ok_or_else(|| object_store::Error::NotFound { path: location.to_string(), source: "the manifest names no such file".into() })
    }

    /// Reads ranges with the whole blocks around them, all in one request, and checks these.
    async fn fetch(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let file = self.file(location)?;
        let spans = spans(ranges, file.bytes);
        let read = match &self.cache {
            None => self.request(location, file, &spans).await?,
            Some(cache) => self.read_through(cache, location, file, &spans).await?,
        };
        let part = |range: &Range<u64>| {
            let at = spans.partition_point(|span| span.end <= range.start);
            match (spans.get(at), read.get(at)) {
                (Some(span), Some(bytes)) if range.start < range.end.min(file.bytes) => {
                    let offset = |at: u64| usize::try_from(at - span.start).unwrap_or(usize::MAX);
                    bytes.slice(offset(range.start)..offset(range.end.min(file.bytes)))
                }
                _ => Bytes::new(),
            }
        };
        Ok(ranges.iter().map(part).collect())
    }

    /// Reads spans from the store, and checks them.
    async fn request(&self, location: &Path, file: &DataFile, spans: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if spans.is_empty() {
            return Ok(Vec::new());
        }
        let read = self.inner.get_ranges(location, spans).await.map_err(|error| named(file, error))?;
        for (span, bytes) in spans.iter().zip(&read) {
            check(file, span, bytes)?;
        }
        Ok(read)
    }

    /// Reads spans from the cache, what it lacks from the store, and puts that into the cache.
    async fn read_through(
        &self,
        cache: &Arc<BlockCache>,
        location: &Path,
        file: &Arc<DataFile>,
        wanted: &[Range<u64>],
    ) -> Result<Vec<Bytes>> {
        let numbers: Vec<u64> = wanted.iter().flat_map(blocks).collect();
        let mut held = cache.read(file, numbers.clone()).await;
        let lacking: Vec<Range<u64>> = numbers.iter().filter(|block| !held.contains_key(*block)).map(|block| extent(*block)).collect();
        let lacking = spans(&lacking, file.bytes);
        let fetched = self.request(location, file, &lacking).await?;
        let fetched: Vec<(u64, Bytes)> = lacking.iter().zip(&fetched).flat_map(|(span, bytes)| cut(span, bytes)).collect();
        held.extend(fetched.iter().cloned());
        if !fetched.is_empty() {
            cache.write(file, fetched).await;
        }
        Ok(wanted.iter().map(|span| joined(span, &held)).collect())
    }

    fn refuse<T>(&self) -> Result<T> {
        Err(object_store::Error::NotSupported { source: "the data files of a store are never written through here".into() })
    }
}

/// The whole blocks that ranges of a file lie in, in order and apart.
fn spans(ranges: &[Range<u64>], file_bytes: u64) -> Vec<Range<u64>> {
    let around = |range: &Range<u64>| {
        let start = range.start / CHECKSUM_BLOCK_BYTES * CHECKSUM_BLOCK_BYTES;
        let end = range.end.min(file_bytes).div_ceil(CHECKSUM_BLOCK_BYTES) * CHECKSUM_BLOCK_BYTES;
        start..end.min(file_bytes)
    };
    let mut around: Vec<Range<u64>> = ranges.iter().map(around).filter(|span| span.start < span.end).collect();
    around.sort_unstable_by_key(|span| span.start);
    let mut spans: Vec<Range<u64>> = Vec::with_capacity(around.len());
    for span in around {
        match spans.last_mut() {
            Some(last) if span.start <= last.end + COALESCE_BYTES => last.end = last.end.max(span.end),
            _ => spans.push(span),
        }
    }
    spans
}

/// The numbers of the blocks of a span.
pub(super) fn blocks(span: &Range<u64>) -> Range<u64> {
    span.start / CHECKSUM_BLOCK_BYTES..span.end.div_ceil(CHECKSUM_BLOCK_BYTES)
}

/// Where a block is, if it is a whole one.
fn extent(block: u64) -> Range<u64> {
    block * CHECKSUM_BLOCK_BYTES..(block + 1) * CHECKSUM_BLOCK_BYTES
}

/// The blocks of a span, from its bytes.
pub(super) fn cut(span: &Range<u64>, bytes: &Bytes) -> Vec<(u64, Bytes)> {
    let offset = |at: u64| usize::try_from(at - span.start).map_or(bytes.len(), |offset| offset.min(bytes.len()));
    let block = |number| (number, bytes.slice(offset(extent(number).start)..offset(extent(number).end)));
    blocks(span).map(block).collect()
}

/// The bytes of a span, from its blocks.
pub(super) fn joined(span: &Range<u64>, held: &BTreeMap<u64, Bytes>) -> Bytes {
    let mut pieces = blocks(span).filter_map(|block| held.get(&block));
    match (pieces.next(), pieces.next()) {
        (Some(only), None) => only.clone(),
        (first, second) => {
            let mut whole = BytesMut::with_capacity(usize::try_from(span.end - span.start).unwrap_or(0));
            first.into_iter().chain(second).chain(pieces).for_each(|piece| whole.extend_from_slice(piece));
            whole.freeze()
        }
    }
}

/// Checks the blocks of a span.
fn check(file: &DataFile, span: &Range<u64>, bytes: &Bytes) -> Result<()> {
    if bytes.len() as u64 != span.end - span.start {
        return Err(damaged(file, span.start, format!("expected {} bytes, found {}", span.end - span.start, bytes.len())));
    }
    let first = usize::try_from(span.start / CHECKSUM_BLOCK_BYTES).unwrap_or(usize::MAX);
    let checksums = file.checksums.get(first..).unwrap_or_default();
    let blocks = bytes.chunks(usize::try_from(CHECKSUM_BLOCK_BYTES).unwrap_or(usize::MAX));
    for (at, block) in blocks.enumerate() {
        if checksums.get(at) != Some(&crc32fast::hash(block)) {
            let offset = span.start + at as u64 * CHECKSUM_BLOCK_BYTES;
            return Err(damaged(file, offset, "the checksum of the block does not hold".to_owned()));
        }
    }
    Ok(())
}

/// A file that is missing is one that was removed while it was still read, or one that is lost.
fn named(file: &DataFile, error: object_store::Error) -> object_store::Error {
    if !matches!(error, object_store::Error::NotFound { .. }) {
        return error;
    }
    // Readers of Parquet make text of errors: what is to be done has to be in the message.
    let message = format!(
        "{} is missing: run it again, since the tables are others by now; if it stays, `elava verify` tells what is lost",
        file.name
    );
    let missing = Error::corrupt(message);
    object_store::Error::Generic { store: "elava", source: Box::new(missing) }
}

fn damaged(file: &DataFile, offset: u64, what: String) -> object_store::Error {
    let error = Error::corrupt(format!("{}: {what} at byte {offset}", file.name));
    object_store::Error::Generic { store: "elava", source: Box::new(error) }
}

impl fmt::Display for VerifiedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "elava({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for VerifiedStore {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        self.refuse()
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.refuse()
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let file = self.file(location)?;
        let range = match &options.range {
            None => 0..file.bytes,
            Some(range) => {
                range.as_range(file.bytes).map_err(|error| object_store::Error::Generic { store: "elava", source: Box::new(error) })?
            }
        };
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size: file.bytes,
            e_tag: None,
            version: None,
        };
        let bytes = match options.head {
            true => Bytes::new(),
            false => self.fetch(location, std::slice::from_ref(&range)).await?.pop().unwrap_or_default(),
        };
        let payload = GetResultPayload::Stream(futures::stream::once(async move { Ok(bytes) }).boxed());
        Ok(GetResult { payload, meta, range, attributes: Attributes::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.fetch(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        locations
            .map(|_| Err(object_store::Error::NotSupported { source: "the data files of a store are never deleted through here".into() }))
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        self.refuse()
    }
}
