//! A large object in the making: in memory while it is small, then in a temporary file on this machine. Its name is made from
//! its content, so the upload begins when all of it is there; what does not fit into one request goes up in parts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use futures::stream::FuturesUnordered;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};
use tracing::warn;
use uuid::Uuid;

use super::outcome;
use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::Staged;

/// So much is held in memory and goes up in one request; what is larger goes up in parts of this size.
const PART_BYTES: usize = 8 << 20;
/// An upload has no more parts than this.
const PARTS_MAX: u64 = 10_000;
/// Parts that are sent at once.
const PARTS_AT_ONCE: usize = 4;

pub(super) struct StagedObject {
    objects: Arc<dyn ObjectStore>,
    location: String,
    folder: PathBuf,
    /// What is not in the file yet.
    memory: Vec<u8>,
    file: Option<File>,
    file_bytes: u64,
}

impl StagedObject {
    pub(super) fn new(objects: Arc<dyn ObjectStore>, location: String, folder: PathBuf) -> Self {
        Self { objects, location, folder, memory: Vec::new(), file: None, file_bytes: 0 }
    }

    /// Writes what is in memory to the file.
    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(temporary(&self.folder)?),
        };
        file.write_all(&self.memory)?;
        self.file_bytes += self.memory.len() as u64;
        self.memory.clear();
        Ok(())
    }
}

/// A file without a name, which is gone with the process.
fn temporary(folder: &std::path::Path) -> io::Result<File> {
    let path = folder.join(format!("elava-{}", Uuid::new_v4().simple()));
    let opened = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
    let file = opened.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    fs::remove_file(&path)?;
    Ok(file)
}

impl Write for StagedObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.memory.len() + bytes.len() > PART_BYTES {
            self.spill()?;
        }
        self.memory.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Staged for StagedObject {
    /// Overwrites what is there: it has the same bytes, and is as young as new afterwards to those who remove what is old and
    /// named by nobody.
    async fn publish(mut self: Box<Self>, name: &str) -> Result<()> {
        let path = Path::from(name);
        let doing = format!("cannot upload {name} to {}", self.location);
        let told = |error| outcome::told(ErrorKind::Unavailable, &doing, &error);
        if self.file.is_some() {
            self.spill().map_err(|error| unreadable(&doing, error))?;
        }
        let Some(mut file) = self.file.take() else {
            return self.objects.put(&path, std::mem::take(&mut self.memory).into()).await.map(drop).map_err(told);
        };
        let part_bytes = self.file_bytes.div_ceil(PARTS_MAX).max(PART_BYTES as u64);
        let mut upload = self.objects.put_multipart(&path).await.map_err(told)?;
        let sent = match send(&mut *upload, &mut file, part_bytes, &doing).await {
            Ok(()) => upload.complete().await.map(drop).map_err(told),
            Err(error) => Err(error),
        };
        if sent.is_err()
            && let Err(error) = upload.abort().await
        {
            warn!(%error, "parts of an upload that failed may stay in the bucket, where a lifecycle rule removes them");
        }
        sent
    }
}

/// Sends a file in parts.
async fn send(upload: &mut dyn MultipartUpload, file: &mut File, part_bytes: u64, doing: &str) -> Result<()> {
    let told = |error| outcome::told(ErrorKind::Unavailable, doing, &error);
    file.rewind().map_err(|error| unreadable(doing, error))?;
    let mut parts = FuturesUnordered::new();
    loop {
        let mut part = Vec::new();
        Read::by_ref(file).take(part_bytes).read_to_end(&mut part).map_err(|error| unreadable(doing, error))?;
        if part.is_empty() {
            break;
        }
        while parts.len() >= PARTS_AT_ONCE {
            parts.try_next().await.map_err(told)?;
        }
        parts.push(upload.put_part(part.into()));
    }
    while parts.try_next().await.map_err(told)?.is_some() {}
    Ok(())
}

fn unreadable(doing: &str, error: io::Error) -> Error {
    Error::unavailable(format!("{doing}: the temporary file")).with_source(error)
}
