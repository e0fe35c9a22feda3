//! `elava status`

use serde::Serialize;

use crate::cli::args::StatusArgs;
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, Result};
use crate::store::{DataFile, FORMAT_VERSION, Snapshot};

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
    epochs: usize,
    files: usize,
    file_bytes: u64,
    tail_segments: usize,
    tail_bytes: u64,
    last_segment: u64,
    /// `elava verify --head` proves that nothing before it was altered.
    last_segment_hash: String,
}

/// Tells what the store holds.
///
/// # Errors
/// `NotFound` if there is no store, `Corrupt` if it is damaged.
pub async fn run(args: StatusArgs, context: &Context) -> Result<ExitStatus> {
    let snapshot = open::reader(&context.settings).await?.snapshot().await?;
    let status = Status::of(&snapshot);
    let text = if args.json {
        let json = serde_json::to_string(&status).map_err(|error| Error::internal("encode the status").with_source(error))?;
        format!("{json}\n")
    } else {
        status.for_people()
    };
    context.printer.data(&text)?;
    Ok(ExitStatus::Done)
}

impl Status {
    fn of(snapshot: &Snapshot) -> Self {
        let epochs = snapshot.epochs();
        let closings = epochs.iter().filter_map(|epoch| epoch.closings.as_ref());
        let files =
            epochs.iter().flat_map(|epoch| &epoch.files).chain(closings).chain(snapshot.observation_files()).chain(snapshot.entry_files());
        let files: Vec<&DataFile> = files.collect();
        let (tail_segments, tail_bytes) = snapshot.tail_size();
        let (last_segment, hash) = snapshot.last_segment();
        let running = snapshot.index().open_scans.values().filter(|scan| !scan.failed);
        Self {
            store: snapshot.location().to_owned(),
            store_id: snapshot.store_id().to_string(),
            format_version: u32::from(FORMAT_VERSION),
            head: snapshot.head(),
            head_time: snapshot.head_time().map(|time| time.to_string()),
            floor: snapshot.floor(),
            scans_ended: snapshot.scan_ends().len(),
            scans_running: running.count(),
            tags: snapshot.tags().count(),
            epochs: epochs.len(),
            files: files.len(),
            file_bytes: files.iter().map(|file| file.bytes).sum(),
            tail_segments,
            tail_bytes,
            last_segment,
            last_segment_hash: hash.to_owned(),
        }
    }

    fn for_people(&self) -> String {
        let head = match &self.head_time {
            Some(time) => format!("revision {} at {time}", self.head),
            None => "revision 0: nothing was observed yet".to_owned(),
        };
        let lines = [
            ("store", self.store.clone()),
            ("store id", self.store_id.clone()),
            ("format", format!("version {}", self.format_version)),
            ("head", head),
            ("floor", format!("revision {}", self.floor)),
            ("scans", format!("{} ended, {} running", self.scans_ended, self.scans_running)),
            ("tags", self.tags.to_string()),
            ("tables", format!("{} files in {} epochs, {} bytes", self.files, self.epochs, self.file_bytes)),
            ("not compacted", format!("{} segments, {} bytes", self.tail_segments, self.tail_bytes)),
            ("last segment", format!("{}, {}", self.last_segment, self.last_segment_hash)),
        ];
        lines.iter().map(|(name, value)| format!("{name:<14} {value}\n")).collect()
    }
}
