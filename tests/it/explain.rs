//! What is read: plans name the files and the predicates that prune them, and what was run tells how much it pruned.

use std::collections::BTreeSet;
use std::sync::Arc;

use elava::query::QuerySession;
use elava::store::{Snapshot, Store};

use crate::support::{Scratch, rows, session};
use crate::verify::store;

/// Epochs of fewer rows are never cut in this store.
const EPOCH_ROWS_MIN: u64 = 8;

async fn plan(session: &mut QuerySession, explain: &str, sql: &str) -> String {
    let lines = rows(session, &format!("{explain} {sql}")).await;
    lines.iter().map(|line| line["plan"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The data files that a plan names.
fn files(plan: &str) -> BTreeSet<String> {
    let names = plan.split(['[', ']', ' ', ',', ':']).filter(|word| word.ends_with(".parquet"));
    names.map(str::to_owned).collect()
}

/// The two numbers of a metric `name=A total → B matched`, over all nodes that have it.
fn pruned(plan: &str, metric: &str) -> (u64, u64) {
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().unwrap();
    plan.match_indices(&format!("{metric}=")).fold((0, 0), |(total, matched), (at, name)| {
        let told = &plan[at + name.len()..];
        (total + number(told), matched + number(told.split("→ ").nth(1).unwrap()))
    })
}

async fn snapshot(scratch: &Scratch) -> Arc<Snapshot> {
    let _writer = store(scratch).await;
    Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_read_from_one_epoch_and_changes_from_those_they_are_in() {
    let scratch = Scratch::new();
    let snapshot = snapshot(&scratch).await;
    let mut session = session(&snapshot, None);
    for epoch in snapshot.epochs().iter().filter(|epoch| epoch.end.is_some()) {
        let names: BTreeSet<String> = epoch.files.iter().map(|file| file.name.clone()).collect();
        let (inside, end) = (epoch.start + 1, epoch.end.unwrap());
        let state = plan(&mut session, "EXPLAIN", &format!("SELECT * FROM resources_as_of({inside})")).await;
        assert_eq!(files(&state), names, "{state}");
        assert!(state.contains("pruning_predicate=valid_from_revision_null_count"), "{state}");
        let changes = plan(&mut session, "EXPLAIN", &format!("SELECT * FROM changes({inside}, {end})")).await;
        assert_eq!(files(&changes), names, "{changes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_at_the_end_of_a_scan_reads_at_most_half_as_many_rows_again_as_are_alive() {
    let scratch = Scratch::new();
    let snapshot = snapshot(&scratch).await;
    let mut session = session(&snapshot, None);
    for end in snapshot.scan_ends() {
        let state = format!("SELECT resource_key FROM resources_as_of({end})");
        let alive = rows(&mut session, &state).await.len() as u64;
        let read: u64 = snapshot.epochs().iter().filter(|epoch| epoch.start <= *end && epoch.end.is_none_or(|last| *end <= last)).map(|epoch| epoch.files.iter().map(|file| file.rows).sum()).min().unwrap();
        assert!(read <= EPOCH_ROWS_MIN.max(alive * 3 / 2), "{read} rows for {alive} alive at {end}");
        let analyzed = plan(&mut session, "EXPLAIN ANALYZE", &state).await;
        assert!(files(&analyzed).len() <= 8, "{analyzed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn observations_are_counted_without_reading_them() {
    let scratch = Scratch::new();
    let snapshot = snapshot(&scratch).await;
    let mut session = session(&snapshot, None);
    let sql = "SELECT count(*) FROM observations";
    let count = plan(&mut session, "EXPLAIN", sql).await;
    assert!(!snapshot.observation_files().is_empty() && files(&count).is_empty(), "{count}");
    assert_eq!(rows(&mut session, sql).await[0]["count(*)"], snapshot.observation_count());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_pruned_by_what_identifies_a_resource() {
    let scratch = Scratch::new();
    let snapshot = snapshot(&scratch).await;
    let mut session = session(&snapshot, None);
    let inside = snapshot.epochs()[0].start + 1;
    for filter in ["resource_type = 'aws_vpc'", "account_id = '2'", "region = 'q'", "provider = 'gcp'", "resource_key = 'aws/2/r/aws_test/i-1'"] {
        let sql = format!("SELECT name FROM resources_as_of({inside}) WHERE {filter}");
        let analyzed = plan(&mut session, "EXPLAIN ANALYZE", &sql).await;
        let (files, left) = pruned(&analyzed, "files_ranges_pruned_statistics");
        assert!(files > 0 && left == 0, "{filter}: {analyzed}");
    }
    // Within the bounds of the ids, but none of them.
    let sql = format!("SELECT name FROM resources_as_of({inside}) WHERE resource_id = 'i-10x'");
    let analyzed = plan(&mut session, "EXPLAIN ANALYZE", &sql).await;
    let (groups, left) = pruned(&analyzed, "row_groups_pruned_bloom_filter");
    assert!(groups > 0 && left == 0, "{analyzed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn observations_outside_a_scope_are_not_read() {
    let scratch = Scratch::new();
    let snapshot = snapshot(&scratch).await;
    let mut session = session(&snapshot, None);
    let sql = "SELECT count(*) FROM observations WHERE region = 'q'";
    let analyzed = plan(&mut session, "EXPLAIN ANALYZE", sql).await;
    let (files, left) = pruned(&analyzed, "files_ranges_pruned_statistics");
    assert!(files > 0 && left == 0, "{analyzed}");
}
