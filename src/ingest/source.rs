//! Where lines come from: files and standard input, decompressed, cut into chunks of whole lines.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A longer line is refused: no resource is this large, but a file without line ends would fill the memory.
pub const LINE_BYTES_MAX: usize = 64 << 20;
/// A larger document (other people's formats are one JSON value a file) is refused.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 30;
/// How much is read from a file at once.
const READ_BYTES: usize = 256 << 10;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const UTF16_MARKS: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// One input of an import.
pub struct Source {
    name: Arc<str>,
    from: From,
}

enum From {
    Path(PathBuf),
    Reader(Box<dyn Read + Send>),
}

/// How much was read of all sources, before decompression.
pub(super) type BytesRead = Arc<AtomicU64>;

impl Source {
    /// A file; `.gz` and `.zst` are read as they are.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { name: path.display().to_string().into(), from: From::Path(path) }
    }

    /// A stream, such as standard input; gzip and zstd are told by their first bytes.
    pub fn reader(name: &str, reader: impl Read + Send + 'static) -> Self {
        Self { name: name.into(), from: From::Reader(Box::new(reader)) }
    }

    /// A file as named on the command line, where `-` is standard input.
    pub fn argument(argument: &str) -> Self {
        match argument {
            "-" => Self::reader("standard input", io::stdin()),
            path => Self::path(path),
        }
    }

    /// The name, as errors say it.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// The file, unless it is a stream.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.from {
            From::Path(path) => Some(path),
            From::Reader(_) => None,
        }
    }

    /// The size before decompression, where it is known. Refuses what is no file.
    pub(super) fn bytes(&self) -> Result<Option<u64>> {
        let Some(path) = self.file() else { return Ok(None) };
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(&self.name, error))?;
        if metadata.is_dir() {
            return Err(Error::invalid(format!("{} is a folder, expected a file", self.name)).with_hint("name the files in it"));
        }
        Ok(metadata.is_file().then_some(metadata.len()))
    }

    /// Opens it for reading.
    pub(super) fn open(self, bytes_read: BytesRead) -> Result<Box<dyn Read + Send>> {
        let (reader, ending): (Box<dyn Read + Send>, Option<String>) = match self.from {
            From::Path(path) => {
                let file = File::open(&path).map_err(|error| unreadable(&self.name, error))?;
                let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
                (Box::new(file), ending)
            }
            From::Reader(reader) => (reader, None),
        };
        decompressed(Counted { reader, bytes_read }, ending.as_deref()).map_err(|error| unreadable(&self.name, error))
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The SHA-256 of a file as it is.
pub(super) fn file_hash(path: &Path, name: &str) -> Result<[u8; 32]> {
    let mut file = File::open(path).map_err(|error| unreadable(name, error))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(read) => hasher.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(name, error)),
        }
    }
}

fn unreadable(name: &str, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        return Error::not_found(format!("{name} is not there"));
    }
    Error::invalid(format!("{name} cannot be read")).with_source(error)
}

struct Counted {
    reader: Box<dyn Read + Send>,
    bytes_read: BytesRead,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes_read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn decompressed(mut reader: Counted, ending: Option<&str>) -> io::Result<Box<dyn Read + Send>> {
    let mut start = Vec::with_capacity(ZSTD_MAGIC.len());
    reader.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut start)?;
    let (is_gzip, is_zstd) = (start.starts_with(GZIP_MAGIC), start.starts_with(ZSTD_MAGIC));
    let wrong = |format| io::Error::other(format!("it is named like {format}, but does not begin like it"));
    match ending {
        Some("gz") if !is_gzip && !start.is_empty() => return Err(wrong("gzip")),
        Some("zst") if !is_zstd && !start.is_empty() => return Err(wrong("zstd")),
        _ => {}
    }
    let whole = Cursor::new(start).chain(reader);
    if is_gzip {
        return Ok(Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(READ_BYTES, whole))));
    }
    if is_zstd {
        return Ok(Box::new(zstd::stream::read::Decoder::new(whole)?));
    }
    Ok(Box::new(whole))
}

/// Whole lines, the last one perhaps without its end.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The lines with their ends.
    pub text: Vec<u8>,
    /// What is wrong with the line after these.
    pub error: Option<Error>,
    /// Nothing comes after it.
    pub is_last: bool,
}

/// Cuts a stream into chunks.
pub(super) struct ChunkReader {
    reader: Box<dyn Read + Send>,
    /// The beginning of a line whose end has not been read.
    rest: Vec<u8>,
    /// Nothing was read.
    is_first: bool,
}

impl ChunkReader {
    /// Stands at the beginning of a stream.
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { reader, rest: Vec::new(), is_first: true }
    }

    /// The next lines: those that end within so many bytes, but at least one.
    pub(super) fn next(&mut self, bytes: usize) -> Chunk {
        let mut text = Vec::with_capacity(self.rest.len() + bytes);
        text.append(&mut self.rest);
        loop {
            let searched = text.len();
            let read = self.reader.by_ref().take(bytes as u64).read_to_end(&mut text);
            if std::mem::take(&mut self.is_first)
                && let Err(error) = strip_mark(&mut text)
            {
                return Chunk { error: Some(error), is_last: true, ..Chunk::default() };
            }
            let fresh = text.get(searched..).unwrap_or_default();
            let lines_end = fresh.iter().rposition(|byte| *byte == b'\n').map(|at| searched + at + 1);
            let is_too_long = text.len() - lines_end.unwrap_or(0) > LINE_BYTES_MAX;
            let error = match read {
                Err(error) => Some(Error::invalid("it cannot be read").with_source(error)),
                Ok(_) if is_too_long => Some(too_long()),
                Ok(read) if read < bytes => return Chunk { text, error: None, is_last: true },
                Ok(_) => None,
            };
            if error.is_some() || lines_end.is_some() {
                self.rest = text.split_off(lines_end.unwrap_or(0));
                return Chunk { text, is_last: error.is_some(), error };
            }
        }
    }
}

/// Reads a whole document.
pub(super) fn read_document(source: Source, bytes_read: BytesRead) -> Result<Vec<u8>> {
    let name = source.shared_name();
    let mut text = Vec::new();
    let reader = source.open(bytes_read)?;
    reader.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut text).map_err(|error| unreadable(&name, error))?;
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Error::invalid(format!("{name}: a document is larger than {} MiB", DOCUMENT_BYTES_MAX >> 20)));
    }
    strip_mark(&mut text).map_err(|error| error.context(name))?;
    Ok(text)
}

/// What a line that is too long is answered with.
pub(super) fn too_long() -> Error {
    Error::invalid(format!("a line is longer than {} MiB", LINE_BYTES_MAX >> 20))
        .with_hint("expected newline-delimited JSON: one object a line")
}

fn strip_mark(text: &mut Vec<u8>) -> Result<()> {
    if UTF16_MARKS.iter().any(|mark| text.starts_with(mark)) {
        return Err(Error::invalid("expected UTF-8, found UTF-16").with_hint("convert it, for example with iconv -f utf-16 -t utf-8"));
    }
    if text.starts_with(UTF8_MARK) {
        text.drain(..UTF8_MARK.len());
    }
    Ok(())
}
