//! The forms of arguments, statements and errors.

use std::sync::Arc;

use super::fake::{FakeStore, History, Layout, Seen};
use super::{failure, rows, session};
use crate::query::QuerySession;

fn seen(id: &str, name: &str, env: &str) -> Seen {
    Seen { key: format!("aws/1/eu/aws_vpc/{id}"), content: Some((name.to_owned(), env.to_owned())), late: false }
}

fn gone(id: &str) -> Seen {
    Seen { key: format!("aws/1/eu/aws_vpc/{id}"), content: None, late: false }
}

/// Revisions 1 and 2 at 00:00, 3 and 4 at 01:00, 5 and 6 at 02:00.
pub(super) fn small() -> History {
    let mut history = History::default();
    history.scan(vec![seen("a1", "one", "dev"), seen("b2", "two", "dev")]);
    history.scan(vec![seen("a1", "one", "prod"), seen("b2", "two", "dev")]);
    history.scan(vec![gone("b2"), seen("c3", "three", "dev")]);
    history
}

pub(super) async fn small_session() -> QuerySession {
    let layout = Layout { sealed: vec![2], appended: vec![4], floor: 0 };
    let mut store = FakeStore::new(&small(), &layout).await;
    store.tags.insert("before-move".to_owned(), 4);
    session(Arc::new(store))
}

#[tokio::test]
async fn points_are_read_in_every_form() {
    let mut session = small_session().await;
    let forms = [
        ("4", "2"),
        ("2 + 2", "2"),
        ("'4'", "2"),
        ("'head'", "2"),
        ("'HEAD~1'", "2"),
        ("'head~2'", "2"),
        ("0", "0"),
        ("1", "1"),
        ("'2026-11-01T00:00:00Z'", "2"),
        ("'2026-10-31'", "0"),
        ("'2026-11-02'", "2"),
        ("TIMESTAMP '2026-11-01T01:30:00'", "2"),
        ("now() - interval '50 years'", "0"),
        ("'99h'", "2"),
        ("'101 hours ago'", "0"),
        ("'yesterday'", "2"),
        ("'before-move'", "2"),
        ("(SELECT max(revision) FROM observations)", "2"),
        ("(SELECT max(revision) - 5 FROM observations)", "1"),
        ("at => 1", "1"),
    ];
    for (form, count) in forms {
        assert_eq!(rows(&mut session, &format!("SELECT count(*) FROM Resources_AS_OF({form})")).await, [count], "{form}");
    }
    assert_eq!(rows(&mut session, "SELECT count(*) FROM resources FOR SYSTEM_TIME AS OF 1 AS r").await, ["1"]);
    assert_eq!(rows(&mut session, "SELECT count(*) FROM changes(to => 6, from => 'head~1')").await, ["2"]);
}

#[tokio::test]
async fn parameters_are_bound_when_they_are_given() {
    let mut session = small_session().await;
    rows(&mut session, "PREPARE p AS SELECT count(*) FROM resources_as_of($1)").await;
    assert_eq!(rows(&mut session, "EXECUTE p(1)").await, ["1"]);
    assert_eq!(rows(&mut session, "EXECUTE p('head')").await, ["2"]);
    assert!(failure(&mut session, "EXECUTE p").await.contains("takes 1 parameters"));
    let state = session.context().state();
    let plan = state.create_logical_plan("SELECT count(*) FROM resources_as_of($1)").await.unwrap();
    let frame = session.context().execute_logical_plan(plan).await.unwrap();
    let bound = frame.with_param_values(vec![datafusion::common::ScalarValue::from(1_i64)]).unwrap();
    assert_eq!(super::lines(&bound.collect().await.unwrap()), ["1"]);
}

#[tokio::test]
async fn errors_name_function_argument_and_forms() {
    let mut session = small_session().await;
    let mut found = String::new();
    for sql in [
        "SELECT * FROM resources_as_of(7)",
        "SELECT * FROM resources_as_of(-1)",
        "SELECT * FROM resources_as_of(NULL)",
        "SELECT * FROM resources_as_of(1.5)",
        "SELECT * FROM resources_as_of(true)",
        "SELECT * FROM resources_as_of('1.5')",
        "SELECT * FROM resources_as_of('no such tag')",
        "SELECT * FROM resources_as_of('head~9')",
        "SELECT * FROM resources_as_of('head~x')",
        "SELECT * FROM resources_as_of()",
        "SELECT * FROM resources_as_of(1, 2)",
        "SELECT * FROM resources_as_of(when => 2)",
        "SELECT * FROM resources_as_of(revision)",
        "SELECT * FROM resources_as_of",
        "SELECT * FROM resources(1)",
        "SELECT * FROM changes(3, 1)",
        "SELECT * FROM changes(1, (SELECT revision FROM observations))",
        "SELECT * FROM changes(1, (SELECT revision FROM observations WHERE revision > 99))",
        "SELECT * FROM observations o, LATERAL resources_as_of(o.revision)",
        "SELECT (SELECT count(*) FROM resources_as_of(o.revision)) FROM observations o",
        "SELECT * FROM observations FOR SYSTEM_TIME AS OF 1",
        "SELECT * FROM resources_as_of(random())",
        "SELECT * FROM resourcs",
        "SELECT * FROM change(1, 2)",
        "SELECT nam FROM resources",
        "INSERT INTO resources VALUES (1)",
        "CREATE TABLE t AS SELECT 1",
        "DROP TABLE resources",
        "CREATE VIEW resources AS SELECT 1",
        "BEGIN",
        "SELEC 1",
        "SELECT 1; SELECT 2",
        "SET elava.as_of = 'nonsense'",
    ] {
        found.push_str(&format!("{sql}\n    {}\n", failure(&mut session, sql).await));
    }
    insta::assert_snapshot!(found);
}

#[tokio::test]
async fn json_is_read_with_brackets_and_arrows() {
    let mut session = small_session().await;
    let sql = "SELECT tags['env'], properties['State']['Name'], properties['List'][1], properties['State'], properties->'State'->>'Name', \
               properties->'State', tags->>'env' = 'dev', tags['none'] FROM resources WHERE tags['env'] = 'dev'";
    assert_eq!(rows(&mut session, sql).await, ["dev|dev|2.50|{\"Name\":\"dev\"}|dev|{\"Name\":\"dev\"}|true|NULL"]);
}

#[tokio::test]
async fn counting_observations_reads_no_file() {
    let mut session = small_session().await;
    let plan = rows(&mut session, "EXPLAIN SELECT count(*) FROM observations").await.join("\n");
    assert!(plan.contains("PlaceholderRowExec") && !plan.contains("DataSourceExec"), "{plan}");
}

#[tokio::test]
async fn explain_shows_the_files_and_no_before_unless_it_is_asked_for() {
    let mut session = small_session().await;
    let plan = rows(&mut session, "EXPLAIN SELECT region, count(*) FROM resources_as_of(1) GROUP BY region").await.join("\n");
    assert!(plan.contains("epoch-0-2.parquet") && !plan.contains("open-4"), "{plan}");
    let plan = rows(&mut session, "EXPLAIN SELECT revision, resource_key FROM changes(0, 6)").await.join("\n");
    assert!(!plan.contains("HashJoinExec: mode=CollectLeft, join_type=Left") && !plan.contains("properties"), "{plan}");
}
