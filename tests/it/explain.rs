//! What is read: plans name the files and the predicates that prune them, and what was run tells how much it pruned.

use std::collections::BTreeSet;
use std::sync::Arc;

use elava::ingest::{ImportOptions, Source, import};
use elava::query::QuerySession;
use elava::store::{CompactOptions, DataFile, Snapshot, Store, StoreSettings, Writer};

use crate::support::{Scratch, clock, rows, session};
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

/// What a metric counts, over all nodes that have it. Above 999 counts are rounded.
fn counted(plan: &str, metric: &str) -> u64 {
    let name = format!("{metric}=");
    let told = plan.match_indices(&name).map(|(at, name)| &plan[at + name.len()..]);
    told.map(|told| told.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().unwrap()).sum()
}

/// How many rows files handed out or left out, in a plan that was run.
fn rows_read(analyzed: &str) -> u64 {
    let sources: String = analyzed.lines().filter(|line| line.contains("DataSourceExec")).collect();
    counted(&sources, "output_rows") + counted(&sources, "pushdown_rows_pruned")
}

async fn snapshot(scratch: &Scratch) -> Arc<Snapshot> {
    let _writer = store(scratch).await;
    Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_read_from_one_epoch_and_changes_from_the_files_of_their_time() {
    let scratch = Scratch::new();
    let snapshot = snapshot(&scratch).await;
    let mut session = session(&snapshot, None);
    for epoch in snapshot.epochs().iter().filter(|epoch| epoch.end.is_some()) {
        let inside = epoch.start + 1;
        let has_begun = |file: &&DataFile| file.int_bounds("valid_from_revision").unwrap().0 <= inside;
        let names: BTreeSet<String> = epoch.files.iter().filter(has_begun).map(|file| file.name.clone()).collect();
        let state = plan(&mut session, "EXPLAIN", &format!("SELECT * FROM resources_as_of({inside})")).await;
        assert_eq!(files(&state), names, "{state}");
        assert!(state.contains("pruning_predicate=valid_from_revision_null_count"), "{state}");
    }
    assert!(snapshot.change_files().len() > 1);
    for file in snapshot.change_files() {
        let (first, last) = file.int_bounds("revision").unwrap();
        let changes = plan(&mut session, "EXPLAIN", &format!("SELECT * FROM changes({}, {last})", first - 1)).await;
        assert_eq!(files(&changes), BTreeSet::from([file.name.clone()]), "{changes}");
    }
}

/// 40 resources in two regions, of which a scan changes four; the last scan is not compacted.
pub async fn quiet_store(scratch: &Scratch) -> Arc<Snapshot> {
    let writer = Writer::open(scratch.backend(), clock()).await.unwrap();
    writer.change_settings(StoreSettings { epoch_rows_min: EPOCH_ROWS_MIN, ..StoreSettings::default() }).await.unwrap();
    for scan in 0..24_usize {
        let mut lines =
            format!("{{\"scan\":\"started\",\"scan_id\":\"s{scan}\",\"provider\":\"aws\",\"at\":\"2029-12-{:02}T00:00:00Z\"}}\n", scan + 1);
        for id in 0..40 {
            let (region, changes) = (["eu", "us"][id % 2], (scan + 10 - id % 10) / 10);
            lines += &format!(
                "{{\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"{region}\",\"resource_type\":\"aws_vpc\",\"resource_id\":\"v{id}\",\"properties\":{{\"n\":{changes}}}}}\n"
            );
        }
        lines += "{\"scan\":\"completed\"}\n";
        let source = Source::reader("lines", std::io::Cursor::new(lines));
        import(&writer, vec![source], &ImportOptions::default(), &mut |_| {}).await.unwrap();
        if scan % 3 == 1 {
            writer.compact(CompactOptions::default()).await.unwrap();
        }
    }
    Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_at_the_end_of_a_scan_reads_at_most_half_as_many_rows_again_as_are_alive() {
    let scratch = Scratch::new();
    let snapshot = quiet_store(&scratch).await;
    let mut session = session(&snapshot, None);
    assert!(snapshot.epochs().len() > 3, "{:?}", snapshot.epochs().len());
    for end in snapshot.scan_ends() {
        let state = format!("SELECT resource_key FROM resources_as_of({end})");
        assert_eq!(rows(&mut session, &state).await.len(), 40);
        let analyzed = plan(&mut session, "EXPLAIN ANALYZE", &state).await;
        let read = rows_read(&analyzed);
        assert!((1..=60).contains(&read), "{read} rows for 40 alive at {end}: {analyzed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_versions_are_read_without_the_rows_that_epochs_repeat() {
    let scratch = Scratch::new();
    let snapshot = quiet_store(&scratch).await;
    let stored: u64 = snapshot.epochs().iter().flat_map(|epoch| &epoch.files).map(|file| file.rows).sum();
    let mut session = session(&snapshot, None);
    let sql = "SELECT resource_key, properties, ended_by FROM resource_versions";
    let versions = rows(&mut session, sql).await.len() as u64;
    let analyzed = plan(&mut session, "EXPLAIN ANALYZE", sql).await;
    let in_memory: u64 = snapshot.tail_versions().iter().map(|batch| batch.num_rows() as u64).sum();
    assert_eq!(rows_read(&analyzed) + in_memory, versions, "{analyzed}");
    assert!(stored > 2 * versions, "{stored} rows are stored of {versions} versions");
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
    let none_of_it = [
        "resource_type = 'aws_vpc'",
        "account_id = '2'",
        "region IN ('q', 's')",
        "provider = 'gcp'",
        "resource_key = 'aws/2/r/aws_test/i-1'",
    ];
    for filter in none_of_it {
        for table in [&format!("resources_as_of({inside})"), "resource_versions", "changes(0, 'head')"] {
            let read = plan(&mut session, "EXPLAIN", &format!("SELECT name FROM {table} WHERE {filter}")).await;
            assert!(files(&read).is_empty(), "{filter}: {read}");
        }
    }
    let read = plan(&mut session, "EXPLAIN", "SELECT count(*) FROM observations WHERE region = 'q'").await;
    assert!(files(&read).is_empty(), "{read}");
    // Within the bounds of the ids, but none of them.
    let sql = format!("SELECT name FROM resources_as_of({inside}) WHERE resource_id = 'i-10x'");
    let analyzed = plan(&mut session, "EXPLAIN ANALYZE", &sql).await;
    assert!(analyzed.contains("row_groups_pruned_bloom_filter=1 total → 0 matched"), "{analyzed}");
}

/// A scan of four resources whose tags are of two teams.
async fn tagged_scan(writer: &Writer, scan: usize) {
    let mut lines =
        format!("{{\"scan\":\"started\",\"scan_id\":\"s{scan}\",\"provider\":\"aws\",\"at\":\"2029-12-{:02}T00:00:00Z\"}}\n", scan + 1);
    for id in 0..4 {
        let tags = ["{\"team\":\"blue\"}", "{\"team\":\"green\",\"other\":\"blue\"}", "{}", "null"][id];
        lines += &format!(
            "{{\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"r\",\"resource_type\":\"aws_vpc\",\"resource_id\":\"v{id}-{scan}\",\"tags\":{tags}}}\n"
        );
    }
    lines += "{\"scan\":\"completed\"}\n";
    import(writer, vec![Source::reader("lines", std::io::Cursor::new(lines))], &ImportOptions::default(), &mut |_| {}).await.unwrap();
    writer.compact(CompactOptions::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_pruned_by_tags_that_they_have_columns_of() {
    let scratch = Scratch::new();
    let writer = Writer::open(scratch.backend(), clock()).await.unwrap();
    tagged_scan(&writer, 0).await;
    let before = Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap();
    let without: BTreeSet<String> = before.epochs()[0].files.iter().map(|file| file.name.clone()).collect();
    writer.change_settings(StoreSettings { tag_columns: vec!["team".to_owned()], ..StoreSettings::default() }).await.unwrap();
    tagged_scan(&writer, 1).await;
    let snapshot = Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap();
    assert_eq!(snapshot.epochs()[0].files.len(), 2);
    let mut session = session(&snapshot, None);
    let counts = [("= 'blue'", 2), ("= 'green'", 2), ("IS NULL", 4), ("= 'black'", 0), ("<> 'blue'", 2), ("LIKE 'gr%'", 2)];
    for (filter, count) in counts {
        let sql = format!("SELECT name FROM resources WHERE tags['team'] {filter}");
        assert_eq!(rows(&mut session, &sql).await.len(), count, "{sql}");
    }
    // One file has the column and nothing of that team; the other might have.
    for table in ["resources", "resource_versions"] {
        let read = plan(&mut session, "EXPLAIN", &format!("SELECT name FROM {table} WHERE tags->>'team' = 'yellow'")).await;
        assert_eq!(files(&read), without, "{read}");
    }
    let read = plan(&mut session, "EXPLAIN", "SELECT name FROM resources WHERE tags['team'] = 'blue'").await;
    assert!(read.contains("tag_team") && files(&read).len() == 2, "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_groups_and_pages_of_one_file_are_pruned() {
    let scratch = Scratch::new();
    let writer = Writer::open(scratch.backend(), clock()).await.unwrap();
    let mut lines = "{\"scan\":\"started\",\"scan_id\":\"s\",\"provider\":\"aws\",\"at\":\"2029-12-01T00:00:00Z\"}\n".to_owned();
    for id in 0..33_000 {
        let resource_type = if id < 32_990 { "aws_subnet" } else { "aws_vpc" };
        lines += &format!(
            "{{\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"r\",\"resource_type\":\"{resource_type}\",\"resource_id\":\"v{id:05}\"}}\n"
        );
    }
    lines += "{\"scan\":\"completed\"}\n";
    import(&writer, vec![Source::reader("lines", std::io::Cursor::new(lines))], &ImportOptions::default(), &mut |_| {}).await.unwrap();
    writer.compact(CompactOptions::default()).await.unwrap();
    let snapshot = Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap();
    let mut session = session(&snapshot, None);
    let sql = "SELECT name FROM resources WHERE resource_type = 'aws_vpc'";
    assert_eq!(rows(&mut session, sql).await.len(), 10);
    let analyzed = plan(&mut session, "EXPLAIN ANALYZE", sql).await;
    assert!(analyzed.contains("row_groups_pruned_statistics=2 total → 1 matched"), "{analyzed}");
    let analyzed =
        plan(&mut session, "EXPLAIN ANALYZE", "SELECT name FROM resources WHERE resource_key = 'aws/1/r/aws_subnet/v00007'").await;
    assert!(analyzed.contains("row_groups_pruned_statistics=2 total → 1 matched"), "{analyzed}");
    assert!(analyzed.contains("page_index_pages_pruned=16 total → 1 matched"), "{analyzed}");
}
