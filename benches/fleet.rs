//! A long history of a fleet, and what it costs: time, memory, bytes at rest, rows written.
//!
//! `cargo bench --bench fleet -- 400 [FOLDER]` writes 400 scans of 100,000 resources into a folder, which is kept, and prints
//! the figures. The other benches that read a history take its folder. `-- 1600 FOLDER changes` hands in only what changed, in all
//! scans but the first and the last: the same versions and epochs in a tenth of the time, for what reads no observations.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it cannot go on"
)]

mod common;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use elava::store::CompactOptions;
use parquet::file::reader::{FileReader, SerializedFileReader};

const RESOURCES: usize = 100_000;
const FOLDERS: [&str; 6] = ["log", "manifest", "versions", "closings", "observations", "entries"];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let scans: usize = arguments.next().map_or(400, |scans| scans.parse().expect("a number of scans"));
    let folder = arguments.next().map_or_else(|| PathBuf::from(format!("target/fleet-{scans}")), PathBuf::from);
    let only_changes = arguments.next().is_some_and(|word| word == "changes");
    assert!(!folder.exists(), "{} is there already", folder.display());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(&folder, scans, only_changes));
}

async fn measure(folder: &Path, scans: usize, only_changes: bool) {
    let writer = common::writer(folder).await;
    let mut fleet = common::Fleet::new(1, RESOURCES);
    let (mut spent, mut observations) = (Duration::ZERO, 0);
    for number in 0..scans {
        if number > 0 {
            fleet.step(RESOURCES / 200);
        }
        let only_changes = only_changes && number > 0;
        observations += if only_changes { fleet.changed() } else { fleet.observations() }.len();
        let began = Instant::now();
        match only_changes {
            true => common::scan_of_changes(&writer, number, fleet.changed()).await,
            false => common::scan(&writer, number, fleet.observations()).await,
        }
        spent += began.elapsed();
    }
    let began = Instant::now();
    writer.settle().await.expect("compacted");
    let settled = began.elapsed();
    let written = rows_written(folder);
    writer.compact(CompactOptions::default()).await.expect("compacted");
    // The newest header has to name the newest manifest before what that one replaced may go: so twice.
    for extra in scans..scans + 2 {
        common::scan(&writer, extra, fleet.observations()).await;
        writer.compact(CompactOptions { grace: Duration::ZERO }).await.expect("swept");
    }
    let history = writer.history().await.expect("a history");
    let versions = history.index.head;
    let sizes = FOLDERS.map(|name| (name, bytes_of(&folder.join(name))));
    println!("scans {scans}, observations {versions}");
    println!(
        "append: {:.0} observations a second, {:.1} s, then {:.1} s of compaction",
        observations as f64 / spent.as_secs_f64(),
        spent.as_secs_f64(),
        settled.as_secs_f64()
    );
    for (name, bytes) in sizes {
        println!("{name}: {bytes} bytes, {:.4} an observation", bytes as f64 / versions as f64);
    }
    let narrow: u64 = sizes.iter().filter(|(name, _)| !matches!(*name, "versions" | "closings")).map(|(_, bytes)| bytes).sum();
    println!("without versions and closings: {:.4} bytes an observation", narrow as f64 / versions as f64);
    let distinct: u64 = RESOURCES as u64 + (scans as u64 - 1) * (RESOURCES as u64 / 200);
    for (table, (rows, files)) in ["versions", "changes"].iter().zip(written) {
        println!("rows of {table} written: {rows} in {files} files, {:.2} for each of about {distinct}", rows as f64 / distinct as f64);
    }
    println!("peak memory, the generator included: {} MiB", peak_memory_mib());
}

/// The rows and files of versions and of changes that are still there: before the grace period is over those are all that were
/// written.
fn rows_written(folder: &Path) -> [(i64, usize); 2] {
    let (changes, versions): (Vec<PathBuf>, Vec<PathBuf>) = entries(&folder.join("versions"))
        .into_iter()
        .partition(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("changes-")));
    [versions, changes].map(|files| {
        let rows = files.iter().map(|file| {
            let file = std::fs::File::open(file).expect("a file");
            SerializedFileReader::new(file).expect("a Parquet file").metadata().file_metadata().num_rows()
        });
        (rows.sum(), files.len())
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

fn bytes_of(folder: &Path) -> u64 {
    entries(folder).iter().map(|file| file.metadata().expect("a file").len()).sum()
}

fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}
