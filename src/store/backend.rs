//! The small trait through which all storage is reached.
//!
//! Names are relative paths of `[a-z0-9._-]` parts separated by `/`. Nothing is ever altered in place: objects are created
//! once, replaced whole (only to cut a segment down to its header) or deleted.

use std::fmt::Debug;
use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::ObjectStore;

use super::cache::BlockCache;
use crate::error::Result;

/// How a create ended. The third way, unknown, is an error of kind `Uncertain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The object is there, durable, and it is ours.
    Done,
    /// There was an object of that name before, and it is durable: nothing was written.
    Exists,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The whole name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Seconds since it was written, by the storage's own clock.
    pub age_seconds: u64,
}

/// A large object in the making: written as a stream, then published under a name at once.
#[async_trait]
pub trait Staged: Write + Send {
    /// Makes the object durable under a name that is made from its content. Where there is one of that name, it has these very
    /// bytes: it is kept, or written over with them.
    ///
    /// # Errors
    /// `Unavailable`, `Uncertain`: it may be there, and may be published again.
    async fn publish(self: Box<Self>, name: &str) -> Result<()>;
}

/// Where a store's objects are.
#[async_trait]
pub trait Backend: Debug + Send + Sync {
    /// Creates an object durably, if there is none of that name.
    ///
    /// # Errors
    /// `Unavailable`: nothing was written. `Uncertain`: it may have been; read the name to know.
    async fn create(&self, name: &str, bytes: Bytes) -> Result<Created>;

    /// Begins a large object.
    ///
    /// # Errors
    /// `Unavailable`.
    fn stage(&self) -> Result<Box<dyn Staged>>;

    /// Replaces an object whole; a reader sees the old or the new one, and the name is never free.
    ///
    /// # Errors
    /// `Unavailable`; the object is the old or the new one.
    async fn replace(&self, name: &str, bytes: Bytes) -> Result<()>;

    /// Reads a whole object, `None` if there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn get(&self, name: &str) -> Result<Option<Bytes>>;

    /// Reads the first bytes of an object, fewer if it has fewer; `None` if there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn get_start(&self, name: &str, bytes: usize) -> Result<Option<Bytes>> {
        Ok(self.get(name).await?.map(|whole| whole.slice(..whole.len().min(bytes))))
    }

    /// The objects of a folder whose names come after another (`""`: all), sorted by name. Takes time for those only.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self, folder: &str, after: &str) -> Result<Vec<Listed>>;

    /// Deletes an object; one that is not there is no error.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn delete(&self, name: &str) -> Result<()>;

    /// Gets the place ready for writing: makes it, proves that create-if-absent is exclusive and sweeps what crashed
    /// writers left.
    ///
    /// # Errors
    /// `Unavailable` if the place cannot be written or does not keep creates exclusive.
    async fn prepare(&self) -> Result<()>;

    /// Makes durable what a listing of a folder shows: another process may have stopped between giving an object its
    /// name and making the name durable. Call it before something is written elsewhere that needs those objects.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn settle(&self, folder: &str) -> Result<()> {
        let _ = folder;
        Ok(())
    }

    /// Waits before an outcome that is unknown is looked into once more, the longer the more often that was done. Not at all
    /// where there is no network in between that may have to recover.
    async fn back_off(&self, attempt: usize) {
        let _ = attempt;
    }

    /// The same objects for DataFusion to read.
    fn object_store(&self) -> Arc<dyn ObjectStore>;

    /// How many reads are worth making at once: more than one where each crosses a network.
    fn reads_at_once(&self) -> usize {
        1
    }

    /// Where blocks of data files that were read are kept nearer than the store is. None where nothing is gained by it.
    fn cache(&self) -> Option<Arc<BlockCache>> {
        None
    }

    /// The place, for people.
    fn location(&self) -> String;
}
