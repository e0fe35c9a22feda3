//! The data files as an `object_store`, each byte checked against the manifest before a reader decodes it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::data_file::{CHECKSUM_BLOCK_BYTES, DataFile};
use crate::error::Error;

/// Ranges with less than this between them are read at once.
const COALESCE_BYTES: u64 = 64 * 1024;

/// The files of one manifest, read-only.
#[derive(Debug)]
pub struct VerifiedStore {
    inner: Arc<dyn ObjectStore>,
    files: HashMap<String, DataFile>,
}

impl VerifiedStore {
    /// The files that a manifest names, over the store that holds them.
    pub fn new(inner: Arc<dyn ObjectStore>, files: impl IntoIterator<Item = DataFile>) -> Self {
        Self { inner, files: files.into_iter().map(|file| (file.name.clone(), file)).collect() }
    }

    fn file(&self, location: &Path) -> Result<&DataFile> {
        self.files
            .get(location.as_ref())
            .ok_or_else(|| object_store::Error::NotFound { path: location.to_string(), source: "the manifest names no such file".into() })
    }

    /// Reads whole blocks around a range and checks them.
    async fn fetch(&self, location: &Path, range: Range<u64>) -> Result<Bytes> {
        let file = self.file(location)?;
        let end = range.end.min(file.bytes);
        let start = range.start.min(end);
        if start == end {
            return Ok(Bytes::new());
        }
        let first_block = start / CHECKSUM_BLOCK_BYTES;
        let block_end = end.div_ceil(CHECKSUM_BLOCK_BYTES) * CHECKSUM_BLOCK_BYTES;
        let read_from = first_block * CHECKSUM_BLOCK_BYTES;
        let read_to = block_end.min(file.bytes);
        let bytes = self.inner.get_range(location, read_from..read_to).await?;
        if bytes.len() as u64 != read_to - read_from {
            return Err(damaged(file, read_from, format!("expected {} bytes, found {}", read_to - read_from, bytes.len())));
        }
        let blocks = file.checksums.get(usize::try_from(first_block).unwrap_or(usize::MAX)..).unwrap_or_default();
        let chunks = bytes.chunks(usize::try_from(CHECKSUM_BLOCK_BYTES).unwrap_or(usize::MAX));
        for (at, chunk) in chunks.enumerate() {
            if blocks.get(at) != Some(&crc32fast::hash(chunk)) {
                let offset = read_from + at as u64 * CHECKSUM_BLOCK_BYTES;
                return Err(damaged(file, offset, "the checksum of the block does not hold".to_owned()));
            }
        }
        let offset = |at: u64| usize::try_from(at - read_from).unwrap_or(usize::MAX);
        Ok(bytes.slice(offset(start)..offset(end)))
    }

    fn refuse<T>(&self) -> Result<T> {
        Err(object_store::Error::NotSupported { source: "the data files of a store are never written through here".into() })
    }
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
        let bytes = if options.head { Bytes::new() } else { self.fetch(location, range.clone()).await? };
        let payload = GetResultPayload::Stream(futures::stream::once(async move { Ok(bytes) }).boxed());
        Ok(GetResult { payload, meta, range, attributes: Attributes::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        object_store::coalesce_ranges(ranges, |range| self.fetch(location, range), COALESCE_BYTES).await
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
