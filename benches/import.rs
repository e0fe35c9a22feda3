//! How many observations a second `elava import` makes durable: files of four complete scans of a fleet of 100,000
//! resources, of which 0.5 % change from scan to scan, into a store that has the fleet already; and the first scan alone.
//!
//! `cargo bench --bench import`. Each iteration imports one file, about 100 MB a scan; making the files is not counted.
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

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use elava::ingest::{ImportOptions, Source, import};
use elava::store::Writer;

const RESOURCES: usize = 100_000;
const CHANGES: usize = RESOURCES / 200;
const SCANS: usize = 4;

async fn import_file(writer: &Writer, path: &Path, lines: u64) -> Duration {
    let began = Instant::now();
    let report = import(writer, vec![Source::path(path)], &ImportOptions::default(), &mut |_| {}).await.expect("a sound file");
    let took = began.elapsed();
    assert_eq!(report.lines, lines);
    took
}

/// Writes scans from a number on, the fleet changing before each but the very first. The number of observations.
fn write_scans(path: &Path, fleet: &mut common::Fleet, first: usize, scans: usize) -> u64 {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let mut lines = 0;
    for number in first..first + scans {
        if number > 0 {
            fleet.step(CHANGES);
        }
        lines += fleet.observations().len() as u64;
        file.write_all(fleet.lines(number).as_bytes()).expect("room for the file");
    }
    file.flush().expect("room for the file");
    lines
}

fn imports(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("scans.ndjson");
    let mut group = criterion.benchmark_group("import");
    group.sample_size(10);

    let mut fleet = common::Fleet::new(1, RESOURCES);
    let lines = write_scans(&file, &mut fleet, 0, 1);
    group.throughput(Throughput::Elements(lines));
    group.bench_function("first scan", |bencher| {
        bencher.iter_custom(|times| {
            let once = |_| {
                let store = tempfile::TempDir::new().expect("a folder");
                runtime.block_on(async { import_file(&common::writer(store.path()).await, &file, lines).await })
            };
            (0..times).map(once).sum()
        });
    });

    let store = tempfile::TempDir::new().expect("a folder");
    let writer = runtime.block_on(common::writer(store.path()));
    runtime.block_on(import_file(&writer, &file, lines));
    let mut next = 1;
    group.throughput(Throughput::Elements((RESOURCES * SCANS) as u64));
    group.bench_function("four scans, 0.5 % changed", |bencher| {
        bencher.iter_custom(|times| {
            let mut once = |_| {
                let lines = write_scans(&file, &mut fleet, next, SCANS);
                next += SCANS;
                runtime.block_on(import_file(&writer, &file, lines))
            };
            (0..times).map(&mut once).sum()
        });
    });
    group.finish();
}

criterion_group!(benches, imports);
criterion_main!(benches);
