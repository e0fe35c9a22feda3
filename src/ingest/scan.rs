//! One scan of an import: its observations in batches, its coverage, its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashSet;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::line::{Line, Seen, Started};
use super::source::{Source, file_hash};
use super::stream::{Placed, Stream, first_time};
use super::{Import, ImportEvent};
use crate::error::{Error, Result};
use crate::model::{CoverageStatus, Observation, Scope, ScopeReport, Timestamp};
use crate::store::{Begin, Committed, ScanBegun, ScanSession, check_time};

/// A batch is committed when it holds so many observations ...
pub(super) const BATCH_OBSERVATIONS_MAX: usize = 32_768;
/// ... or lines of so many bytes.
const BATCH_BYTES_MAX: usize = 16 << 20;
/// Files whose scans interleave are open at once; more than this many are refused, since each takes memory.
const FILES_OPEN_MAX: usize = 256;
/// How much of the hash of a scan's beginning is its id.
const SCAN_ID_BYTES: usize = 12;

/// A scan that takes observations.
pub(super) struct Scan {
    scan_id: Arc<str>,
    /// None for one that the store has already.
    session: Option<ScanSession>,
    /// Its lines.
    pub gathered: Gathered,
}

/// What is known of a scan's lines, and those that wait to be committed.
#[derive(Default)]
pub(super) struct Gathered {
    /// The store has them already.
    is_known: bool,
    /// The newest time that the source gave.
    newest: Option<Timestamp>,
    batch: Vec<Observation>,
    batch_bytes: usize,
    scopes: BTreeMap<Scope, ScopeReport>,
    listed: HashSet<String>,
    last_listed: String,
    keys: HashSet<u64>,
    duplicates: u64,
    lines: u64,
}

/// What bounds the gathering of a batch.
struct Limits {
    batch_max: usize,
    /// Scopes with observations are noted.
    note_listed: bool,
    now: Timestamp,
}

/// Where a scan began.
struct Beginning {
    /// Its line.
    line: u64,
    /// What it says; for files without `started` lines, what the options say.
    started: Started,
    /// The text of its line.
    text: Vec<u8>,
    /// It is the whole file, which has no `started` lines.
    is_file: bool,
}

/// A source that is read or waits for its turn.
struct Input {
    /// The time of its next scan.
    at: Timestamp,
    turn: Turn,
    path: Option<std::path::PathBuf>,
}

#[expect(clippy::large_enum_variant, reason = "one per file")]
enum Turn {
    Waiting(Source),
    Open(Stream),
    Done,
}

impl Import<'_> {
    /// Imports files in Elava's own format.
    pub(super) async fn ndjson(&mut self, sources: Vec<Source>) -> Result<()> {
        if self.options.account.is_some() || self.options.region.is_some() {
            return Err(Error::invalid("--account and --region are for other people's formats; every line of ndjson holds its own"));
        }
        let alone = sources.len() == 1;
        let now = self.writer.clock().now();
        let mut inputs = Vec::with_capacity(sources.len());
        for source in sources {
            inputs.push(self.input(source, alone, now).await?);
        }
        while let Some(next) = earliest(&inputs) {
            let open = inputs.iter().filter(|input| matches!(input.turn, Turn::Open(_))).count();
            if open > FILES_OPEN_MAX {
                return Err(
                    Error::invalid(format!("the scans of more than {FILES_OPEN_MAX} files interleave")).with_hint("import them in groups")
                );
            }
            let Some(input) = inputs.get_mut(next) else { break };
            self.next_scan(input, alone, now).await?;
        }
        Ok(())
    }

    async fn input(&mut self, source: Source, alone: bool, now: Timestamp) -> Result<Input> {
        let path = source.file().map(std::path::Path::to_path_buf);
        if alone {
            return Ok(Input { at: now, turn: Turn::Waiting(source), path });
        }
        let at = match path.clone() {
            Some(path) => {
                let rules = Arc::clone(&self.rules);
                let looked = spawn_blocking(move || first_time(&path, &rules)).await;
                looked.map_err(|error| Error::internal("a reader has failed").with_source(error))?
            }
            None => None,
        };
        let at = at.or(self.options.at).unwrap_or(now);
        Ok(Input { at, turn: Turn::Waiting(source), path })
    }

    /// Imports the next scan of a source, and finds the time of the one after it.
    async fn next_scan(&mut self, input: &mut Input, alone: bool, now: Timestamp) -> Result<()> {
        let mut stream = match std::mem::replace(&mut input.turn, Turn::Done) {
            Turn::Open(stream) => stream,
            Turn::Done => return Ok(()),
            Turn::Waiting(source) => Stream::open(source, Arc::clone(&self.rules), Arc::clone(&self.bytes_read), alone),
        };
        if !self.scan(&mut stream, input.path.as_deref()).await? {
            return Ok(());
        }
        match stream.peek().await? {
            None => return Ok(()),
            Some(Line::Started(started)) => input.at = started.at.unwrap_or(now),
            Some(_) => {}
        }
        input.turn = Turn::Open(stream);
        Ok(())
    }

    /// Imports one scan; false if there is none.
    async fn scan(&mut self, stream: &mut Stream, path: Option<&std::path::Path>) -> Result<bool> {
        let Some(mut beginning) = self.beginning(stream).await? else { return Ok(false) };
        let mut scan = match self.begin(stream, &mut beginning, path).await {
            Ok(scan) => scan,
            Err(error) => return Err(stream.error_at(beginning.line, error)),
        };
        match self.lines(stream, &beginning, &mut scan).await {
            Ok(End::Completed { line, at }) => {
                let ended = self.complete(scan, at, self.options.complete && beginning.is_file).await;
                ended.map_err(|error| stream.error_at(line, error))?;
            }
            Ok(End::Cut { line }) => {
                let place = line.map_or_else(
                    || format!("{}: the end of the file", stream.name()),
                    |line| format!("{}:{line}: another `started` line", stream.name()),
                );
                self.cut(scan, &format!("{place} came before `completed`")).await?;
            }
            Err(Broken::Source(error)) => {
                self.flush(&mut scan).await?;
                self.fail(scan, &error.to_string()).await?;
                return Err(error);
            }
            Err(Broken::Store(error)) => return Err(error),
        }
        Ok(true)
    }

    /// What the next scan begins with.
    async fn beginning(&mut self, stream: &mut Stream) -> Result<Option<Beginning>> {
        let first_of_file = stream.is_untouched();
        match stream.peek().await? {
            None if first_of_file => {
                let warning = format!("{} holds nothing", stream.name());
                self.warn(warning);
                return Ok(None);
            }
            None => return Ok(None),
            Some(Line::Started(_)) => {}
            Some(_) if first_of_file => return self.whole_file(stream).map(Some),
            Some(_) => return Err(outside(stream)),
        }
        let name = stream.name().to_owned();
        let Some(Placed { number, line: Line::Started(started), .. }) = stream.take() else { return Ok(None) };
        for (given, option) in [(self.options.complete, "--complete"), (self.options.at.is_some(), "--at")] {
            if given {
                return Err(Error::invalid(format!("{name}:{number}: {option} is for files without `started` lines"))
                    .with_hint("import this file without it: its scans have their own times and scopes"));
            }
        }
        Ok(Some(Beginning { line: number, started, text: stream.taken_text().to_vec(), is_file: false }))
    }

    /// The beginning of a file without `started` lines.
    fn whole_file(&self, stream: &mut Stream) -> Result<Beginning> {
        if let Some(line) = stream.started_ahead() {
            return Err(outside(stream).with_hint(format!("the first `started` line is line {line}")));
        }
        if let Some((line, Line::Completed { .. })) = stream.ahead() {
            return Err(stream.error_at(line, Error::invalid("`completed` without a `started` line before it")));
        }
        let line = stream.ahead().map_or(1, |(line, _)| line);
        Ok(Beginning { line, started: Started { at: self.options.at, ..Started::default() }, text: Vec::new(), is_file: true })
    }

    /// Begins a scan with its first line in sight.
    async fn begin(&mut self, stream: &mut Stream, beginning: &mut Beginning, path: Option<&std::path::Path>) -> Result<Scan> {
        let mut scopes = BTreeMap::new();
        // Scope lines may stand before the first observation, which the scan's id and time may depend on.
        while let Ok(Some(Line::Scope(_))) = stream.peek().await {
            if let Some(Placed { line: Line::Scope(report), .. }) = stream.take() {
                note_scope(&mut scopes, report);
            }
        }
        let first = match stream.peek().await {
            Ok(Some(Line::Observation(seen))) => seen.observation.observed_at,
            _ => None,
        };
        let started = &mut beginning.started;
        started.at = started.at.or(first);
        let scan_id = match started.scan_id.clone() {
            Some(scan_id) => scan_id,
            None if beginning.is_file => self.file_scan_id(stream, path, started.at).await?,
            None => scan_id_of(&[&beginning.text, stream.ahead_observation()]),
        };
        let begin = Begin {
            scan_id,
            provider: started.provider.clone(),
            at: started.at,
            lift: self.options.lift,
            guard: false,
            scopes: Vec::new(),
        };
        let mut scan = self.start(begin).await?;
        scan.gathered.scopes = scopes;
        Ok(scan)
    }

    /// Begins a scan, or finds out that the store has it.
    pub(super) async fn start(&mut self, begin: Begin) -> Result<Scan> {
        let scan_id: Arc<str> = begin.scan_id.as_str().into();
        let newest = begin.at;
        let session = match self.writer.begin(begin).await? {
            ScanBegun::Completed => {
                self.report.skipped += 1;
                self.tell(ImportEvent::Skipped { scan_id: Arc::clone(&scan_id) });
                None
            }
            ScanBegun::Session(session) => {
                if session.known_lines() > 0 {
                    self.report.continued += 1;
                    self.tell(ImportEvent::Continued { scan_id: Arc::clone(&scan_id), lines: session.known_lines() });
                }
                Some(session)
            }
        };
        let gathered = Gathered { is_known: session.is_none(), newest, ..Gathered::default() };
        Ok(Scan { scan_id, session, gathered })
    }

    /// The id of a scan that is a whole file.
    async fn file_scan_id(&mut self, stream: &Stream, path: Option<&std::path::Path>, at: Option<Timestamp>) -> Result<String> {
        let hash = match path.map(std::path::Path::to_path_buf) {
            Some(path) => {
                let name = stream.name().to_owned();
                let hashed = spawn_blocking(move || file_hash(&path, &name)).await;
                hashed.map_err(|error| Error::internal("a reader has failed").with_source(error))??
            }
            None => stream.first_hash,
        };
        self.content_scan_id(hash, at).await
    }

    /// The id of a scan that is told by what it holds; a live one that is complete makes room for a new one.
    pub(super) async fn content_scan_id(&mut self, hash: [u8; 32], at: Option<Timestamp>) -> Result<String> {
        let Some(at) = at else {
            let scan_id = scan_id_of(&[&hash, b"live"]);
            let history = self.writer.history().await?;
            let ended = |id: &str| history.index.is_completed(id);
            if !ended(&scan_id) {
                return Ok(scan_id);
            }
            let numbered = history
                .index
                .scan_ends
                .iter()
                .filter_map(|end| end.scan_id.strip_prefix(&*scan_id)?.strip_prefix('-')?.parse::<u64>().ok());
            let newest = numbered.max().unwrap_or(1);
            let candidate = format!("{scan_id}-{newest}");
            return Ok(if newest > 1 && !ended(&candidate) { candidate } else { format!("{scan_id}-{}", newest + 1) });
        };
        Ok(scan_id_of(&[&hash, &at.micros().to_le_bytes()]))
    }

    /// Hands in the lines of a scan up to its end, except for the last ones. While a batch is being committed the next
    /// one is gathered.
    async fn lines(&mut self, stream: &mut Stream, beginning: &Beginning, scan: &mut Scan) -> Result<End, Broken> {
        let note_listed = self.options.complete && beginning.is_file;
        let mut line = beginning.line;
        let mut batch = Vec::new();
        loop {
            let limits = Limits { batch_max: self.batch_max, note_listed, now: self.writer.clock().now() };
            let (committed, gathered) =
                tokio::join!(commit(scan.session.as_ref(), batch), scan.gathered.gather(stream, beginning, &limits));
            match committed {
                Ok(committed) => self.batch_committed(&scan.scan_id, committed),
                Err(error) => return Err(Broken::Store(stream.error_at(line, error))),
            }
            if let Some(end) = gathered? {
                return Ok(end);
            }
            (line, batch) = (stream.taken_line(), scan.gathered.take_batch());
        }
    }

    /// Commits what is waiting.
    pub(super) async fn flush(&mut self, scan: &mut Scan) -> Result<()> {
        let committed = commit(scan.session.as_ref(), scan.gathered.take_batch()).await?;
        self.batch_committed(&scan.scan_id, committed);
        Ok(())
    }

    fn batch_committed(&mut self, scan_id: &Arc<str>, committed: Option<Committed>) {
        let Some(committed) = committed else { return };
        self.report.counts.add(&committed.counts);
        self.committed(scan_id, committed);
        self.progress();
    }

    fn committed(&mut self, scan_id: &Arc<str>, committed: Committed) {
        let Some((first_revision, last_revision)) = committed.first_revision.zip(committed.last_revision) else { return };
        self.report.first_revision.get_or_insert(first_revision);
        self.report.last_revision = Some(last_revision);
        self.tell(ImportEvent::Committed { scan_id: Arc::clone(scan_id), first_revision, last_revision });
    }

    /// Ends a scan as it should; `all_complete`: every scope with observations is.
    pub(super) async fn complete(&mut self, mut scan: Scan, at: Option<Timestamp>, all_complete: bool) -> Result<()> {
        self.flush(&mut scan).await?;
        if all_complete {
            for scope in std::mem::take(&mut scan.gathered.listed) {
                scan.gathered.note_scope(ScopeReport::new(Scope::from_stored(&scope), CoverageStatus::Complete));
            }
        }
        self.report_lines(&scan);
        let Some(session) = scan.session else { return Ok(()) };
        let committed = session.complete(at, scan.gathered.scopes.into_values().collect()).await?;
        self.report.completed += 1;
        if let Some((first, last)) = committed.first_revision.zip(committed.last_revision) {
            self.report.counts.deleted += last - first + 1;
        }
        self.committed(&scan.scan_id, committed);
        Ok(())
    }

    /// Ends a scan that ended before it was complete.
    async fn cut(&mut self, mut scan: Scan, reason: &str) -> Result<()> {
        self.flush(&mut scan).await?;
        if scan.session.is_some() {
            self.warn(format!("scan {} is recorded as failed, it deletes nothing: {reason}", scan.scan_id));
        }
        self.fail(scan, reason).await
    }

    pub(super) async fn fail(&mut self, scan: Scan, reason: &str) -> Result<()> {
        self.report_lines(&scan);
        let Some(session) = scan.session else { return Ok(()) };
        self.report.failed += 1;
        session.fail(reason, scan.gathered.scopes.into_values().collect()).await.map(drop)
    }

    fn report_lines(&mut self, scan: &Scan) {
        let Gathered { lines, duplicates, .. } = scan.gathered;
        self.report.lines += lines;
        self.report.duplicates += duplicates;
        if duplicates > 0 && scan.session.is_some() {
            self.warn(format!("scan {}: {duplicates} observations of keys that came before in it", scan.scan_id));
        }
    }
}

/// How the lines of a scan ended.
enum End {
    Completed {
        line: u64,
        at: Option<Timestamp>,
    },
    /// By another `started` line, or by the end of the file.
    Cut {
        line: Option<u64>,
    },
}

/// Why a scan cannot go on.
enum Broken {
    /// Its source is bad: the scan is failed.
    Source(Error),
    /// The store did not take it: the scan can be continued.
    Store(Error),
}

/// Commits a batch, unless there is nothing to do.
async fn commit(session: Option<&ScanSession>, batch: Vec<Observation>) -> Result<Option<Committed>> {
    match session.filter(|_| !batch.is_empty()) {
        Some(session) => session.observe(batch).await.map(Some),
        None => Ok(None),
    }
}

impl Gathered {
    /// Takes lines until the batch is full or the scan ends.
    async fn gather(&mut self, stream: &mut Stream, beginning: &Beginning, limits: &Limits) -> Result<Option<End>, Broken> {
        while !self.is_full(limits.batch_max) {
            match stream.peek().await.map_err(Broken::Source)? {
                None if beginning.is_file => return Ok(Some(End::Completed { line: beginning.line, at: None })),
                None => return Ok(Some(End::Cut { line: None })),
                Some(Line::Started(_)) => {
                    let line = stream.ahead().map_or(0, |(line, _)| line);
                    if beginning.is_file {
                        let error =
                            Error::invalid(format!("a `started` line, but line {} is an observation outside a scan", beginning.line));
                        return Err(Broken::Source(stream.error_at(line, error)));
                    }
                    return Ok(Some(End::Cut { line: Some(line) }));
                }
                Some(_) => {}
            }
            let Some(Placed { number, bytes, line, .. }) = stream.take() else { continue };
            match line {
                Line::Observation(seen) => {
                    let checked = self.check_time(seen.observation.observed_at, limits.now);
                    checked.map_err(|error| Broken::Source(stream.error_at(number, error)))?;
                    self.push(seen, bytes, limits.note_listed);
                }
                Line::Scope(report) => self.note_scope(report),
                Line::Completed { at } => {
                    let checked = match beginning.is_file {
                        true => Err(Error::invalid("`completed` without a `started` line before it")),
                        false => self.check_end(at, limits.now),
                    };
                    checked.map_err(|error| Broken::Source(stream.error_at(number, error)))?;
                    return Ok(Some(End::Completed { line: number, at }));
                }
                Line::Started(_) => {}
            }
        }
        Ok(None)
    }

    /// Adds an observation to the batch.
    pub(super) fn push(&mut self, seen: Seen, bytes: usize, note_listed: bool) {
        self.lines += 1;
        if !self.keys.insert(seen.key_hash) {
            self.duplicates += 1;
        }
        if self.is_known {
            return;
        }
        if note_listed {
            let scope = seen.observation.key.scope_str();
            if scope != self.last_listed {
                scope.clone_into(&mut self.last_listed);
                self.listed.insert(scope.to_owned());
            }
        }
        self.batch_bytes += bytes;
        self.batch.push(seen.observation);
    }

    /// Notes what the scan says about a scope.
    pub(super) fn note_scope(&mut self, report: ScopeReport) {
        note_scope(&mut self.scopes, report);
    }

    /// Whether the batch is to be committed.
    pub(super) fn is_full(&self, batch_max: usize) -> bool {
        self.batch.len() >= batch_max || self.batch_bytes >= BATCH_BYTES_MAX
    }

    fn take_batch(&mut self) -> Vec<Observation> {
        self.batch_bytes = 0;
        std::mem::take(&mut self.batch)
    }

    /// Checks the time of an observation, if it has its own.
    fn check_time(&mut self, at: Option<Timestamp>, now: Timestamp) -> Result<()> {
        let Some(at) = at else { return Ok(()) };
        check_time(at, now)?;
        if let Some(newest) = self.newest.filter(|newest| at < *newest) {
            return Err(Error::invalid(format!("time goes backwards: observed_at is {at}, but the scan had reached {newest}")));
        }
        self.newest = Some(at);
        Ok(())
    }

    fn check_end(&self, at: Option<Timestamp>, now: Timestamp) -> Result<()> {
        let Some(at) = at else { return Ok(()) };
        check_time(at, now)?;
        match self.newest.filter(|newest| at < *newest) {
            Some(newest) => Err(Error::invalid(format!("time goes backwards: completed at {at}, but the scan had reached {newest}"))),
            None => Ok(()),
        }
    }
}

/// Of two statements about a scope the worse holds.
pub(super) fn note_scope(scopes: &mut BTreeMap<Scope, ScopeReport>, report: ScopeReport) {
    match scopes.get_mut(&report.scope) {
        Some(known) if known.status >= report.status => {}
        Some(known) => *known = report,
        None => {
            scopes.insert(report.scope.clone(), report);
        }
    }
}

fn earliest(inputs: &[Input]) -> Option<usize> {
    let waiting = inputs.iter().enumerate().filter(|(_, input)| !matches!(input.turn, Turn::Done));
    waiting.min_by_key(|(place, input)| (input.at, *place)).map(|(place, _)| place)
}

fn outside(stream: &Stream) -> Error {
    let (line, what) = match stream.ahead() {
        Some((line, Line::Observation(_))) => (line, "an observation outside a scan, in a file that has `started` lines"),
        Some((line, Line::Scope(_))) => (line, "a `scope` line outside a scan"),
        Some((line, _)) => (line, "`completed` without a `started` line before it"),
        None => (0, "nothing"),
    };
    stream.error_at(line, Error::invalid(what))
}

fn scan_id_of(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    digest.iter().take(SCAN_ID_BYTES).fold("import-".to_owned(), |mut id, byte| {
        use std::fmt::Write;
        let _ = write!(id, "{byte:02x}");
        id
    })
}
