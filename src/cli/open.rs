//! Opening the store that the settings name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bucket;
use super::resolve::{Place, Settings};
use crate::clock::SystemClock;
use crate::error::{Error, Result};
use crate::query::{HistorySource, QuerySession, SessionOptions};
use crate::store::{Backend, LocalBackend, Snapshot, Store, StoreSettings, Writer};

/// The folder of the store, `None` if it is in a bucket.
///
/// # Errors
/// `Invalid` if the settings name no path.
pub fn folder(settings: &Settings) -> Result<Option<PathBuf>> {
    let Place::Folder(path) = &settings.store.value else { return Ok(None) };
    let absolute = std::path::absolute(path);
    absolute.map(Some).map_err(|error| Error::invalid(format!("{path:?} is no path ({})", settings.store.origin)).with_source(error))
}

/// Where the store is, for people.
///
/// # Errors
/// As [`folder`].
pub fn location(settings: &Settings) -> Result<String> {
    Ok(folder(settings)?.map_or_else(|| settings.store.value.to_string(), |folder| folder.display().to_string()))
}

/// The place of the store, whether or not there is one.
///
/// # Errors
/// `Invalid` if the settings name a file, or a bucket that cannot be reached as they say.
pub async fn backend(settings: &Settings) -> Result<Arc<dyn Backend>> {
    if let Place::Bucket(url) = &settings.store.value {
        return Ok(Arc::new(bucket::backend(url, &settings.storage, &settings.cache).await?));
    }
    match folder(settings)?.unwrap_or_default() {
        file if file.is_file() => Err(Error::invalid(format!("a store is a folder, and {} is a file", file.display()))),
        folder => Ok(Arc::new(LocalBackend::new(folder))),
    }
}

/// Opens the store for reading.
///
/// # Errors
/// `NotFound` if there is none, `Corrupt`, `Unsupported`.
pub async fn reader(settings: &Settings) -> Result<Store> {
    Store::open(backend(settings).await?).await
}

/// Opens the store for writing, and makes it if it is not there. What the settings file says of types, tag
/// columns, the guard and retention is written into the log, where it differs from what the store knows.
///
/// # Errors
/// `Unavailable` if it cannot be written, `Corrupt`, `Unsupported`.
pub async fn writer(settings: &Settings) -> Result<Writer> {
    let writer = Writer::open(backend(settings).await?, Arc::new(SystemClock)).await?;
    let known = writer.history().await?.index.settings.clone();
    let wanted = StoreSettings {
        types: settings.file.rules(known.types.clone()),
        tag_columns: settings.file.tag_columns.clone().unwrap_or_else(|| known.tag_columns.clone()),
        guard: settings.file.guard.over(&known.guard),
        retention: settings.file.retention.over(known.retention),
        ..known.clone()
    };
    if wanted != known {
        writer.change_settings(wanted).await?;
    }
    Ok(writer)
}

/// A session of SQL over a snapshot.
///
/// # Errors
/// As [`QuerySession::new`].
pub fn session(settings: &Settings, snapshot: &Arc<Snapshot>, as_of: Option<String>) -> Result<QuerySession> {
    let options = SessionOptions {
        memory_limit_bytes: usize::try_from(settings.memory_limit.value.bytes()).unwrap_or(usize::MAX),
        as_of,
        forbidden_folder: folder(settings)?,
        ..SessionOptions::default()
    };
    let source: Arc<dyn HistorySource> = Arc::<Snapshot>::clone(snapshot);
    QuerySession::new(source, options)
}

/// Refuses to write a file into the store's own folder.
///
/// # Errors
/// `Invalid` if the path lies in it.
pub fn refuse_inside_store(settings: &Settings, path: &Path) -> Result<()> {
    let real = |path: &Path| {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let existing = absolute.ancestors().find_map(|folder| Some((folder.canonicalize().ok()?, folder.to_owned())));
        match existing {
            Some((canonical, folder)) => absolute.strip_prefix(&folder).map_or(absolute.clone(), |rest| canonical.join(rest)),
            None => absolute,
        }
    };
    if folder(settings)?.is_some_and(|store| real(path).starts_with(real(&store))) {
        return Err(Error::invalid(format!("{} lies in the store's own folder, which is never written into", path.display())));
    }
    Ok(())
}
