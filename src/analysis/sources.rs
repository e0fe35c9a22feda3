//! Where packs come from: those that are shipped, and folders of the user's own.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::error::{Error, Result};

/// The packs that are shipped.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sql/packs");

/// The file that makes a folder a pack.
pub(super) const PACK_FILE: &str = "pack.toml";
/// A file of a pack that is larger is no text that people wrote.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// A folder with more entries is no folder of packs or checks.
const ENTRIES_MAX: usize = 10_000;

/// The files of a pack.
#[derive(Debug)]
pub(super) struct PackSource {
    /// The folder's name.
    pub(super) id: String,
    /// `pack.toml`.
    pub(super) pack: SourceFile,
    /// The SQL files, by name.
    pub(super) checks: Vec<SourceFile>,
}

/// A file and its text.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Its name without the ending.
    pub(super) name: String,
    /// Where it is, for messages.
    pub(super) place: String,
    /// What it says.
    pub(super) text: String,
}

/// The packs that are shipped.
///
/// # Errors
/// `Internal` if one is no text, which a test would have told.
pub(super) fn shipped() -> Result<Vec<PackSource>> {
    SHIPPED.dirs().map(|folder| PackSource::of(&folder.path().to_string_lossy(), shipped_files(folder)?)).collect()
}

fn shipped_files(folder: &Dir<'_>) -> Result<Vec<(PathBuf, SourceFile)>> {
    let files = folder.files().map(|file| {
        let place = format!("sql/packs/{}", file.path().display());
        let text = file.contents_utf8().ok_or_else(|| Error::internal(format!("{place} is no text")))?;
        Ok((file.path().to_owned(), SourceFile { name: stem(file.path()), place, text: text.to_owned() }))
    });
    files.collect()
}

/// The packs of a folder: itself, if it has a `pack.toml`, else the folders in it that have one.
///
/// # Errors
/// `NotFound` if there is none, `Unavailable` if it cannot be read.
pub(super) fn of_folder(folder: &Path) -> Result<Vec<PackSource>> {
    if folder.join(PACK_FILE).is_file() {
        return Ok(vec![of_pack(folder)?]);
    }
    let folders = entries(folder)?.into_iter().filter(|path| path.join(PACK_FILE).is_file());
    let packs = folders.map(|folder| of_pack(&folder)).collect::<Result<Vec<_>>>()?;
    if packs.is_empty() {
        let found = Error::not_found(format!("there is no pack in {}", folder.display()));
        return Err(found.with_hint(format!("a pack is a folder with a {PACK_FILE} and a SQL file for each check")));
    }
    Ok(packs)
}

fn of_pack(folder: &Path) -> Result<PackSource> {
    let is_file = |path: &PathBuf| path.is_file() && path.extension().is_some_and(|ending| ending == "sql" || ending == "toml");
    let files = entries(folder)?.into_iter().filter(is_file).map(|path| {
        let place = path.display().to_string();
        let text = read(&path)?;
        Ok((path.clone(), SourceFile { name: stem(&path), place, text }))
    });
    // `.` has a name as well.
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    PackSource::of(&name.file_name().unwrap_or_default().to_string_lossy(), files.collect::<Result<Vec<_>>>()?)
}

impl PackSource {
    fn of(id: &str, files: Vec<(PathBuf, SourceFile)>) -> Result<Self> {
        let (mut pack, mut checks) = (None, Vec::new());
        for (path, file) in files {
            match path.file_name().and_then(|name| name.to_str()) {
                Some(PACK_FILE) => pack = Some(file),
                Some(name) if name.ends_with(".sql") => checks.push(file),
                _ => {}
            }
        }
        checks.sort_by(|left, right| left.name.cmp(&right.name));
        let pack = pack.ok_or_else(|| Error::not_found(format!("the pack {id} has no {PACK_FILE}")))?;
        Ok(Self { id: id.to_owned(), pack, checks })
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::not_found(format!("there is no folder {}", folder.display())),
        _ => Error::unavailable(format!("read the folder {}", folder.display())).with_source(error),
    };
    let listed = fs::read_dir(folder).map_err(failed)?.take(ENTRIES_MAX + 1);
    let mut paths = listed.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect::<Result<Vec<_>>>()?;
    if paths.len() > ENTRIES_MAX {
        return Err(Error::invalid(format!("{} has more than {ENTRIES_MAX} entries: it is no folder of packs", folder.display())));
    }
    paths.sort_unstable();
    Ok(paths)
}

fn read(path: &Path) -> Result<String> {
    let place = path.display();
    let failed = |error: io::Error| Error::unavailable(format!("read {place}")).with_source(error);
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::invalid(format!("{place} is larger than {FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| Error::invalid(format!("{place} is no UTF-8 text")))
}
