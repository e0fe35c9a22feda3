//! Pins, views, files, and what describes the tables.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::logical_expr::{Volatility, create_udf};
use datafusion::prelude::SessionContext;

use super::fake::{FakeStore, Layout};
use super::surface::{small, small_session};
use super::{failure, lines, rows, session};
use crate::query::{HistorySource, QuerySession, SessionOptions, register};

#[tokio::test]
async fn a_pin_is_set_shown_and_ended_in_sql() {
    let mut session = small_session().await;
    let head = "SELECT max(revision) FROM observations";
    rows(&mut session, "SET elava.as_of = 'head~1'").await;
    assert_eq!(rows(&mut session, head).await, ["4"]);
    assert_eq!(rows(&mut session, "SHOW elava.as_of").await, ["elava.as_of|head~1"]);
    assert_eq!(rows(&mut session, "SELECT count(*) FROM resources_as_of('head~1')").await, ["2"]);
    assert!(
        failure(&mut session, "SELECT * FROM resources_as_of(5)")
            .await
            .contains("above the head; the newest is 4, where the session is pinned")
    );
    assert_eq!(rows(&mut session, "SELECT CAST(elava_now() AS TEXT)").await, ["2026-11-01T01:00:00Z"]);
    assert_eq!(rows(&mut session, "SELECT max(revision) FROM resources_as_of('30m')").await, ["2"]);
    rows(&mut session, "SET elava.as_of = 'head~1'").await;
    assert_eq!(rows(&mut session, head).await, ["4"]);
    rows(&mut session, "SET elava.as_of = '2026-11-01T00:30:00Z'").await;
    assert_eq!(rows(&mut session, head).await, ["2"]);
    assert_eq!(rows(&mut session, "SELECT CAST(elava_now() AS TEXT)").await, ["2026-11-01T00:30:00Z"]);
    rows(&mut session, "SET elava.as_of = 3").await;
    assert_eq!(rows(&mut session, head).await, ["3"]);
    rows(&mut session, "SET elava.as_of TO head").await;
    assert_eq!(rows(&mut session, head).await, ["6"]);
    rows(&mut session, "SET elava.as_of = 1").await;
    rows(&mut session, "RESET elava.as_of").await;
    assert_eq!(rows(&mut session, head).await, ["6"]);
    rows(&mut session, "SET elava.as_of = 1").await;
    rows(&mut session, "SET elava.as_of = ''").await;
    assert_eq!(rows(&mut session, head).await, ["6"]);
    assert_eq!(rows(&mut session, "SHOW elava.as_of").await, ["elava.as_of|"]);
}

#[tokio::test]
async fn views_last_for_the_session_and_show_what_it_sees() {
    let mut session = small_session().await;
    rows(&mut session, "CREATE TEMP VIEW old AS SELECT resource_key, revision FROM resources_as_of('head~1')").await;
    assert_eq!(rows(&mut session, "SELECT count(*), max(revision) FROM old").await, ["2|3"]);
    rows(&mut session, "SET elava.as_of = 4").await;
    assert_eq!(rows(&mut session, "SELECT count(*), max(revision) FROM old").await, ["2|2"]);
    rows(&mut session, "CREATE OR REPLACE VIEW old AS SELECT 1 AS one").await;
    assert_eq!(rows(&mut session, "SELECT * FROM old").await, ["1"]);
    assert!(failure(&mut session, "SELECT * FROM old FOR SYSTEM_TIME AS OF 1").await.contains("no state table"));
    rows(&mut session, "DROP VIEW old").await;
    assert!(failure(&mut session, "SELECT * FROM old").await.contains("there is no table old"));
    assert_eq!(failure(&mut session, "DROP VIEW resources").await, "Invalid: View 'resources' doesn't exist.");
}

#[tokio::test]
async fn files_are_read_and_written_but_never_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store_folder = folder.path().join("store");
    std::fs::create_dir(&store_folder).unwrap();
    let options = SessionOptions { forbidden_folder: Some(store_folder.clone()), ..SessionOptions::default() };
    let source = Arc::new(FakeStore::new(&small(), &Layout::default()).await);
    let mut session = QuerySession::new(source, options).unwrap();
    let path = folder.path().display().to_string();
    for ending in ["parquet", "csv", "json"] {
        let copy = format!("COPY (SELECT resource_id, revision FROM resources) TO '{path}/out.{ending}'");
        assert_eq!(rows(&mut session, &copy).await, ["2"]);
        let read = format!("SELECT r.resource_id, f.revision FROM '{path}/out.{ending}' f JOIN resources r USING (resource_id) ORDER BY 1");
        assert_eq!(rows(&mut session, &read).await, ["a1|3", "c3|6"], "{ending}");
    }
    std::fs::write(folder.path().join("x.ndjson"), "{\"a\":1}\n{\"a\":2}\n").unwrap();
    assert_eq!(rows(&mut session, &format!("SELECT sum(a) FROM '{path}/x.ndjson'")).await, ["3"]);
    for target in ["store/x.parquet", "store/../store/x.csv", "other/../store/deep/x.csv"] {
        let copy = format!("COPY (SELECT 1) TO '{path}/{target}'");
        assert!(failure(&mut session, &copy).await.contains("never writes into the store's own folder"), "{target}");
    }
    std::os::unix::fs::symlink(&store_folder, folder.path().join("link")).unwrap();
    assert!(failure(&mut session, &format!("COPY (SELECT 1) TO '{path}/link/x.csv'")).await.contains("never writes"));
    assert!(failure(&mut session, &format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{path}/store/x.csv'")).await.contains("never writes"));
    assert!(failure(&mut session, &format!("SELECT * FROM '{path}/none.csv'")).await.contains("there is no file"));
}

#[tokio::test]
async fn every_column_has_the_type_and_the_description_that_are_told() {
    let mut session = small_session().await;
    let undescribed = rows(&mut session, "SELECT table_name, column_name FROM elava_columns WHERE description = ''").await;
    assert!(undescribed.is_empty(), "{undescribed:?}");
    let types = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/types")).unwrap().count();
    let read = "SELECT count(DISTINCT table_name) FROM elava_columns WHERE table_name LIKE 'aws%' AND column_name = 'title'";
    assert_eq!(rows(&mut session, read).await, [(3 * types).to_string()], "a file in sql/types cannot be read");
    let calls = [
        ("resources_as_of", "(3)"),
        ("relationships_as_of", "(3)"),
        ("aws_vpc_subnet_as_of", "(3)"),
        ("findings_as_of", "(3)"),
        ("changes", "(0, 6)"),
        ("diff", "(0, 6)"),
        ("history", "('a1')"),
        ("blame", "('a1', 6)"),
    ];
    // Of typed views one of each kind stands for all.
    let tables = "SELECT DISTINCT table_name FROM elava_columns WHERE table_name NOT LIKE 'aws%' OR table_name LIKE 'aws_vpc_subnet%'";
    for line in rows(&mut session, tables).await {
        let name = line.split('(').next().unwrap();
        let table =
            calls.iter().find(|(function, _)| *function == name).map_or(name.to_owned(), |(_, arguments)| format!("{name}{arguments}"));
        let columns = rows(&mut session, &format!("SELECT column_name FROM elava_columns WHERE table_name = '{line}'")).await;
        for column in columns {
            rows(&mut session, &format!("SELECT \"{column}\", count(*) FROM {table} GROUP BY \"{column}\"")).await;
            rows(&mut session, &format!("SELECT * FROM {table} ORDER BY \"{column}\" DESC")).await;
        }
        rows(&mut session, &format!("SELECT count(*) FROM {table}")).await;
        rows(&mut session, &format!("SELECT a.* FROM {table} a, {table} b LIMIT 3")).await;
    }
}

#[tokio::test]
async fn tables_are_shown_and_described() {
    let mut session = small_session().await;
    let tables = rows(&mut session, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1").await;
    let expected = [
        "analysis_runs",
        "audit_log",
        "coverage",
        "elava_columns",
        "finding_changes",
        "findings",
        "observations",
        "relationships",
        "resource_versions",
        "resources",
        "scans",
        "scopes",
    ];
    let (typed, tables): (Vec<String>, Vec<String>) = tables.into_iter().partition(|name| name.starts_with("aws_"));
    assert_eq!(tables, expected);
    assert!(typed.len() >= 80 && typed.contains(&"aws_vpc".to_owned()) && typed.contains(&"aws_vpc_versions".to_owned()), "{typed:?}");
    assert!(rows(&mut session, "SHOW TABLES").await.iter().any(|line| line.starts_with("elava|public|resources")));
    let described = rows(&mut session, "DESCRIBE resources").await;
    assert_eq!(described.len(), 17);
    let columns =
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'resources' ORDER BY ordinal_position LIMIT 1";
    assert_eq!(rows(&mut session, columns).await, ["resource_key|Utf8View"]);
    assert!(rows(&mut session, "SHOW ALL").await.iter().any(|line| line.starts_with("elava.as_of")));
    assert!(failure(&mut session, "SELECT * FROM entries").await.contains("there is no table entries"));
}

#[tokio::test]
async fn somebody_elses_context_shows_one_snapshot() {
    let context = SessionContext::new();
    let source: Arc<dyn HistorySource> = Arc::new(FakeStore::new(&small(), &Layout { sealed: vec![2], appended: vec![4], floor: 0 }).await);
    register(&context, source).unwrap();
    let count = async |sql: &str| lines(&context.sql(sql).await.unwrap().collect().await.unwrap());
    assert_eq!(count("SELECT count(*) FROM elava.public.resources").await, ["2"]);
    assert_eq!(count("SELECT count(*) FROM resources_as_of((SELECT max(revision) - 5 FROM elava.public.observations))").await, ["1"]);
    assert_eq!(count("SELECT count(*) FROM elava.public.scans").await, ["0"]);
    assert_eq!(count("SELECT count(*) FROM changes(0, 'head')").await, ["5"]);
}

#[tokio::test]
async fn below_the_floor_is_an_error_that_names_it() {
    let mut session = session(Arc::new(FakeStore::new(&small(), &Layout { sealed: vec![4], appended: vec![4], floor: 4 }).await));
    assert!(failure(&mut session, "SELECT * FROM resources_as_of(3)").await.contains("revision 3 has been compacted; the oldest is 4"));
    let edges = failure(&mut session, "SELECT * FROM relationships_as_of(3)").await;
    assert!(edges.contains("relationships_as_of(at), argument 1 (at): revision 3 has been compacted; the oldest is 4"), "{edges}");
    assert!(
        failure(&mut session, "SELECT * FROM changes(0, 5)")
            .await
            .contains("changes(from, to), argument 1 (from): revision 0 has been compacted")
    );
    assert!(failure(&mut session, "SELECT * FROM resources_as_of('2026-10-01')").await.contains("revision 0 has been compacted"));
    assert!(failure(&mut session, "SET elava.as_of = 2").await.contains("elava.as_of: revision 2 has been compacted"));
    assert_eq!(rows(&mut session, "SELECT count(*) FROM observations").await, ["2"]);
}

#[tokio::test]
async fn what_would_alter_anything_is_refused() {
    let mut session = small_session().await;
    for sql in [
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "DELETE FROM resources",
        "UPDATE resources SET name = 'x'",
        "CREATE SCHEMA s",
        "CREATE DATABASE d",
        "CREATE FUNCTION f() RETURNS INT RETURN 1",
        "DROP SCHEMA public",
        "TRUNCATE TABLE resources",
        "ALTER TABLE resources ADD COLUMN x INT",
        "SELECT * INTO t FROM resources",
        "EXPLAIN ANALYZE INSERT INTO resources SELECT * FROM resources",
        "PREPARE p AS DELETE FROM resources",
    ] {
        let error = failure(&mut session, sql).await;
        assert!(error.contains("refused"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn another_session_sees_the_same_until_either_is_pinned_elsewhere() {
    let mut session = small_session().await;
    let head = "SELECT max(revision) FROM observations";
    rows(&mut session, "SET elava.as_of = '2026-11-01T00:30:00Z'").await;
    rows(&mut session, "CREATE VIEW mine AS SELECT 1 AS one").await;
    let mut another = session.another().unwrap();
    assert_eq!(rows(&mut another, head).await, ["2"]);
    assert_eq!(rows(&mut another, "SHOW elava.as_of").await, ["elava.as_of|2026-11-01T00:30:00Z"]);
    assert_eq!(rows(&mut another, "SELECT CAST(elava_now() AS TEXT)").await, ["2026-11-01T00:30:00Z"]);
    assert!(failure(&mut another, "SELECT * FROM mine").await.contains("there is no table mine"));
    rows(&mut another, "SET elava.as_of = 4").await;
    assert_eq!((rows(&mut session, head).await, rows(&mut another, head).await), (vec!["2".to_owned()], vec!["4".to_owned()]));
}

#[tokio::test]
async fn a_panic_of_the_engine_is_an_error_of_the_one_statement() {
    let mut session = small_session().await;
    let breaks = create_udf("breaks", vec![DataType::Utf8], DataType::Utf8, Volatility::Volatile, Arc::new(|_| panic!("out of luck")));
    session.context().register_udf(breaks);
    let told = failure(&mut session, "SELECT breaks(CAST(resource_key AS TEXT)) FROM resources").await;
    assert!(told.starts_with("Internal: the query engine broke off: out of luck ["), "{told}");
    assert_eq!(rows(&mut session, "SELECT count(*) FROM resources_as_of('head~1')").await, ["2"]);
}
