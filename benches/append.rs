//! How many observations a second become durable: a fleet of 100,000 resources seen again, unchanged or all changed.
//!
//! `cargo bench --bench append`. Each iteration is one whole scan, its start, end and coverage included.
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

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use elava::model::{Observation, Sighting};
use elava::store::Writer;
use futures::future::try_join_all;

const RESOURCES: usize = 100_000;

/// One complete scan; pages are handed in one after the other, or so many at once, as scopes that are scanned in parallel do.
async fn scan(writer: &Writer, number: usize, observations: &[Observation], page: usize, at_once: usize) -> Duration {
    let session = common::begin(writer, number).await;
    let pages: Vec<Vec<Observation>> = observations.chunks(page).map(<[Observation]>::to_vec).collect();
    let mut pages = pages.into_iter();
    let began = Instant::now();
    loop {
        let group: Vec<_> = pages.by_ref().take(at_once).map(|page| session.observe(page)).collect();
        if group.is_empty() {
            break;
        }
        try_join_all(group).await.expect("durable");
    }
    let took = began.elapsed();
    session.complete(Some(common::at(number)), common::reports()).await.expect("complete");
    took
}

/// The same fleet with one field of every resource changed.
fn altered(observations: &[Observation], number: usize) -> Vec<Observation> {
    let alter = |observation: &Observation| {
        let Sighting::Present(content, _) = &observation.sighting else { panic!("a fleet has no deletions") };
        let mut content = (**content).clone();
        content.name = Some(format!("renamed-{number}").into());
        let hash = content.hash(None);
        Observation { sighting: Sighting::Present(content.into(), hash), ..observation.clone() }
    };
    observations.iter().map(alter).collect()
}

fn append(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let fleet = common::Fleet::new(1, RESOURCES);
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(RESOURCES as u64)).sample_size(10);
    for (name, page, at_once) in
        [("pages of 10,000", 10_000, 1), ("pages of 1,000, 10 at once", 1_000, 10), ("pages of 100,000", 100_000, 1)]
    {
        let folder = tempfile::TempDir::new().expect("a folder");
        let writer = runtime.block_on(common::writer(folder.path()));
        let mut number = 0;
        runtime.block_on(scan(&writer, number, fleet.observations(), page, at_once));
        group.bench_function(format!("unchanged, {name}"), |bencher| {
            bencher.iter_custom(|times| {
                (0..times)
                    .map(|_| {
                        number += 1;
                        runtime.block_on(scan(&writer, number, fleet.observations(), page, at_once))
                    })
                    .sum()
            });
        });
    }
    for (name, page) in [("pages of 10,000", 10_000), ("pages of 100,000", 100_000)] {
        let folder = tempfile::TempDir::new().expect("a folder");
        let writer = runtime.block_on(common::writer(folder.path()));
        let mut number = 0;
        runtime.block_on(scan(&writer, number, fleet.observations(), page, 1));
        group.bench_function(format!("changed, {name}"), |bencher| {
            bencher.iter_custom(|times| {
                (0..times)
                    .map(|_| {
                        number += 1;
                        let observations = altered(fleet.observations(), number);
                        let took = runtime.block_on(scan(&writer, number, &observations, page, 1));
                        runtime.block_on(writer.settle()).expect("compacted");
                        took
                    })
                    .sum()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);
