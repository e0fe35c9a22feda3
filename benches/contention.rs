//! How long commits take, and how many there are, when several writers are busy in one store.
//!
//! `cargo bench --bench contention`. First in memory, with latencies, in time that is made up (nearly the same numbers on every machine):
//! 60 ms for a write and 25 ms for a read, where the write is done half way, and where it is done at the end. Then, if
//! `ELAVA_TEST_PYTHON` names a Python that has it, on a SeaweedFS server behind a proxy that makes every request take 60 ms longer.
//! *Busy*: each writer hands in a batch as soon as the one before is durable. *A second*: one batch each second.
//!
//! `cargo bench --bench contention -- server 1 8` measures on the server alone (`memory`: in memory alone), 1 and 8 writers.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it cannot go on"
)]
#![allow(dead_code, reason = "it uses some of what the tests share")]

#[path = "../tests/it/support/busy.rs"]
mod busy;
#[path = "../tests/it/support/fault_backend.rs"]
mod fault_backend;
#[path = "../tests/it/support/fault_proxy.rs"]
mod fault_proxy;
#[path = "../tests/it/support/memory.rs"]
mod memory;
#[path = "../tests/it/support/slow_backend.rs"]
mod slow_backend;
#[path = "../tests/it/support/virtual_time.rs"]
mod virtual_time;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use elava::clock::{Clock, SystemClock};
use elava::store::{Backend, Bucket, BucketUrl, ObjectBackend};
use object_store::aws::AmazonS3Builder;

use busy::{Load, Outcome, run};
use fault_backend::FaultBackend;
use fault_proxy::FaultProxy;
use slow_backend::{SlowBackend, Slowness};
use virtual_time::VirtualTime;

const LATENCY: Duration = Duration::from_millis(60);
const READ: Duration = Duration::from_millis(25);
/// Each run on the server is made so often.
const RUNS: usize = 3;

const LOADS: [Load; 6] = [
    Load { writers: 1, batches: 60, every: None },
    Load { writers: 2, batches: 60, every: None },
    Load { writers: 8, batches: 30, every: None },
    Load { writers: 32, batches: 10, every: None },
    Load { writers: 2, batches: 20, every: Some(Duration::from_secs(1)) },
    Load { writers: 8, batches: 20, every: Some(Duration::from_secs(1)) },
];

fn tell(load: Load, outcome: &Outcome, refused: usize, reads: usize) {
    let (commits, pace) = (outcome.commits.len(), if load.every.is_some() { "a second" } else { "busy" });
    println!(
        "{:2} writers, {pace:8}: p50 {:5} ms, p99 {:5} ms, {:5.1} commits/s, {:.2} refused creates and {:.1} reads a commit",
        load.writers,
        outcome.percentile(50).as_millis(),
        outcome.percentile(99).as_millis(),
        outcome.a_second(),
        refused as f64 / commits as f64,
        reads as f64 / commits as f64,
    );
}

/// The loads of the numbers of writers that are named on the command line; all if none is.
fn loads() -> Vec<Load> {
    let named: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    LOADS.into_iter().filter(|load| named.is_empty() || named.contains(&load.writers)).collect()
}

fn in_memory(done_at: f64) {
    println!("in memory, a write is done after {:.0} % of its 60 ms:", done_at * 100.0);
    for load in loads() {
        let (time, runtime) = VirtualTime::new();
        runtime.block_on(async {
            let clock: Arc<dyn Clock> = time;
            let slowness = Slowness { write: LATENCY, read: READ, done_at, seed: 1 };
            let backend = Arc::new(SlowBackend::new(FaultBackend::forgetful(), Arc::clone(&clock), slowness));
            let outcome = run(&|| Arc::clone(&backend) as Arc<dyn Backend>, clock, load).await;
            let writes = outcome.commits.len() + backend.refused();
            tell(load, &outcome, backend.refused(), backend.requests() as usize - writes);
        });
    }
}

/// A server, which ends with its standard input, that is, with this process.
fn server(python: &str) -> (Child, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/buckets/seaweedfs.py");
    let mut process = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    (process, told["endpoint"].as_str().unwrap().to_owned())
}

async fn make_bucket(endpoint: &str) {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new("testing", "testing-secret", None, None, "bench"));
    aws_sdk_s3::Client::from_conf(config.build()).create_bucket().bucket("stores").send().await.unwrap();
}

fn backend(endpoint: &str, store: &str) -> Arc<dyn Backend> {
    let builder = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_access_key_id("testing")
        .with_secret_access_key("testing-secret");
    let url = BucketUrl::parse(&format!("s3://stores/{store}")).unwrap();
    Arc::new(ObjectBackend::new(url, Bucket::S3(Box::new(builder)), std::env::temp_dir()).unwrap())
}

fn on_a_server(python: &str) {
    let (_server, endpoint) = server(python);
    let proxy = FaultProxy::before(&endpoint);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(make_bucket(&endpoint));
    proxy.set_latency(LATENCY);
    println!("on SeaweedFS, every request takes 60 ms longer, {RUNS} runs:");
    for load in loads() {
        for number in 0..RUNS {
            let every = load.every.map_or(0, |every| every.as_millis());
            let store = format!("{}-{every}-{number}", load.writers);
            proxy.requests();
            let outcome = runtime.block_on(run(&|| backend(proxy.endpoint(), &store), Arc::new(SystemClock), load));
            let requests = proxy.requests();
            let of = |start: &str| requests.iter().filter(|request| request.starts_with(start) && request.contains("/log/")).count();
            // Beside the batches each writer has begun a scan, and one has made the store.
            let written = outcome.commits.len() + load.writers + 1;
            tell(load, &outcome, of("PUT ").saturating_sub(written), of("GET "));
        }
    }
}

fn main() {
    let is_named = |storage: &str| std::env::args().any(|word| word == storage);
    if !is_named("server") {
        in_memory(0.5);
        in_memory(1.0);
    }
    if is_named("memory") {
        return;
    }
    match std::env::var("ELAVA_TEST_PYTHON") {
        Ok(python) => on_a_server(&python),
        Err(_) => println!("ELAVA_TEST_PYTHON names no Python: nothing is measured on a server"),
    }
}
