//! How long a store on a local disk takes to open after a year of hourly scans: all of it, and the decoding of its manifest.
//!
//! `cargo bench --bench open -- FOLDER [RESOURCES]` opens the store in a folder. Where there is none it makes one first: 8,760
//! scans of 100,000 resources, of which each is handed in what changed, and nothing of the rest. That takes long; with 1,000 resources
//! it takes a minute, and times, ends of scans and the length of the log are the same, since they are one for each scan.
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
use std::sync::Arc;
use std::time::{Duration, Instant};

use elava::store::{Backend, LocalBackend, Manifest, Store, TimeStep};

const SCANS: usize = 8760;
const RESOURCES: usize = 100_000;
const ROUNDS: usize = 21;
/// Times of observation in a scan of listings that come in one after the other; the scans made here have one each.
const STEPS: i64 = 50;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let folder = PathBuf::from(arguments.next().expect("the folder of a store"));
    let resources = arguments.next().map_or(RESOURCES, |resources| resources.parse().expect("a number of resources"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        if !folder.exists() {
            make(&folder, resources).await;
        }
        measure(&folder).await;
    });
}

async fn make(folder: &Path, resources: usize) {
    let writer = common::writer(folder).await;
    let mut fleet = common::Fleet::new(1, resources);
    common::scan(&writer, 0, fleet.observations()).await;
    for number in 1..SCANS {
        fleet.step((resources / 200).max(1));
        common::scan_of_changes(&writer, number, fleet.changed()).await;
    }
    writer.settle().await.expect("compacted");
}

async fn measure(folder: &Path) {
    let backend = || Arc::new(LocalBackend::new(folder)) as Arc<dyn Backend>;
    let opened = median(async || drop(Store::open(backend()).await.expect("a store"))).await;
    let snapshot = Store::open(backend()).await.expect("a store").snapshot().await.expect("a snapshot");
    let manifest = snapshot.manifest();
    let (bytes, _) = manifest.encode().expect("bytes");
    let decoded = median(async || drop(Manifest::decode(&bytes, manifest.number).expect("a manifest"))).await;
    let segments = std::fs::read_dir(folder.join("log")).expect("a log").count();
    let mut busy = manifest.clone();
    busy.index.times = manifest.index.times.iter().flat_map(|step| (0..STEPS).rev().map(move |ago| earlier(*step, ago))).collect();
    let (of_busy, _) = busy.encode().expect("bytes");
    let busy_decoded = median(async || drop(Manifest::decode(&of_busy, manifest.number).expect("a manifest"))).await;
    println!("{} revisions, {segments} segments, of which {} are in the tail", snapshot.head(), snapshot.tail_size().0);
    println!("{} epochs, {} files, {} ends of scans", manifest.epochs.len(), manifest.files().count(), manifest.index.scan_ends.len());
    println!("manifest: {} bytes, {} of JSON", bytes.len(), serde_json::to_vec(manifest).expect("JSON").len());
    println!("with {STEPS} times of observation for each: {} bytes, decoded in {busy_decoded:.1?}", of_busy.len());
    println!("opened in {opened:.1?}, the manifest decoded in {decoded:.1?}: medians of {ROUNDS}, from the page cache");
}

/// A step of time some seconds and revisions before another.
fn earlier(step: TimeStep, ago: i64) -> TimeStep {
    TimeStep { revision: step.revision - ago, at: step.at - ago * 1_234_567 }
}

async fn median(act: impl AsyncFn()) -> Duration {
    let mut spent = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        act().await;
        spent.push(began.elapsed());
    }
    spent.sort_unstable();
    spent[ROUNDS / 2]
}
