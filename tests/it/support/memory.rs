//! Objects in memory, as the store and DataFusion read them, and as large ones are put together.

use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use elava::store::Staged;
use elava::{Error, Result};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

/// Where the objects are.
#[async_trait]
pub trait Memory: Clone + Debug + Send + Sync + 'static {
    /// Whether there is no room for what is written to a large object.
    fn is_full(&self) -> bool;

    /// A data file, `None` if there is none.
    async fn read(&self, name: &str) -> Result<Option<Bytes>>;

    /// Gives a large object its name.
    async fn publish(&self, name: &str, bytes: Bytes) -> Result<()>;
}

pub fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

/// A large object in the making.
pub struct StagedBytes<M> {
    memory: M,
    bytes: Vec<u8>,
}

impl<M: Memory> StagedBytes<M> {
    pub fn new(memory: M) -> Box<Self> {
        Box::new(Self { memory, bytes: Vec::new() })
    }
}

impl<M: Memory> Write for StagedBytes<M> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.memory.is_full() {
            return Err(full());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[async_trait]
impl<M: Memory> Staged for StagedBytes<M> {
    async fn publish(self: Box<Self>, name: &str) -> Result<()> {
        self.memory.publish(name, self.bytes.into()).await
    }
}

/// The data files, which are only read through here.
#[derive(Debug)]
pub struct Objects<M>(pub M);

type Read<T> = object_store::Result<T>;

impl<M: Memory> fmt::Display for Objects<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")
    }
}

fn failed(error: Error) -> object_store::Error {
    object_store::Error::Generic { store: "memory", source: Box::new(error) }
}

fn never<T>() -> Read<T> {
    Err(object_store::Error::NotSupported { source: "only read through here".into() })
}

#[async_trait]
impl<M: Memory> ObjectStore for Objects<M> {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Read<GetResult> {
        let name = location.to_string();
        let Some(bytes) = self.0.read(&name).await.map_err(failed)? else {
            return Err(object_store::Error::NotFound { path: name, source: "no such object".into() });
        };
        let size = bytes.len() as u64;
        let range: Range<u64> = match &options.range {
            None => 0..size,
            Some(range) => range.as_range(size).map_err(|error| failed(Error::internal(error.to_string())))?,
        };
        let part = bytes.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        let last_modified = chrono::DateTime::UNIX_EPOCH;
        let meta = ObjectMeta { location: location.clone(), last_modified, size, e_tag: None, version: None };
        let payload = GetResultPayload::Stream(futures::stream::once(async move { Ok(part) }).boxed());
        Ok(GetResult { payload, meta, range, attributes: Attributes::default() })
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Read<PutResult> {
        never()
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Read<Box<dyn MultipartUpload>> {
        never()
    }

    fn delete_stream(&self, locations: BoxStream<'static, Read<Path>>) -> BoxStream<'static, Read<Path>> {
        locations.map(|_| never()).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Read<ObjectMeta>> {
        futures::stream::once(async { never() }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Read<ListResult> {
        never()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Read<()> {
        never()
    }
}
