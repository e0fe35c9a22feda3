//! A store on a local disk.
//!
//! `object_store`'s own local file system never syncs, so writes are made here: write to a temporary name, sync the
//! file, link it to its final name (which fails if that exists), sync the folder. A crash at any instant leaves the
//! whole object or none, and a temporary file that the next writer sweeps.
//!
//! A name that is found taken is synced too: whoever gave it may have stopped before that, and what is built on it must
//! not outlive it. For the same reason all folders are made and synced when a store is opened for writing, whoever made
//! them.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use uuid::Uuid;

use super::backend::{Backend, Created, Listed, Staged};
use super::files::{Files, NewFile, SystemFiles};
use crate::error::{Error, ErrorKind, Result};

/// Folder of files that are being written.
const STAGING: &str = "tmp";
/// Folders of objects.
const FOLDERS: [&str; 6] = ["log", "manifest", "versions", "closings", "observations", "entries"];
/// A temporary file this old belongs to no living writer.
const STAGING_AGE_MAX_SECONDS: u64 = 24 * 3600;
/// A large object is synced as it grows, so that the last sync is short.
const STAGED_BUFFER_BYTES: usize = 1 << 20;

/// A store in a folder. The folder is private to its owner.
#[derive(Debug)]
pub struct LocalBackend {
    root: PathBuf,
    files: Arc<dyn Files>,
    prepared: AtomicBool,
}

impl LocalBackend {
    /// A store in a folder, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::with_files(root, Arc::new(SystemFiles))
    }

    /// As [`LocalBackend::new`], with other file operations.
    pub fn with_files(root: impl Into<PathBuf>, files: Arc<dyn Files>) -> Self {
        Self { root: root.into(), files, prepared: AtomicBool::new(false) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn temporary(&self) -> PathBuf {
        self.root.join(STAGING).join(Uuid::new_v4().simple().to_string())
    }

    fn write_temporary(&self, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.temporary();
        let written = self.files.create(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync()
        });
        written.map_err(|error| {
            let _ = self.files.remove(&path);
            refused("write", &path, error)
        })?;
        Ok(path)
    }

    fn publish(&self, from: &Path, name: &str) -> Result<Created> {
        publish(&*self.files, &self.root, from, name)
    }

    /// Checks that a second create of a name fails: some network and user-space file systems do not keep that.
    fn probe(&self) -> Result<()> {
        let name = format!("{STAGING}/probe-{}", Uuid::new_v4().simple());
        let first = self.write_temporary(b"1").and_then(|from| self.publish(&from, &name));
        let second = self.write_temporary(b"2").and_then(|from| self.publish(&from, &name));
        let found = fs::read(self.path(&name));
        let _ = self.files.remove(&self.path(&name));
        match (first?, second?, found) {
            (Created::Done, Created::Exists, Ok(bytes)) if bytes == b"1" => Ok(()),
            outcome => Err(Error::unavailable(format!(
                "the file system of {} does not keep creates exclusive ({outcome:?}); a store there could lose data",
                self.root.display()
            ))
            .with_hint("use a folder on a local disk")),
        }
    }

    fn sweep(&self) -> Result<()> {
        for listed in list_folder(&self.root, STAGING, "")? {
            if listed.age_seconds >= STAGING_AGE_MAX_SECONDS {
                let _ = self.files.remove(&self.path(&listed.name));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Backend for LocalBackend {
    async fn create(&self, name: &str, bytes: Bytes) -> Result<Created> {
        let from = self.write_temporary(&bytes)?;
        self.publish(&from, name)
    }

    fn stage(&self) -> Result<Box<dyn Staged>> {
        let path = self.temporary();
        let file = self.files.create(&path).map_err(|error| refused("create", &path, error))?;
        let file = Some(io::BufWriter::with_capacity(STAGED_BUFFER_BYTES, file));
        Ok(Box::new(StagedFile { root: self.root.clone(), files: Arc::clone(&self.files), path, file, linked: false }))
    }

    async fn replace(&self, name: &str, bytes: Bytes) -> Result<()> {
        let from = self.write_temporary(&bytes)?;
        let to = self.path(name);
        self.files.rename(&from, &to).map_err(|error| {
            let _ = self.files.remove(&from);
            refused("replace", &to, error)
        })?;
        sync_parent(&*self.files, &to).map_err(|error| refused("sync", &to, error))
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused("read", &self.path(name), error)),
        }
    }

    async fn get_start(&self, name: &str, bytes: usize) -> Result<Option<Bytes>> {
        let mut start = Vec::with_capacity(bytes);
        match File::open(self.path(name)).and_then(|file| file.take(bytes as u64).read_to_end(&mut start)) {
            Ok(_) => Ok(Some(start.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused("read", &self.path(name), error)),
        }
    }

    async fn list(&self, folder: &str, after: &str) -> Result<Vec<Listed>> {
        list_folder(&self.root, folder, after)
    }

    async fn delete(&self, name: &str) -> Result<()> {
        match self.files.remove(&self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused("delete", &self.path(name), error)),
            _ => Ok(()),
        }
    }

    async fn prepare(&self) -> Result<()> {
        if self.prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        for name in FOLDERS.into_iter().chain([STAGING]) {
            let folder = self.path(name);
            make_folder(&*self.files, &folder).map_err(|error| refused("make", &folder, error))?;
        }
        self.files.sync_folder(&self.root).map_err(|error| refused("sync", &self.root, error))?;
        match sync_parent(&*self.files, &self.root) {
            // A folder that we may not even list was not made by one of us.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(refused("sync the folder of", &self.root, error)),
            _ => {}
        }
        self.probe()?;
        self.sweep()?;
        self.prepared.store(true, Ordering::Release);
        Ok(())
    }

    async fn settle(&self, folder: &str) -> Result<()> {
        let folder = self.path(folder);
        self.files.sync_folder(&folder).map_err(|error| refused("sync", &folder, error))
    }

    fn object_store(&self) -> Arc<dyn ObjectStore> {
        match LocalFileSystem::new_with_prefix(&self.root) {
            Ok(store) => Arc::new(store),
            Err(_) => Arc::new(object_store::memory::InMemory::new()),
        }
    }

    fn location(&self) -> String {
        self.root.display().to_string()
    }
}

/// A temporary file that becomes an object when it is published, and goes away when it is not.
struct StagedFile {
    root: PathBuf,
    files: Arc<dyn Files>,
    path: PathBuf,
    file: Option<io::BufWriter<Box<dyn NewFile>>>,
    linked: bool,
}

impl StagedFile {
    fn open_file(&mut self) -> io::Result<&mut io::BufWriter<Box<dyn NewFile>>> {
        self.file.as_mut().ok_or_else(|| io::Error::other("written after it was published"))
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open_file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open_file()?.flush()
    }
}

#[async_trait]
impl Staged for StagedFile {
    async fn publish(mut self: Box<Self>, name: &str) -> Result<()> {
        let file = self.file.take().ok_or_else(|| Error::internal("published twice"))?;
        let synced = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|mut file| file.sync());
        synced.map_err(|error| refused("write", &self.path, error))?;
        self.linked = true;
        publish(&*self.files, &self.root, &self.path, name)?;
        Ok(())
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.linked {
            let _ = self.files.remove(&self.path);
        }
    }
}

/// Links a synced temporary file to its final name, syncs the folder, and removes the temporary name.
fn publish(files: &dyn Files, root: &Path, from: &Path, name: &str) -> Result<Created> {
    let to = root.join(name);
    let linked = match files.link(from, &to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            to.parent().map_or(Ok(()), |folder| make_folder(files, folder)).and_then(|()| files.link(from, &to))
        }
        linked => linked,
    };
    let _ = files.remove(from);
    let created = match linked {
        Ok(()) => Created::Done,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Created::Exists,
        Err(error) => return Err(refused("create", &to, error)),
    };
    match sync_parent(files, &to) {
        Ok(()) => Ok(created),
        Err(error) => {
            let message = format!("{} is there, but its folder could not be synced", to.display());
            Err(Error::new(ErrorKind::Uncertain, message).with_source(error))
        }
    }
}

/// Makes a folder and its parents, and syncs each into its own parent.
fn make_folder(files: &dyn Files, path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(files, parent)?;
    }
    match files.make_folder(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_parent(files, path),
    }
}

/// Syncs the folder that a path is in.
fn sync_parent(files: &dyn Files, path: &Path) -> io::Result<()> {
    files.sync_folder(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

fn list_folder(root: &Path, folder: &str, after: &str) -> Result<Vec<Listed>> {
    let path = root.join(folder);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(refused("list", &path, error)),
    };
    let now = SystemTime::now();
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| refused("list", &path, error))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let name = format!("{folder}/{name}");
        if *name <= *after {
            continue;
        }
        let metadata = match entry.metadata() {
            Ok(metadata) if metadata.is_file() => metadata,
            _ => continue,
        };
        let age = metadata.modified().ok().and_then(|modified| now.duration_since(modified).ok());
        found.push(Listed { name, bytes: metadata.len(), age_seconds: age.map_or(0, |age| age.as_secs()) });
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

fn refused(verb: &str, path: &Path, error: io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => Some("the disk is full: nothing was lost, free some space and try again"),
        io::ErrorKind::QuotaExceeded => Some("the disk quota is used up: nothing was lost, free some space and try again"),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            Some("nothing was lost; reading a store needs no right to write")
        }
        _ => None,
    };
    let error = Error::unavailable(format!("cannot {verb} {}", path.display())).with_source(error);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
