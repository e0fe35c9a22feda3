//! Questions to a history of scans, warm, on two threads: states at points of all ages, changes of ten scans, the history
//! of one resource, the violations of checks over all of it.
//!
//! `ELAVA_BENCH_STORE` names a store that is there (the fleet of `common`, say 100,000 resources and 400 scans); without
//! it a small one is made.
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

use std::path::PathBuf;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use elava::analysis::intervals::{Question, intervals};
use elava::model::Revision;
use elava::query::{HistorySource, Parameters, QuerySession, SessionOptions};
use elava::store::{LocalBackend, Snapshot, Store};
use futures::StreamExt;
use tokio::runtime::Runtime;

/// Resources and scans of the store that is made where none is named.
const SMALL: (usize, usize) = (5_000, 60);
/// Scans whose changes are asked for.
const SCANS: usize = 10;
/// Checks: of columns, of properties, and of what there is not.
const CHECKS: [(&str, &str); 3] = [
    ("columns", "SELECT resource_key, state AS reason FROM resources WHERE resource_type = 'aws_ebs_volume' AND state = 'stopped'"),
    ("properties", "SELECT resource_key, instance_type AS reason FROM aws_ec2_instance WHERE instance_type = 'm6i.8xlarge'"),
    (
        "not exists",
        "SELECT resource_key, vpc_id AS reason FROM aws_ec2_network_interface n WHERE NOT EXISTS \
         (SELECT 1 FROM aws_ec2_instance i WHERE i.vpc_id = n.vpc_id AND i.instance_state = 'running' AND i.account_id = n.account_id)",
    ),
];

struct Asked {
    runtime: Runtime,
    session: QuerySession,
}

impl Asked {
    /// Reads all rows of a statement.
    fn run(&mut self, sql: &str) -> usize {
        let session = &mut self.session;
        self.runtime.block_on(async {
            let mut rows = session.execute(sql).await.unwrap();
            let mut count = 0;
            while let Some(batch) = rows.next().await {
                count += batch.unwrap().num_rows();
            }
            count
        })
    }

    /// Finds when a check was violated.
    fn violations(&self, sql: &str, to: Revision) -> usize {
        let question = Question { sql, parameters: &Parameters::default(), lasting: None };
        self.runtime.block_on(async { intervals(&self.session, &question, 0, to, None).await.unwrap().violations.len() })
    }

    fn text(&mut self, sql: &str) -> String {
        let session = &mut self.session;
        let batches = self.runtime.block_on(async { session.execute(sql).await.unwrap().collect().await.unwrap() });
        arrow::util::display::array_value_to_string(batches[0].column(0), 0).unwrap()
    }
}

fn queries(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("ELAVA_BENCH_STORE").map(PathBuf::from).unwrap_or_else(|| {
        runtime.block_on(common::history(scratch.path(), 1, SMALL.0, SMALL.1));
        scratch.path().to_owned()
    });
    let snapshot: Arc<Snapshot> =
        runtime.block_on(async { Store::open(Arc::new(LocalBackend::new(&folder))).await.unwrap().snapshot().await.unwrap() });
    let ends = snapshot.scan_ends().to_vec();
    let options = SessionOptions { target_partitions: Some(2), ..SessionOptions::default() };
    let session = QuerySession::new(snapshot as Arc<dyn HistorySource>, options).unwrap();
    let mut asked = Asked { runtime, session };
    let scan = |percent: usize| (ends.len() - 1) * percent / 100;
    let mut ask = |group: &str, percent: usize, sql: &str| {
        criterion.bench_function(&format!("{group}/{percent}"), |bencher| bencher.iter(|| asked.run(sql)));
    };
    for percent in [1, 25, 50, 75, 100] {
        let at = ends[scan(percent)];
        ask("state grouped", percent, &format!("SELECT resource_type, region, count(*) FROM resources_as_of({at}) GROUP BY 1, 2"));
        ask("state with properties", percent, &format!("SELECT properties FROM resources_as_of({at})"));
        let to = scan(percent).max(SCANS.min(ends.len() - 1));
        let (from, to) = (ends[to - SCANS.min(to)], ends[to]);
        ask("changes", percent, &format!("SELECT revision, change, resource_key, changed_paths FROM changes({from}, {to})"));
        ask("changes with before and after", percent, &format!("SELECT * FROM changes({from}, {to})"));
    }
    for column in ["resource_key", "arn", "resource_id"] {
        let name = asked.text(&format!("SELECT {column} FROM resources ORDER BY resource_key LIMIT 1"));
        let sql = format!("SELECT * FROM history('{name}')");
        criterion.bench_function(&format!("history by {column}"), |bencher| bencher.iter(|| asked.run(&sql)));
    }
    let head = asked.session.view().head();
    for (name, sql) in CHECKS {
        criterion.bench_function(&format!("violations/{name}"), |bencher| bencher.iter(|| asked.violations(sql, head)));
    }
}

criterion_group!(benches, queries);
criterion_main!(benches);
