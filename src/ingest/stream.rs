//! The lines of one source in order, parsed ahead on other threads; what is ahead is bounded.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::line::{Line, LineParser, Rules, Started};
use super::source::{BytesRead, Chunk, ChunkReader, Source};
use crate::error::{Error, Result};
use crate::model::Timestamp;

/// How much of a source is parsed at once.
const CHUNK_BYTES: usize = 1 << 20;
/// The same, where several sources are open.
const SMALL_CHUNK_BYTES: usize = 128 << 10;
/// Chunks that are parsed ahead: enough that no core waits while a batch is committed.
const CHUNKS_AHEAD_MAX: usize = 8;
/// The same, where several sources are open.
const SMALL_CHUNKS_AHEAD_MAX: usize = 2;

/// A line and where it stands.
#[derive(Debug)]
pub(super) struct Placed {
    /// Its number, from 1.
    pub number: u64,
    /// How long it is.
    pub bytes: usize,
    /// What it says.
    pub line: Line,
}

/// A chunk that was read.
#[derive(Debug, Default)]
struct Parsed {
    text: Vec<u8>,
    lines: std::vec::IntoIter<(Placed, u32)>,
    error: Option<Error>,
    is_last: bool,
    first_hash: Option<[u8; 32]>,
}

/// The lines of one source.
#[derive(Debug)]
pub(super) struct Stream {
    name: Arc<str>,
    chunks: mpsc::Receiver<JoinHandle<Parsed>>,
    current: Parsed,
    /// The SHA-256 of the first chunk, for sources that are no files.
    pub first_hash: [u8; 32],
    /// Where the line that was taken last stands in the chunk.
    taken: std::ops::Range<usize>,
    is_untouched: bool,
}

impl Stream {
    /// Begins to read a source; `alone`: it is the only one.
    pub(super) fn open(source: Source, rules: Arc<Rules>, bytes_read: BytesRead, alone: bool) -> Self {
        let name = source.shared_name();
        let (chunk_bytes, ahead) = if alone { (CHUNK_BYTES, CHUNKS_AHEAD_MAX) } else { (SMALL_CHUNK_BYTES, SMALL_CHUNKS_AHEAD_MAX) };
        let (sender, chunks) = mpsc::channel(ahead);
        tokio::spawn(pump(source, bytes_read, chunk_bytes, rules, sender));
        Self { name, chunks, current: Parsed::default(), first_hash: [0; 32], taken: 0..0, is_untouched: true }
    }

    /// The name of the source.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// An error at a line of this source.
    pub(super) fn error_at(&self, line: u64, error: Error) -> Error {
        error.context(format_args!("{}:{line}", self.name))
    }

    /// The next line without taking it; `None` at the end.
    ///
    /// # Errors
    /// What is wrong with the next line, or that the source cannot be read on.
    pub(super) async fn peek(&mut self) -> Result<Option<&Line>> {
        while self.current.lines.as_slice().is_empty() {
            if let Some(error) = &self.current.error {
                return Err(error.duplicate());
            }
            if self.current.is_last {
                return Ok(None);
            }
            let Some(next) = self.chunks.recv().await else { return Err(Error::internal("a reader has stopped")) };
            self.current = next.await.map_err(|error| Error::internal("a reader has failed").with_source(error))?;
            if let Some(hash) = self.current.first_hash {
                self.first_hash = hash;
            }
        }
        Ok(self.current.lines.as_slice().first().map(|(placed, _)| &placed.line))
    }

    /// The line that [`Stream::peek`] found, if it is in memory already.
    pub(super) fn take(&mut self) -> Option<Placed> {
        let (placed, start) = self.current.lines.next()?;
        self.is_untouched = false;
        self.taken = start as usize..start as usize + placed.bytes;
        Some(placed)
    }

    /// Whether no line was taken yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.is_untouched
    }

    /// The line that [`Stream::peek`] found, with its number.
    pub(super) fn ahead(&self) -> Option<(u64, &Line)> {
        self.current.lines.as_slice().first().map(|(placed, _)| (placed.number, &placed.line))
    }

    /// The text of the observation that [`Stream::peek`] found; empty if it found something else.
    pub(super) fn ahead_observation(&self) -> &[u8] {
        match self.current.lines.as_slice().first() {
            Some((Placed { line: Line::Observation(_), bytes, .. }, start)) => {
                let start = *start as usize;
                self.current.text.get(start..start + bytes).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// The number of the first `started` line in the chunk at hand.
    pub(super) fn started_ahead(&self) -> Option<u64> {
        self.current.lines.as_slice().iter().find(|(placed, _)| matches!(placed.line, Line::Started(_))).map(|(placed, _)| placed.number)
    }

    /// The text of the line that was taken last, as it stands in the source.
    pub(super) fn taken_text(&self) -> &[u8] {
        self.current.text.get(self.taken.clone()).unwrap_or_default()
    }
}

/// Reads chunks in order and has each parsed; the channel's bound is what holds it back.
async fn pump(source: Source, bytes_read: BytesRead, chunk_bytes: usize, rules: Arc<Rules>, chunks: mpsc::Sender<JoinHandle<Parsed>>) {
    let name = source.shared_name();
    let hash_first = source.file().is_none();
    let opened = spawn_blocking(move || source.open(bytes_read)).await;
    let mut reader = match opened {
        Ok(Ok(reader)) => ChunkReader::new(reader, chunk_bytes),
        Ok(Err(error)) => return fail(error, &chunks).await,
        Err(error) => return fail(Error::internal("a reader has failed").with_source(error), &chunks).await,
    };
    let mut is_first = true;
    loop {
        let read = spawn_blocking(move || {
            let chunk = reader.next();
            (reader, chunk)
        });
        let chunk = match read.await {
            Ok((same, chunk)) => {
                reader = same;
                chunk
            }
            Err(error) => return fail(Error::internal("a reader has failed").with_source(error), &chunks).await,
        };
        let is_last = chunk.is_last;
        let (rules, name, hash_it) = (Arc::clone(&rules), Arc::clone(&name), is_first && hash_first);
        let parsing = spawn_blocking(move || parse_chunk(chunk, &rules, &name, hash_it));
        if chunks.send(parsing).await.is_err() || is_last {
            return;
        }
        is_first = false;
    }
}

async fn fail(error: Error, chunks: &mpsc::Sender<JoinHandle<Parsed>>) {
    let parsed = Parsed { error: Some(error), is_last: true, ..Parsed::default() };
    // The receiver is gone only if the import has ended.
    let _ = chunks.send(tokio::spawn(async { parsed })).await;
}

/// Parses a chunk up to its first bad line.
fn parse_chunk(chunk: Chunk, rules: &Rules, name: &str, hash_it: bool) -> Parsed {
    let first_hash = hash_it.then(|| Sha256::digest(&chunk.text).into());
    let mut parser = LineParser::new(rules);
    let mut lines = Vec::new();
    let mut error = chunk.error.map(|(line, error)| error.context(format_args!("{name}:{line}")));
    let mut start = 0;
    let mut rest = chunk.text.as_slice();
    for number in chunk.first_line.. {
        // `skip_until` is the standard library's fast search; reading from a slice cannot fail.
        let line_bytes = rest.skip_until(b'\n').unwrap_or(0);
        if line_bytes == 0 {
            break;
        }
        let whole = chunk.text.get(start..start + line_bytes).unwrap_or_default();
        let line = whole.trim_ascii();
        if !line.is_empty() {
            match parser.parse(line) {
                Ok(parsed) => {
                    let indent = whole.len() - whole.trim_ascii_start().len();
                    lines.push((Placed { number, bytes: line.len(), line: parsed }, (start + indent) as u32));
                }
                Err(reason) => {
                    error = Some(Error::invalid(format!("{name}:{number}: {reason}")));
                    break;
                }
            }
        }
        start += whole.len();
    }
    let is_last = chunk.is_last || error.is_some();
    Parsed { text: chunk.text, lines: lines.into_iter(), error, is_last, first_hash }
}

/// The time of the first scan in a file, as far as its first lines tell: the file is opened, looked at and closed, so that
/// any number of files can be put in order.
pub(super) fn first_time(path: &Path, rules: &Rules) -> Option<Timestamp> {
    let reader = Source::path(path).open(BytesRead::default()).ok()?;
    let mut reader = ChunkReader::new(reader, SMALL_CHUNK_BYTES);
    let mut started: Option<Started> = None;
    loop {
        let chunk = reader.next();
        let is_last = chunk.is_last;
        for (placed, _) in parse_chunk(chunk, rules, "", false).lines {
            match placed.line {
                Line::Started(first) if started.is_none() && first.at.is_some() => return first.at,
                Line::Started(first) if started.is_none() => started = Some(first),
                Line::Scope(_) => {}
                Line::Observation(seen) => return seen.observation.observed_at,
                Line::Started(_) | Line::Completed { .. } => return None,
            }
        }
        if is_last {
            return None;
        }
    }
}
