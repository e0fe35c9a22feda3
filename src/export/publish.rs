//! A folder in the making, which takes its name when it is whole and on disk.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// A folder beside the target. Dropped before it is published, it is removed.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    target: PathBuf,
    published: bool,
}

impl Staging {
    /// Makes it.
    ///
    /// # Errors
    /// `Conflict` if the target holds something.
    pub(super) fn new(target: &Path) -> Result<Self> {
        let target = std::path::absolute(target).map_err(|error| refused("name", target, error))?;
        match fs::read_dir(&target) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(taken(&target));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(Error::invalid(format!("{} is a file, and an export makes a folder", target.display())));
            }
            Err(error) => return Err(refused("read", &target, error)),
        }
        let name = target.file_name().ok_or_else(|| Error::invalid(format!("{} is no name of a folder", target.display())))?;
        let folder = target.with_file_name(format!(".{}.{}", name.to_string_lossy(), uuid::Uuid::new_v4().simple()));
        make_folder(&folder)?;
        Ok(Self { folder, target, published: false })
    }

    /// Makes a file in a folder of folders.
    pub(super) fn create(&self, folders: &Path, extension: &str) -> Result<(PathBuf, File)> {
        let folder = self.folder.join(folders);
        make_folder(&folder)?;
        let path = folder.join(format!("part-0.{extension}"));
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(|error| refused("create", &path, error))?;
        Ok((path, file))
    }

    /// Makes a file durable and tells its size.
    pub(super) fn sync(&self, path: &Path, file: &File) -> Result<u64> {
        file.sync_all().and_then(|()| file.metadata()).map(|metadata| metadata.len()).map_err(|error| refused("write", path, error))
    }

    /// Gives the folder its name.
    pub(super) fn publish(mut self) -> Result<()> {
        sync_folders(&self.folder)?;
        match fs::rename(&self.folder, &self.target) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) => {
                return Err(taken(&self.target));
            }
            Err(error) => return Err(refused("write", &self.target, error)),
        }
        self.published = true;
        self.target.parent().map_or(Ok(()), sync_folder)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn taken(target: &Path) -> Error {
    Error::new(ErrorKind::Conflict, format!("{} is not empty", target.display()))
        .with_hint("an export makes a folder of its own; name one that is not there")
}

/// What is exported is as private as the store that it comes from.
fn make_folder(folder: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| refused("create", folder, error))
}

/// Syncs a folder and those in it, innermost first.
fn sync_folders(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|error| refused("read", folder, error))? {
        let path = entry.map_err(|error| refused("read", folder, error))?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| refused("sync", folder, error))
}

fn refused(verb: &str, path: &Path, error: io::Error) -> Error {
    Error::unavailable(format!("{verb} {}", path.display())).with_source(error)
}
