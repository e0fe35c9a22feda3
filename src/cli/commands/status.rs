//! `elava status`

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::cli::args::StatusArgs;
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, Result};
use crate::notify::{Outbox, Waiting};
use crate::store::{DataFile, FORMAT_VERSION, Listed, Snapshot, each_once};

/// What there is to tell.
#[derive(Debug, Serialize)]
struct Status {
    store: String,
    store_id: String,
    format_version: u32,
    head: i64,
    head_time: Option<String>,
    floor: i64,
    scans_ended: usize,
    scans_running: usize,
    tags: usize,
    /// Messages that wait to be delivered, by target.
    outbox: BTreeMap<String, usize>,
    epochs: usize,
    tables: Tables,
    log: Segments,
    /// The part of the log that is in no table yet.
    tail: Segments,
    observations: i64,
    /// What keeping all observations costs beside the versions: their files, the audit log's and the log, by observations.
    bytes_per_observation: Option<f64>,
    last_segment: u64,
    /// `elava verify --head` proves that nothing before it was altered.
    last_segment_hash: String,
}

/// The files of each table.
#[derive(Debug, Serialize)]
struct Tables {
    versions: Size,
    changes: Size,
    closings: Size,
    observations: Size,
    entries: Size,
}

/// Files of one table.
#[derive(Debug, Default, Serialize)]
struct Size {
    files: usize,
    rows: u64,
    bytes: u64,
}

/// Segments of the log; those whose observations are in tables are headers.
#[derive(Debug, Serialize)]
struct Segments {
    segments: usize,
    bytes: u64,
}

/// Tells what the store holds.
///
/// # Errors
/// `NotFound` if there is no store, `Corrupt` if it is damaged.
pub async fn run(args: StatusArgs, context: &Context) -> Result<ExitStatus> {
    let store = open::reader(&context.settings).await?;
    let (snapshot, backend) = (store.snapshot().await?, store.history().await.backend);
    let log = backend.list("log", "").await?;
    let status = Status::of(&snapshot, &log, &Outbox::new(backend).waiting().await?);
    let text = if args.json {
        let json = serde_json::to_string(&status).map_err(|error| Error::internal("encode the status").with_source(error))?;
        format!("{json}\n")
    } else {
        status.for_people(&context.settings.daemon.targets.iter().map(|target| target.name.as_str()).collect())
    };
    context.printer.data(&text)?;
    Ok(ExitStatus::Done)
}

impl Status {
    fn of(snapshot: &Snapshot, log: &[Listed], waiting: &[Waiting]) -> Self {
        let (tail_segments, tail_bytes) = snapshot.tail_size();
        let (last_segment, hash) = snapshot.last_segment();
        let running = snapshot.index().open_scans.values().filter(|scan| !scan.failed);
        let epochs = snapshot.epochs();
        let tables = Tables {
            versions: Size::of(each_once(epochs.iter().flat_map(|epoch| &epoch.files))),
            changes: Size::of(snapshot.change_files()),
            closings: Size::of(epochs.iter().filter_map(|epoch| epoch.closings.as_ref())),
            observations: Size::of(snapshot.observation_files()),
            entries: Size::of(snapshot.entry_files()),
        };
        let log_bytes = log.iter().map(|segment| segment.bytes).sum();
        let observations = snapshot.observation_count();
        let bytes = tables.observations.bytes + tables.entries.bytes + log_bytes;
        Self {
            store: snapshot.location(),
            store_id: snapshot.store_id().to_string(),
            format_version: u32::from(FORMAT_VERSION),
            head: snapshot.head(),
            head_time: snapshot.head_time().map(|time| time.to_string()),
            floor: snapshot.floor(),
            scans_ended: snapshot.scan_ends().len(),
            scans_running: running.count(),
            tags: snapshot.tags().count(),
            outbox: counted(waiting),
            epochs: epochs.len(),
            tables,
            log: Segments { segments: log.len(), bytes: log_bytes },
            tail: Segments { segments: tail_segments, bytes: tail_bytes },
            observations,
            bytes_per_observation: (observations > 0).then(|| bytes as f64 / observations as f64),
            last_segment,
            last_segment_hash: hash.to_owned(),
        }
    }

    /// A line for each thing; of messages it is said which are for none of the targets.
    fn for_people(&self, targets: &BTreeSet<&str>) -> String {
        let head = match &self.head_time {
            Some(time) => format!("revision {} at {time}", self.head),
            None => "revision 0: nothing was observed yet".to_owned(),
        };
        let each = self.bytes_per_observation.map_or(String::new(), |bytes| format!(", {bytes:.2} bytes each with log and audit log"));
        let lines = [
            ("store", self.store.clone()),
            ("store id", self.store_id.clone()),
            ("format", format!("version {}", self.format_version)),
            ("head", head),
            ("floor", format!("revision {}", self.floor)),
            ("scans", format!("{} ended, {} running", self.scans_ended, self.scans_running)),
            ("tags", self.tags.to_string()),
            ("outbox", outbox_in_words(&self.outbox, targets)),
            ("versions", format!("{} in {} epochs", self.tables.versions, self.epochs)),
            ("changes", self.tables.changes.to_string()),
            ("closings", self.tables.closings.to_string()),
            ("observations", format!("{}{each}", self.tables.observations)),
            ("audit log", self.tables.entries.to_string()),
            ("log", self.log.to_string()),
            ("not compacted", self.tail.to_string()),
            ("last segment", format!("{}, {}", self.last_segment, self.last_segment_hash)),
        ];
        lines.iter().map(|(name, value)| format!("{name:<14} {value}\n")).collect()
    }
}

fn counted(waiting: &[Waiting]) -> BTreeMap<String, usize> {
    let mut outbox = BTreeMap::new();
    waiting.iter().for_each(|waiting| *outbox.entry(waiting.target.clone()).or_default() += 1);
    outbox
}

/// `3 messages wait (chat 1, ops 2)`.
fn outbox_in_words(outbox: &BTreeMap<String, usize>, targets: &BTreeSet<&str>) -> String {
    let words = |(target, count): (&String, &usize)| {
        let unknown = if targets.contains(target.as_str()) { "" } else { " that these settings do not name" };
        format!("{target} {count}{unknown}")
    };
    let targets: Vec<String> = outbox.iter().map(words).collect();
    match outbox.values().sum::<usize>() {
        0 => "no message waits".to_owned(),
        1 => format!("1 message waits ({})", targets.join(", ")),
        count => format!("{count} messages wait ({})", targets.join(", ")),
    }
}

impl Size {
    fn of<'a>(files: impl IntoIterator<Item = &'a DataFile>) -> Self {
        files.into_iter().fold(Self::default(), |size, file| Self {
            files: size.files + 1,
            rows: size.rows + file.rows,
            bytes: size.bytes + file.bytes,
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} rows, {} bytes in {} files", self.rows, self.bytes, self.files)
    }
}

impl fmt::Display for Segments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} segments, {} bytes", self.segments, self.bytes)
    }
}
