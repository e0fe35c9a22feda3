//! The lines of one source in order, parsed ahead on other threads; what is ahead is bounded.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};

use super::line::{Line, LineParser, Started};
use super::rules::Rules;
use super::source::{BytesRead, Chunk, ChunkReader, LINE_BYTES_MAX, Source, too_long};
use crate::error::{Error, Result};
use crate::model::Timestamp;

/// How much of a source is read and parsed at once: so little that a core's cache holds it.
const CHUNK_BYTES: usize = 256 << 10;
/// How much of a source is read at first: a stream without `started` lines is told by it.
const FIRST_CHUNK_BYTES: usize = 1 << 20;
/// How much is parsed ahead: enough that no core waits while a batch is handed over. One chunk may be larger than that.
const AHEAD_BYTES_MAX: usize = 8 << 20;
/// The same, where several sources are open.
const SMALL_AHEAD_BYTES_MAX: usize = 256 << 10;
/// Chunks that are parsed ahead, however small they are.
const CHUNKS_AHEAD_MAX: usize = 64;

/// A line and where it stands.
#[derive(Debug)]
pub(super) struct Placed {
    /// Its number, from 1.
    pub number: u64,
    /// How long it is.
    pub bytes: usize,
    /// What it says.
    pub line: Line,
    /// Where it begins in its chunk.
    start: usize,
}

/// A chunk that was parsed.
#[derive(Debug, Default)]
struct Parsed {
    text: Arc<String>,
    /// Those that are not blank, numbered within the chunk.
    lines: std::vec::IntoIter<Placed>,
    /// How many lines there are, blank ones included, before the one that is bad.
    count: u64,
    /// What is wrong with the line after these.
    error: Option<Error>,
    is_last: bool,
    first_hash: Option<[u8; 32]>,
}

/// A chunk that is being parsed, with its share of what may be ahead.
#[derive(Debug)]
struct Ahead {
    parsing: JoinHandle<Parsed>,
    share: OwnedSemaphorePermit,
}

/// The lines of one source.
#[derive(Debug)]
pub(super) struct Stream {
    name: Arc<str>,
    chunks: mpsc::Receiver<Result<Ahead>>,
    current: Parsed,
    share: Option<OwnedSemaphorePermit>,
    /// How many lines came before the chunk at hand.
    lines_before: u64,
    /// Why there are no more lines.
    failure: Option<Error>,
    /// The SHA-256 of the first chunk, for sources that are no files.
    pub first_hash: [u8; 32],
    /// Where the line that was taken last stands in the chunk.
    taken: std::ops::Range<usize>,
    /// Its number; 0 = none was taken.
    taken_line: u64,
}

impl Stream {
    /// Begins to read a source; `alone`: it is the only one.
    pub(super) fn open(source: Source, rules: Arc<Rules>, bytes_read: BytesRead, alone: bool) -> Self {
        let name = source.shared_name();
        let ahead_bytes = if alone { AHEAD_BYTES_MAX } else { SMALL_AHEAD_BYTES_MAX };
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD_MAX);
        tokio::spawn(pump(source, bytes_read, ahead_bytes, rules, sender));
        Self {
            name,
            chunks,
            current: Parsed::default(),
            share: None,
            lines_before: 0,
            failure: None,
            first_hash: [0; 32],
            taken: 0..0,
            taken_line: 0,
        }
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
            if let Some(error) = self.current.error.take() {
                self.failure = Some(self.error_at(self.lines_before + self.current.count + 1, error));
            }
            if let Some(failure) = &self.failure {
                return Err(failure.duplicate());
            }
            if self.current.is_last {
                return Ok(None);
            }
            if let Err(error) = self.next_chunk().await {
                self.failure = Some(error);
            }
        }
        Ok(self.current.lines.as_slice().first().map(|placed| &placed.line))
    }

    async fn next_chunk(&mut self) -> Result<()> {
        // The next chunk may need all of what may be ahead.
        self.share = None;
        let ahead = self.chunks.recv().await.unwrap_or_else(|| Err(Error::internal("a reader has stopped")))?;
        let parsed = ahead.parsing.await.map_err(reader_failed)?;
        self.first_hash = parsed.first_hash.unwrap_or(self.first_hash);
        self.lines_before += self.current.count;
        (self.current, self.share) = (parsed, Some(ahead.share));
        Ok(())
    }

    /// The line that [`Stream::peek`] found, if it is in memory already.
    pub(super) fn take(&mut self) -> Option<Placed> {
        let placed = self.current.lines.next()?;
        self.taken = placed.start..placed.start + placed.bytes;
        self.taken_line = self.lines_before + placed.number;
        Some(Placed { number: self.taken_line, ..placed })
    }

    /// Whether no line was taken yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.taken_line == 0
    }

    /// The number of the line that was taken last.
    pub(super) fn taken_line(&self) -> u64 {
        self.taken_line
    }

    /// The line that [`Stream::peek`] found, with its number.
    pub(super) fn ahead(&self) -> Option<(u64, &Line)> {
        self.current.lines.as_slice().first().map(|placed| (self.lines_before + placed.number, &placed.line))
    }

    /// The text of the observation that [`Stream::peek`] found; empty if it found something else.
    pub(super) fn ahead_observation(&self) -> &[u8] {
        match self.current.lines.as_slice().first() {
            Some(Placed { line: Line::Observation(_), bytes, start, .. }) => self.text_at(*start..start + bytes),
            _ => &[],
        }
    }

    /// The number of the first `started` line in the chunk at hand.
    pub(super) fn started_ahead(&self) -> Option<u64> {
        let started = self.current.lines.as_slice().iter().find(|placed| matches!(placed.line, Line::Started(_)));
        started.map(|placed| self.lines_before + placed.number)
    }

    /// The text of the line that was taken last, as it stands in the source.
    pub(super) fn taken_text(&self) -> &[u8] {
        self.text_at(self.taken.clone())
    }

    fn text_at(&self, place: std::ops::Range<usize>) -> &[u8] {
        self.current.text.as_bytes().get(place).unwrap_or_default()
    }
}

/// Reads chunks in order; each is parsed by the thread that has read it. The bound on what is ahead holds it back.
async fn pump(source: Source, bytes_read: BytesRead, ahead_bytes: usize, rules: Arc<Rules>, chunks: mpsc::Sender<Result<Ahead>>) {
    let is_stream = source.file().is_none();
    let opened = spawn_blocking(move || source.open(bytes_read)).await;
    let mut reader = match opened.map_err(reader_failed).flatten() {
        Ok(reader) => ChunkReader::new(reader),
        Err(error) => return drop(chunks.send(Err(error)).await),
    };
    let room = Arc::new(Semaphore::new(ahead_bytes));
    let mut is_first = true;
    loop {
        let (hand_back, handed_back) = oneshot::channel();
        let rules = Arc::clone(&rules);
        let parsing = spawn_blocking(move || {
            let chunk = reader.next(if is_first { FIRST_CHUNK_BYTES } else { CHUNK_BYTES });
            // The receiver is gone only if the import has ended.
            let _ = hand_back.send((reader, chunk.text.len(), chunk.is_last));
            parse_chunk(chunk, &rules, is_first && is_stream)
        });
        let Ok((same, bytes, is_last)) = handed_back.await else {
            return drop(chunks.send(Err(Error::internal("a reader has failed"))).await);
        };
        let share = u32::try_from(bytes.min(ahead_bytes)).unwrap_or(u32::MAX);
        let Ok(share) = Arc::clone(&room).acquire_many_owned(share).await else { return };
        if chunks.send(Ok(Ahead { parsing, share })).await.is_err() || is_last {
            return;
        }
        (reader, is_first) = (same, false);
    }
}

fn reader_failed(error: tokio::task::JoinError) -> Error {
    Error::internal("a reader has failed").with_source(error)
}

/// Parses a chunk up to its first bad line.
fn parse_chunk(chunk: Chunk, rules: &Rules, hash_it: bool) -> Parsed {
    let first_hash = hash_it.then(|| Sha256::digest(&chunk.text).into());
    let (text, not_text) = lines_of_text(chunk.text);
    let text = Arc::new(text);
    let mut error = not_text.or(chunk.error);
    let mut parser = LineParser::new(rules);
    let mut lines = Vec::new();
    let (mut count, mut next) = (0, 0);
    while let Some(rest) = text.get(next..).filter(|rest| !rest.is_empty()) {
        let whole = rest.split_inclusive('\n').next().unwrap_or(rest);
        let line = whole.trim_ascii();
        let start = next + (whole.len() - whole.trim_ascii_start().len());
        if line.len() > LINE_BYTES_MAX {
            error = Some(too_long());
            break;
        }
        if !line.is_empty() {
            match parser.parse(&text, line) {
                Ok(parsed) => lines.push(Placed { number: count + 1, bytes: line.len(), line: parsed, start }),
                Err(reason) => {
                    error = Some(Error::invalid(reason));
                    break;
                }
            }
        }
        count += 1;
        next += whole.len();
    }
    let is_last = chunk.is_last || error.is_some();
    Parsed { text, lines: lines.into_iter(), count, error, is_last, first_hash }
}

/// The lines before the first one that is not UTF-8, and what is wrong with that.
fn lines_of_text(bytes: Vec<u8>) -> (String, Option<Error>) {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return (text, None),
        Err(error) => error,
    };
    let bad = error.utf8_error().valid_up_to();
    let mut bytes = error.into_bytes();
    let byte = bytes.get(bad).copied().unwrap_or_default();
    let before = bytes.get(..bad).unwrap_or_default();
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let place = before.get(line_start..).unwrap_or_default().trim_ascii_start().len() + 1;
    bytes.truncate(line_start);
    let error = Error::invalid(format!("expected UTF-8, found byte 0x{byte:02x} at byte {place}"));
    (String::from_utf8(bytes).unwrap_or_default(), Some(error))
}

/// The time of the first scan in a file, as far as its first lines tell: the file is opened, looked at and closed, so that
/// any number of files can be put in order.
pub(super) fn first_time(path: &Path, rules: &Rules) -> Option<Timestamp> {
    let reader = Source::path(path).open(BytesRead::default()).ok()?;
    let mut reader = ChunkReader::new(reader);
    let mut started: Option<Started> = None;
    loop {
        let chunk = reader.next(CHUNK_BYTES);
        let is_last = chunk.is_last;
        for placed in parse_chunk(chunk, rules, false).lines {
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
