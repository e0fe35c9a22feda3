//! Opening the store that the settings name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::resolve::{Place, Settings};
use crate::clock::SystemClock;
use crate::error::{Error, ErrorKind, Result};
use crate::query::{HistorySource, QuerySession, SessionOptions};
use crate::store::{LocalBackend, Snapshot, Store, StoreSettings, Writer};

/// The folder of the store.
///
/// # Errors
/// `Unsupported` if the settings name a URL.
pub fn folder(settings: &Settings) -> Result<PathBuf> {
    match &settings.store.value {
        Place::Folder(path) => std::path::absolute(path)
            .map_err(|error| Error::invalid(format!("{:?} is no path ({})", path, settings.store.origin)).with_source(error)),
        Place::Url(url) => Err(Error::new(
            ErrorKind::Unsupported,
            format!("a store at {url} ({}) is not supported by this version", settings.store.origin),
        )
        .with_hint("name a folder on a local disk")),
    }
}

/// The place of the store, whether or not there is one.
///
/// # Errors
/// `Invalid` if the settings name a file, `Unsupported` if they name a URL.
pub fn backend(settings: &Settings) -> Result<Arc<LocalBackend>> {
    let folder = folder(settings)?;
    if folder.is_file() {
        return Err(Error::invalid(format!("a store is a folder, and {} is a file", folder.display())));
    }
    Ok(Arc::new(LocalBackend::new(folder)))
}

/// Opens the store for reading.
///
/// # Errors
/// `NotFound` if there is none, `Corrupt`, `Unsupported`.
pub async fn reader(settings: &Settings) -> Result<Store> {
    Store::open(backend(settings)?).await
}

/// Opens the store for writing, and makes it if it is not there. What the settings file says of types, tag
/// columns and the guard is written into the log, where it differs from what the store knows.
///
/// # Errors
/// `Unavailable` if it cannot be written, `Corrupt`, `Unsupported`.
pub async fn writer(settings: &Settings) -> Result<Writer> {
    let writer = Writer::open(backend(settings)?, Arc::new(SystemClock)).await?;
    let known = writer.history().await?.index.settings.clone();
    let wanted = StoreSettings {
        types: settings.file.rules(known.types.clone()),
        tag_columns: settings.file.tag_columns.clone().unwrap_or_else(|| known.tag_columns.clone()),
        guard: settings.file.guard.over(&known.guard),
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
        forbidden_folder: Some(folder(settings)?),
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
    let store = folder(settings)?;
    if real(path).starts_with(real(&store)) {
        return Err(Error::invalid(format!("{} lies in the store's own folder, which is never written into", path.display())));
    }
    Ok(())
}
