//! Imports into a store in a temporary folder, and what each bad line is answered with.

mod chunks;
mod documents;
mod lines;
mod scans;

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::concat_batches;
use arrow::util::pretty::pretty_format_batches;

use super::*;
use crate::clock::ManualClock;
use crate::store::{History, LocalBackend};

/// The time of all tests.
const NOW: &str = "2026-12-01T00:00:00Z";
/// So small that every test has several batches.
const BATCH_MAX: usize = 4;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

async fn writer_at(folder: &Path, now: &str) -> Writer {
    Writer::open(Arc::new(LocalBackend::new(folder.join("store"))), Arc::new(ManualClock::at(time(now)))).await.unwrap()
}

/// A text as a stream.
fn stream(text: &str) -> Source {
    Source::reader("test", Cursor::new(text.to_owned()))
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> Source {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    Source::path(path)
}

struct Done {
    report: Result<ImportReport>,
    events: Vec<ImportEvent>,
}

impl Done {
    fn report(&self) -> &ImportReport {
        self.report.as_ref().unwrap()
    }

    fn error(&self) -> String {
        self.report.as_ref().unwrap_err().to_string()
    }

    fn warnings(&self) -> Vec<&str> {
        let warnings = self.events.iter().filter_map(|event| match event {
            ImportEvent::Warning(text) => Some(text.as_str()),
            _ => None,
        });
        warnings.collect()
    }

    fn ranges(&self) -> Vec<(String, i64, i64)> {
        let ranges = self.events.iter().filter_map(|event| match event {
            ImportEvent::Committed { scan_id, first_revision, last_revision } => {
                Some((scan_id.to_string(), *first_revision, *last_revision))
            }
            _ => None,
        });
        ranges.collect()
    }
}

async fn run(writer: &Writer, sources: Vec<Source>, options: &ImportOptions) -> Done {
    let mut events = Vec::new();
    let report = import_in_batches(writer, sources, options, &mut |event| events.push(event), BATCH_MAX).await;
    Done { report, events }
}

/// Imports a text into a fresh store.
async fn import_text(text: &str, options: &ImportOptions) -> (Done, Facts, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let done = run(&writer, vec![stream(text)], options).await;
    let facts = facts(&writer).await;
    (done, facts, folder)
}

/// What a store holds, whatever the batches.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    /// One word per observation.
    changes: Vec<String>,
    /// Observations and versions as tables.
    tables: String,
    /// Kind, scan and status of the entries, without batches.
    entries: Vec<String>,
}

async fn facts(writer: &Writer) -> Facts {
    facts_of(&writer.history().await.unwrap())
}

fn facts_of(history: &History) -> Facts {
    let (mut observations, mut versions, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for segment in &history.tail {
        observations.push(segment.observations().unwrap());
        versions.push(segment.versions.clone());
        let column = |name: &str| segment.entries.column_by_name(name).unwrap().as_string_view().clone();
        let (kinds, scans, statuses) = (column("entry"), column("scan_id"), column("status"));
        for row in 0..segment.entries.num_rows() {
            if !["resource_observed", "setting_changed"].contains(&kinds.value(row)) {
                entries.push(format!("{} {} {}", kinds.value(row), scans.value(row), statuses.value(row)).trim_end().to_owned());
            }
        }
    }
    let observations = concat_batches(&observations[0].schema(), &observations).unwrap();
    let versions = concat_batches(&versions[0].schema(), &versions).unwrap();
    let changes =
        observations.column_by_name("change").map(|column| arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8View).unwrap());
    let changes = changes.map(|column| column.as_string_view().iter().map(|change| change.unwrap().to_owned()).collect());
    Facts {
        changes: changes.unwrap_or_default(),
        tables: pretty_format_batches(&[observations]).unwrap().to_string() + &pretty_format_batches(&[versions]).unwrap().to_string(),
        entries,
    }
}

fn started(scan_id: &str, at: &str) -> String {
    format!("{{\"scan\":\"started\",\"scan_id\":\"{scan_id}\",\"provider\":\"aws\",\"at\":\"{at}\"}}\n")
}

fn seen(id: &str, more: &str) -> String {
    format!(
        "{{\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"eu\",\"resource_type\":\"aws_vpc\",\"resource_id\":\"{id}\"{more}}}\n"
    )
}

const COVERED: &str = "{\"scan\":\"scope\",\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"eu\",\"resource_type\":\"aws_vpc\",\"status\":\"complete\"}\n";
const COMPLETED: &str = "{\"scan\":\"completed\"}\n";

/// A whole scan of VPCs.
fn scan(scan_id: &str, at: &str, ids: &[&str]) -> String {
    let lines: String = ids.iter().map(|id| seen(id, "")).collect();
    started(scan_id, at) + &lines + COVERED + COMPLETED
}

/// A stream that breaks.
struct Breaks(Cursor<String>);

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::other("the cable was pulled")),
            read => Ok(read),
        }
    }
}
