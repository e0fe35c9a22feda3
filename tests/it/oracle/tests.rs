//! The oracle against histories worked out by hand, a rule at a time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answers::{Row, Rows};
use super::history::ndjson;
use super::laws::{all_tables, column};
use super::model::{Handle, Key, Line, Observation, Oracle, Refusal, Scope, ScopeLine, Status};
use super::value::{Content, Json, Micros, changed_paths, rfc3339};

const SECOND: Micros = 1_000_000;
/// 2026-01-01T00:00:00Z
const NEW_YEAR: Micros = 1_767_225_600 * SECOND;

fn at(second: i64) -> Micros {
    NEW_YEAR + second * SECOND
}

fn scope(region: &str) -> Scope {
    Scope {
        provider: "aws".to_owned(),
        account_id: "111122223333".to_owned(),
        region: region.to_owned(),
        resource_type: "aws_test_alpha".to_owned(),
    }
}

fn named(name: &str) -> Content {
    Content { name: Some(name.to_owned()), ..Content::default() }
}

/// A sighting in region `us-east-1`.
fn seen(id: &str, name: &str) -> Observation {
    let key = Key { scope: scope("us-east-1"), resource_id: id.to_owned() };
    Observation { key, content: named(name), observed_at: None, deleted: false }
}

fn elsewhere(id: &str, name: &str) -> Observation {
    let key = Key { scope: scope("eu-west-1"), resource_id: id.to_owned() };
    Observation { key, ..seen(id, name) }
}

fn gone(id: &str) -> Observation {
    Observation { content: Content::default(), deleted: true, ..seen(id, "") }
}

fn in_state(id: &str, state: &str) -> Observation {
    Observation { content: Content { state: Some(state.to_owned()), ..named("final") }, ..seen(id, "") }
}

fn covered(status: Status) -> ScopeLine {
    ScopeLine { scope: scope("us-east-1"), status, error_code: None, error: None }
}

fn begin(oracle: &mut Oracle, scan_id: &str, second: i64) -> Handle {
    oracle.begin(scan_id, "aws", at(second), false).expect("the scan is legal")
}

fn observe(oracle: &mut Oracle, handle: Handle, batch: &[Observation]) {
    oracle.observe(handle, batch).expect("the batch is legal");
}

fn declare(oracle: &mut Oracle, handle: Handle, status: Status) {
    oracle.scope(handle, &covered(status)).expect("the scan is open");
}

fn complete(oracle: &mut Oracle, handle: Handle) {
    oracle.complete(handle, None).expect("the scan is open");
}

/// A whole scan of `us-east-1`.
fn scan(oracle: &mut Oracle, scan_id: &str, second: i64, batch: &[Observation], status: Option<Status>) {
    let handle = begin(oracle, scan_id, second);
    observe(oracle, handle, batch);
    if let Some(status) = status {
        declare(oracle, handle, status);
    }
    complete(oracle, handle);
}

fn text<'r>(row: &'r Row, column: &str) -> &'r str {
    row[column].as_str().unwrap_or("-")
}

/// `revision change id name`, a line for each observation.
fn log(oracle: &Oracle) -> Vec<String> {
    let rows = oracle.view().observations();
    let line = |row: &Row| format!("{} {} {} {}", row["revision"], text(row, "change"), text(row, "resource_id"), text(row, "name"));
    rows.iter().map(line).collect()
}

/// `id name` of what is live.
fn live(oracle: &Oracle) -> Vec<String> {
    let rows = oracle.view().resources();
    rows.iter().map(|row| format!("{} {}", text(row, "resource_id"), text(row, "name"))).collect()
}

fn row_of<'r>(rows: &'r Rows, name: &str, value: &str) -> &'r Row {
    rows.iter().find(|row| row[name] == value).expect("there is such a row")
}

// Observations, lives and versions.

#[test]
fn a_value_that_comes_back_is_a_version_of_its_own() {
    let mut oracle = Oracle::new();
    for (second, name) in [(0, "a"), (1, "a"), (2, "b"), (3, "a")] {
        scan(&mut oracle, &format!("s{second}"), second, &[seen("i-1", name)], None);
    }
    assert_eq!(log(&oracle), ["1 created i-1 a", "2 unchanged i-1 a", "3 updated i-1 b", "4 updated i-1 a"]);
    let versions = oracle.view().resource_versions();
    assert_eq!(column(&versions, "valid_from_revision"), [1, 3, 4]);
    assert_eq!(column(&versions, "valid_to_revision"), [json!(3), json!(4), Value::Null]);
    assert_eq!(column(&versions, "ended_by"), [json!("updated"), json!("updated"), Value::Null]);
    assert_eq!(column(&versions, "first_seen_revision"), [1, 1, 1]);
    assert_eq!(column(&versions, "valid_from"), ["2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z", "2026-01-01T00:00:03Z"]);
    assert_eq!(column(&versions, "change"), ["created", "updated", "updated"]);
}

#[test]
fn a_resource_that_comes_back_begins_a_new_life() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], None);
    scan(&mut oracle, "s2", 1, &[gone("i-1")], None);
    scan(&mut oracle, "s3", 2, &[seen("i-1", "a")], None);
    assert_eq!(log(&oracle), ["1 created i-1 a", "2 deleted i-1 a", "3 created i-1 a"]);
    let versions = oracle.view().resource_versions();
    assert_eq!(column(&versions, "first_seen_revision"), [1, 3]);
    assert_eq!(column(&versions, "ended_by"), [json!("deleted"), Value::Null]);
    assert_eq!(column(&oracle.view().resources(), "first_seen_at"), ["2026-01-01T00:00:02Z"]);
}

#[test]
fn a_key_twice_in_a_scan_is_two_observations() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a"), seen("i-1", "b"), seen("i-1", "b")], None);
    assert_eq!(log(&oracle), ["1 created i-1 a", "2 updated i-1 b", "3 unchanged i-1 b"]);
    assert_eq!(oracle.view().coverage()[0]["listed"], 3);
}

#[test]
fn one_and_one_point_nought_differ_and_so_do_null_and_missing() {
    let with = |properties: &[(&str, Json)]| Content { properties: Json::object(properties), ..Content::default() };
    let contents = [
        with(&[("n", Json::number("1"))]),
        with(&[("n", Json::number("1.0"))]),
        with(&[("n", Json::Null)]),
        with(&[]),
        Content { tags: Some(BTreeMap::new()), ..with(&[]) },
    ];
    let mut oracle = Oracle::new();
    let handle = begin(&mut oracle, "s1", 0);
    for content in contents {
        observe(&mut oracle, handle, &[Observation { content, ..seen("i-1", "") }]);
    }
    let changes = oracle.view().changes(0, 5).expect("in range");
    assert_eq!(column(&changes, "change"), ["created", "updated", "updated", "updated", "updated"]);
    let paths = [json!([]), json!(["/properties/n"]), json!(["/properties/n"]), json!(["/properties/n"]), json!(["/tags"])];
    assert_eq!(column(&changes, "changed_paths"), paths);
}

// Law 4: absence is not deletion.

#[test]
fn a_complete_scan_deletes_what_it_did_not_see_in_the_order_of_keys() {
    let mut oracle = Oracle::new();
    let batch = [seen("b", "1"), seen("ü", "1"), seen("a/z", "1"), seen("B", "1"), seen("kept", "1")];
    scan(&mut oracle, "s1", 0, &batch, Some(Status::Complete));
    let handle = begin(&mut oracle, "s2", 10);
    declare(&mut oracle, handle, Status::Complete);
    observe(&mut oracle, handle, &[seen("kept", "1")]);
    assert_eq!(oracle.complete(handle, Some(at(15))), Ok(vec![7, 8, 9, 10]));
    assert_eq!(log(&oracle)[5..], ["6 unchanged kept 1", "7 deleted B 1", "8 deleted a/z 1", "9 deleted b 1", "10 deleted ü 1"]);
    assert_eq!(column(&oracle.view().observations(), "observed_at")[5..7], ["2026-01-01T00:00:10Z", "2026-01-01T00:00:15Z"]);
    let coverage = &oracle.view().coverage()[1];
    assert_eq!((&coverage["listed"], &coverage["missing"], &coverage["deleted"]), (&json!(1), &json!(4), &json!(4)));
}

#[test]
fn an_empty_complete_scope_deletes_everything_in_it_and_nothing_beside_it() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a"), seen("i-2", "a"), elsewhere("i-1", "a")], None);
    scan(&mut oracle, "s2", 1, &[], Some(Status::Complete));
    assert_eq!(log(&oracle)[3..], ["4 deleted i-1 a", "5 deleted i-2 a"]);
    assert_eq!(text(&oracle.view().resources()[0], "region"), "eu-west-1");
}

#[test]
fn a_scope_without_a_line_is_partial_and_deletes_nothing() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a"), seen("i-2", "a")], None);
    scan(&mut oracle, "s2", 1, &[seen("i-1", "a")], None);
    assert_eq!(live(&oracle), ["i-1 a", "i-2 a"]);
    assert_eq!(column(&oracle.view().coverage(), "status"), ["partial", "partial"]);
    assert_eq!(column(&oracle.view().coverage(), "missing"), [Value::Null, Value::Null]);
    assert_eq!(column(&oracle.view().scans(), "status"), ["partial", "partial"]);
}

#[test]
fn only_complete_deletes_and_of_two_declarations_the_worse_holds() {
    use Status::{Complete, Failed, Partial, Skipped};
    let cases: [(&[Status], &str, &str, usize); 9] = [
        (&[Complete], "complete", "complete", 0),
        (&[Skipped], "skipped", "complete", 1),
        (&[Partial], "partial", "partial", 1),
        (&[Failed], "failed", "partial", 1),
        (&[Complete, Complete], "complete", "complete", 0),
        (&[Complete, Skipped], "skipped", "complete", 1),
        (&[Partial, Complete], "partial", "partial", 1),
        (&[Skipped, Partial], "partial", "partial", 1),
        (&[Failed, Partial, Complete], "failed", "partial", 1),
    ];
    for (statuses, scope_status, scan_status, left) in cases {
        let mut oracle = Oracle::new();
        scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], None);
        let handle = begin(&mut oracle, "s2", 1);
        for status in statuses {
            declare(&mut oracle, handle, *status);
        }
        complete(&mut oracle, handle);
        assert_eq!(live(&oracle).len(), left, "{statuses:?}");
        assert_eq!(oracle.view().coverage()[1]["status"], scope_status, "{statuses:?}");
        assert_eq!(oracle.view().scans()[1]["status"], scan_status, "{statuses:?}");
    }
}

#[test]
fn of_two_equal_declarations_the_first_is_kept() {
    let mut oracle = Oracle::new();
    let handle = begin(&mut oracle, "s1", 0);
    for code in ["Throttled", "AccessDenied"] {
        let line = ScopeLine { error_code: Some(code.to_owned()), error: Some("no".to_owned()), ..covered(Status::Failed) };
        oracle.scope(handle, &line).expect("the scan is open");
    }
    complete(&mut oracle, handle);
    assert_eq!(oracle.view().coverage()[0]["error_code"], "Throttled");
    assert_eq!(oracle.view().coverage()[0]["error"], "no");
    assert_eq!(oracle.view().scopes()[0]["last_error_code"], "Throttled");
    assert_eq!(oracle.view().scans()[0]["errors"], 1);
}

#[test]
fn a_scan_that_was_never_completed_deletes_nothing() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], Some(Status::Complete));
    let failed = begin(&mut oracle, "s2", 1);
    declare(&mut oracle, failed, Status::Complete);
    oracle.fail(failed).expect("the scan is open");
    let abandoned = begin(&mut oracle, "s3", 2);
    declare(&mut oracle, abandoned, Status::Complete);
    assert_eq!(live(&oracle), ["i-1 a"]);
    assert_eq!(column(&oracle.view().scans(), "status"), ["complete", "failed", "running"]);
    assert_eq!(column(&oracle.view().coverage(), "status"), ["complete", "partial"]);
    assert_eq!(oracle.view().scopes()[0]["last_complete_at"], "2026-01-01T00:00:00Z");
    assert_eq!(oracle.view().scopes()[0]["last_status"], "partial");
    assert_eq!(oracle.complete(failed, None), Err(Refusal::ScanEnded));
}

#[test]
fn what_another_scan_saw_after_this_one_began_is_not_deleted() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a"), seen("i-2", "a")], None);
    let slow = begin(&mut oracle, "slow", 1);
    scan(&mut oracle, "s2", 1, &[seen("i-1", "a"), seen("new", "a")], None);
    declare(&mut oracle, slow, Status::Complete);
    complete(&mut oracle, slow);
    assert_eq!(log(&oracle)[2..], ["3 unchanged i-1 a", "4 created new a", "5 deleted i-2 a"]);
    let coverage = oracle.view().coverage();
    let coverage = row_of(&coverage, "scan_id", "slow");
    assert_eq!((&coverage["missing"], &coverage["deleted"]), (&json!(3), &json!(1)));
}

#[test]
fn what_another_scan_saw_before_this_one_began_is_deleted() {
    let mut oracle = Oracle::new();
    let other = begin(&mut oracle, "other", 0);
    observe(&mut oracle, other, &[seen("i-1", "a")]);
    scan(&mut oracle, "s1", 0, &[], Some(Status::Complete));
    assert_eq!(log(&oracle), ["1 created i-1 a", "2 deleted i-1 a"]);
}

#[test]
fn a_late_sighting_saves_a_resource_and_a_late_deletion_does_not() {
    for (about, is_saved) in [(seen("i-1", "b"), true), (gone("i-1"), false)] {
        let mut oracle = Oracle::new();
        let old = begin(&mut oracle, "old", 0);
        scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], None);
        let slow = begin(&mut oracle, "slow", 1);
        observe(&mut oracle, old, &[about]);
        assert_eq!(oracle.view().observations()[1]["change"], "late");
        declare(&mut oracle, slow, Status::Complete);
        complete(&mut oracle, slow);
        assert_eq!(!live(&oracle).is_empty(), is_saved);
    }
}

#[test]
fn an_explicit_deletion_and_a_final_state_delete_at_once() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a"), seen("i-2", "b"), seen("i-3", "c")], None);
    let batch = [gone("i-1"), in_state("i-2", "terminated"), in_state("i-3", "deleted")];
    scan(&mut oracle, "s2", 1, &batch, None);
    assert_eq!(log(&oracle)[3..], ["4 deleted i-1 a", "5 deleted i-2 b", "6 deleted i-3 c"]);
    let coverage = &oracle.view().coverage()[1];
    assert_eq!((&coverage["listed"], &coverage["deleted"]), (&json!(0), &json!(3)));
}

#[test]
fn a_deletion_of_what_is_not_live_is_not_recorded() {
    let mut oracle = Oracle::new();
    let handle = begin(&mut oracle, "s1", 0);
    let batch = [gone("i-1"), in_state("i-2", "terminated"), seen("i-3", "a"), gone("i-3"), gone("i-3")];
    assert_eq!(oracle.observe(handle, &batch), Ok(vec![None, None, Some(1), Some(2), None]));
    let unseen = begin(&mut oracle, "s2", 0);
    observe(&mut oracle, unseen, &[gone("i-1")]);
    complete(&mut oracle, unseen);
    assert_eq!(oracle.view().coverage(), Rows::new());
    assert_eq!(oracle.head(), 2);
}

// Law 4: the token settles content too.

#[test]
fn what_differs_from_a_newer_scan_is_late_and_alters_nothing() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], None);
    let slow = begin(&mut oracle, "slow", 1);
    scan(&mut oracle, "s2", 1, &[seen("i-1", "b")], None);
    observe(&mut oracle, slow, &[seen("i-1", "a"), seen("i-1", "b")]);
    assert_eq!(log(&oracle)[1..], ["2 updated i-1 b", "3 late i-1 a", "4 unchanged i-1 b"]);
    assert_eq!(live(&oracle), ["i-1 b"]);
    assert_eq!(row_of(&oracle.view().scans(), "scan_id", "slow")["late"], 1);
    // The next scan settles it.
    scan(&mut oracle, "s3", 2, &[seen("i-1", "a")], None);
    assert_eq!(log(&oracle)[4..], ["5 updated i-1 a"]);
}

#[test]
fn an_unchanged_sighting_by_another_scan_makes_a_difference_late() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], None);
    let slow = begin(&mut oracle, "slow", 1);
    scan(&mut oracle, "s2", 1, &[seen("i-1", "a")], None);
    observe(&mut oracle, slow, &[seen("i-1", "b")]);
    assert_eq!(log(&oracle)[1..], ["2 unchanged i-1 a", "3 late i-1 b"]);
}

#[test]
fn a_late_sighting_by_another_scan_makes_a_difference_late() {
    let mut oracle = Oracle::new();
    let one = begin(&mut oracle, "one", 0);
    let two = begin(&mut oracle, "two", 0);
    observe(&mut oracle, one, &[seen("i-1", "a")]);
    observe(&mut oracle, two, &[seen("i-1", "b")]);
    observe(&mut oracle, one, &[seen("i-1", "b"), seen("i-1", "a")]);
    assert_eq!(log(&oracle), ["1 created i-1 a", "2 late i-1 b", "3 late i-1 b", "4 unchanged i-1 a"]);
}

#[test]
fn a_sighting_of_what_another_scan_deleted_meanwhile_is_late() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], None);
    let slow = begin(&mut oracle, "slow", 1);
    scan(&mut oracle, "s2", 1, &[gone("i-1")], None);
    observe(&mut oracle, slow, &[seen("i-1", "a"), gone("i-1")]);
    assert_eq!(log(&oracle)[1..], ["2 deleted i-1 a", "3 late i-1 a"]);
    assert_eq!(live(&oracle), [""; 0]);
}

#[test]
fn an_explicit_deletion_of_what_another_scan_saw_meanwhile_is_late() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], None);
    let slow = begin(&mut oracle, "slow", 1);
    scan(&mut oracle, "s2", 1, &[seen("i-1", "b")], None);
    observe(&mut oracle, slow, &[gone("i-1"), in_state("i-1", "terminated")]);
    assert_eq!(log(&oracle)[1..], ["2 updated i-1 b", "3 late i-1 b", "4 late i-1 final"]);
    assert_eq!(live(&oracle), ["i-1 b"]);
}

#[test]
fn a_scan_is_never_late_for_its_own_observations() {
    let mut oracle = Oracle::new();
    let handle = begin(&mut oracle, "s1", 0);
    observe(&mut oracle, handle, &[seen("i-1", "a")]);
    observe(&mut oracle, handle, &[seen("i-1", "b"), gone("i-1"), seen("i-1", "c")]);
    assert_eq!(log(&oracle), ["1 created i-1 a", "2 updated i-1 b", "3 deleted i-1 b", "4 created i-1 c"]);
}

// Times.

#[test]
fn times_are_lifted_to_the_heads() {
    let mut oracle = Oracle::new();
    let slow = begin(&mut oracle, "slow", 0);
    let timed = |id, second| Observation { observed_at: Some(at(second)), ..seen(id, "a") };
    scan(&mut oracle, "s1", 5, &[seen("i-1", "a")], None);
    observe(&mut oracle, slow, &[timed("i-2", 3), timed("i-3", 8)]);
    assert_eq!(
        column(&oracle.view().observations(), "observed_at"),
        ["2026-01-01T00:00:05Z", "2026-01-01T00:00:05Z", "2026-01-01T00:00:08Z"]
    );
    assert_eq!(oracle.observe(slow, &[timed("i-4", 7)]), Err(Refusal::TimeGoesBackwards));
    assert_eq!(oracle.head(), 3);
}

#[test]
fn a_scan_that_starts_before_the_heads_time_is_refused_unless_lifted() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 5, &[seen("i-1", "a")], None);
    assert_eq!(oracle.begin("s2", "aws", at(4), false), Err(Refusal::StartsInThePast { head_time: at(5) }));
    let lifted = oracle.begin("s2", "aws", at(4), true).expect("it is lifted");
    observe(&mut oracle, lifted, &[seen("i-2", "a")]);
    complete(&mut oracle, lifted);
    let scans = oracle.view().scans();
    assert_eq!(column(&scans, "started_at"), ["2026-01-01T00:00:05Z", "2026-01-01T00:00:05Z"]);
    assert_eq!(column(&scans, "finished_at"), ["2026-01-01T00:00:05Z", "2026-01-01T00:00:05Z"]);
    assert_eq!(oracle.head_time(), Some(at(5)));
    assert_eq!(oracle.begin("s2", "aws", at(9), false), Err(Refusal::ScanIdTaken));
}

#[test]
fn a_scan_without_an_end_time_ends_at_its_newest() {
    let mut oracle = Oracle::new();
    let handle = begin(&mut oracle, "s1", 0);
    observe(&mut oracle, handle, &[Observation { observed_at: Some(at(7)), ..seen("i-1", "a") }]);
    complete(&mut oracle, handle);
    assert_eq!(oracle.view().scans()[0]["finished_at"], "2026-01-01T00:00:07Z");
}

#[test]
fn times_are_written_in_utc_with_microseconds_where_there_are_any() {
    assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999999Z");
    assert_eq!(rfc3339(at(0)), "2026-01-01T00:00:00Z");
    assert_eq!(rfc3339(951_782_400 * SECOND), "2000-02-29T00:00:00Z");
    assert_eq!(rfc3339(1_709_251_199 * SECOND + 50), "2024-02-29T23:59:59.000050Z");
}

// Answers.

#[test]
fn changes_show_before_and_after() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], None);
    scan(&mut oracle, "s2", 1, &[seen("i-1", "b")], None);
    scan(&mut oracle, "s3", 2, &[gone("i-1")], None);
    let changes = oracle.view().changes(0, 3).expect("in range");
    let document = |name: &str| {
        json!(format!(
            "{{\"arn\":null,\"created_at\":null,\"name\":\"{name}\",\"native_type\":null,\"properties\":{{}},\"state\":null,\"tags\":null}}"
        ))
    };
    assert_eq!(column(&changes, "scan_id"), ["s1", "s2", "s3"]);
    assert_eq!(column(&changes, "before"), [Value::Null, document("a"), document("b")]);
    assert_eq!(column(&changes, "after"), [document("a"), document("b"), Value::Null]);
    assert_eq!(column(&changes, "changed_paths"), [json!([]), json!(["/name"]), json!([])]);
    assert_eq!(column(&changes, "name"), ["a", "b", "b"]);
    assert_eq!(oracle.view().changes(1, 2).map(|rows| rows.len()), Ok(1));
    assert_eq!(oracle.view().changes(2, 1), Err(Refusal::FromAfterTo));
}

#[test]
fn a_difference_that_was_undone_does_not_show() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("back", "a"), seen("reborn", "a"), seen("dead", "a"), seen("new", "a")], None);
    scan(&mut oracle, "s2", 1, &[seen("back", "b"), gone("reborn"), gone("dead"), seen("brief", "a"), gone("brief")], None);
    scan(&mut oracle, "s3", 2, &[seen("back", "a"), seen("reborn", "a"), seen("new", "b"), seen("born", "a")], None);
    let rows = oracle.view().diff(4, oracle.head()).expect("in range");
    assert_eq!(column(&rows, "resource_id"), ["born", "dead", "new"]);
    assert_eq!(column(&rows, "change"), ["created", "deleted", "updated"]);
    assert_eq!(column(&rows, "revision"), [13, 7, 12]);
    assert_eq!(column(&rows, "changed_paths"), [json!([]), json!([]), json!(["/name"])]);
    assert!(!rows[0].contains_key("scan_id"));
}

#[test]
fn changed_paths_name_the_smallest_thing_that_differs() {
    let properties = |json: Json| Content { properties: json, ..Content::default() };
    let list = |digits: &[&str]| Json::Array(digits.iter().map(|digits| Json::number(digits)).collect());
    let deep = |inner: Json| properties(Json::object(&[("a/b~", Json::object(&[("x", inner)]))]));
    let tags = |names: &[&str]| Content {
        tags: Some(names.iter().map(|name| ((*name).to_owned(), String::new())).collect()),
        ..Content::default()
    };
    let full = Content {
        arn: Some("arn".to_owned()),
        name: Some("name".to_owned()),
        state: Some("state".to_owned()),
        created_at: Some(0),
        native_type: Some("type".to_owned()),
        ..Content::default()
    };
    let cases: [(Content, Content, &[&str]); 9] = [
        (Content::default(), full, &["/arn", "/created_at", "/name", "/native_type", "/state"]),
        (tags(&["a"]), tags(&["b", "a/b"]), &["/tags/a", "/tags/a~1b", "/tags/b"]),
        (tags(&["a"]), Content::default(), &["/tags"]),
        (deep(list(&["1", "2"])), deep(list(&["1", "3"])), &["/properties/a~1b~0/x/1"]),
        (deep(list(&[])), deep(list(&["1", "3"])), &["/properties/a~1b~0/x/0", "/properties/a~1b~0/x/1"]),
        (deep(list(&[])), deep(Json::object(&[])), &["/properties/a~1b~0/x"]),
        (deep(Json::Null), properties(Json::object(&[])), &["/properties/a~1b~0"]),
        (properties(list(&["1"])), properties(Json::object(&[])), &["/properties"]),
        (deep(list(&["1"])), deep(list(&["1"])), &[]),
    ];
    for (before, after, paths) in cases {
        assert_eq!(changed_paths(&before, &after), paths);
        assert_eq!(changed_paths(&after, &before), paths);
    }
    // Ten comes before two: the order is that of bytes.
    let long = properties(list(&["0"; 11]));
    assert_eq!(changed_paths(&properties(list(&["0"; 2])), &long)[..2], ["/properties/10", "/properties/2"]);
}

#[test]
fn canonical_json_escapes_little_and_sorts_by_utf8() {
    let value = Json::object(&[
        ("\u{1d4b3}", Json::number("1.0")),
        ("\u{ff5e}", Json::text("é/\"\\\n\u{1}\u{7f}")),
        ("A", Json::Array(vec![Json::Null, Json::Bool(true), Json::number("12345678901234567890")])),
    ]);
    let text = "{\"A\":[null,true,12345678901234567890],\"\u{ff5e}\":\"é/\\\"\\\\\\n\\u0001\u{7f}\",\"\u{1d4b3}\":1.0}";
    assert_eq!(value.canonical(), text);
    let scrambled: Value = serde_json::from_str(&value.scrambled()).expect("it is JSON");
    assert_eq!(scrambled, serde_json::from_str::<Value>(text).expect("it is JSON"));
}

#[test]
fn history_takes_a_key_else_an_arn_else_an_id() {
    let mut oracle = Oracle::new();
    let with_arn =
        |id: &str, arn: &str| Observation { content: Content { arn: Some(arn.to_owned()), ..Content::default() }, ..seen(id, "") };
    let key = "aws/111122223333/us-east-1/aws_test_alpha/i-1";
    let batch = [seen("i-1", "a"), elsewhere("i-1", "a"), with_arn("i-2", key), with_arn("i-3", "arn:x"), seen("arn:x", "a")];
    scan(&mut oracle, "s1", 0, &batch, None);
    scan(&mut oracle, "s2", 1, &[seen("i-1", "b"), seen("i-3", "b")], None);
    let found = |name: &str| column(&oracle.view().history(name), "resource_id");
    assert_eq!(found(key), ["i-1", "i-1"]);
    assert_eq!(found("arn:x"), ["i-3", "i-3"]);
    assert_eq!(found("i-1"), ["i-1", "i-1", "i-1"]);
    assert_eq!(found("nothing"), [""; 0]);
    let paths = column(&oracle.view().history(key), "changed_paths");
    assert_eq!(paths, [json!([]), json!(["/name"])]);
}

#[test]
fn points_are_found_by_time_by_scans_back_and_by_tag() {
    let mut oracle = Oracle::new();
    assert_eq!(oracle.view().head_back(0), Err(Refusal::NoSuchScanEnd));
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a"), seen("i-2", "a")], None);
    scan(&mut oracle, "s2", 10, &[seen("i-1", "b")], None);
    scan(&mut oracle, "empty", 20, &[], None);
    assert_eq!(oracle.view().head_back(0), Ok(oracle.head()));
    let open = begin(&mut oracle, "open", 30);
    observe(&mut oracle, open, &[seen("i-1", "c")]);
    let view = oracle.view();
    assert_eq!([0, 1, 2].map(|scans| view.head_back(scans)), [Ok(3), Ok(3), Ok(2)]);
    assert_eq!(view.head_back(3), Err(Refusal::NoSuchScanEnd));
    assert_eq!([-1, 0, 9, 10, 30, 99].map(|second| view.at_time(at(second))), [Ok(0), Ok(2), Ok(2), Ok(3), Ok(4), Ok(4)]);
    oracle.tag("release", 2).expect("the name is free");
    assert_eq!(oracle.tag("release", 3), Err(Refusal::TagTaken));
    assert_eq!(oracle.view().tag("release"), Ok(2));
    assert_eq!(oracle.view().tag("other"), Err(Refusal::NoSuchTag));
}

#[test]
fn a_pin_shows_what_the_log_held_then() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a")], Some(Status::Complete));
    let handle = begin(&mut oracle, "s2", 10);
    observe(&mut oracle, handle, &[seen("i-2", "a")]);
    declare(&mut oracle, handle, Status::Complete);
    complete(&mut oracle, handle);
    oracle.tag("end", 1).expect("the name is free");
    assert_eq!(log(&oracle)[1..], ["2 created i-2 a", "3 deleted i-1 a"]);
    let pinned = oracle.pinned(2).expect("in range");
    assert_eq!(pinned.head(), 2);
    assert_eq!(column(&pinned.scans(), "status"), ["complete", "running"]);
    assert_eq!(column(&pinned.scans(), "deleted"), [0, 0]);
    assert_eq!(column(&pinned.coverage(), "scan_id"), ["s1"]);
    assert_eq!(column(&pinned.resource_versions(), "valid_to"), [Value::Null, Value::Null]);
    assert_eq!(pinned.scopes()[0]["last_complete_revision"], 1);
    assert_eq!(pinned.head_back(0), Ok(1));
    assert_eq!(pinned.at_time(at(99)), Ok(2));
    assert_eq!(pinned.tag("end"), Err(Refusal::NoSuchTag));
    assert_eq!(pinned.resources_as_of(3), Err(Refusal::AboveHead { head: 2 }));
    // A pin comes after the log entries that follow its revision, so that the pin of the head is the present.
    let first = oracle.pinned(1).expect("in range");
    assert_eq!(column(&first.scans(), "status"), ["complete", "running"]);
    assert_eq!(all_tables(oracle.pinned(3).expect("in range")), all_tables(oracle.view()));
}

#[test]
fn below_the_floor_nothing_can_be_asked_for() {
    let mut oracle = Oracle::new();
    scan(&mut oracle, "s1", 0, &[seen("i-1", "a"), seen("i-2", "a"), seen("i-1", "b")], None);
    scan(&mut oracle, "s2", 1, &[seen("i-2", "b")], None);
    oracle.raise_floor(3).expect("in range");
    let view = oracle.view();
    assert_eq!(column(&view.observations(), "revision"), [4]);
    assert_eq!(column(&view.resource_versions(), "valid_from_revision"), [3, 2, 4]);
    assert_eq!(view.resources_as_of(2), Err(Refusal::BelowFloor { floor: 3 }));
    assert_eq!(view.changes(2, 4), Err(Refusal::BelowFloor { floor: 3 }));
    assert_eq!(view.resources_as_of(3).map(|rows| rows.len()), Ok(2));
    assert_eq!(oracle.pinned(2).map(|view| view.head()), Err(Refusal::BelowFloor { floor: 3 }));
    assert_eq!(column(&view.scans(), "created"), [2, 0]);
}

#[test]
fn a_scan_of_several_accounts_names_none() {
    let mut oracle = Oracle::new();
    let handle = begin(&mut oracle, "s1", 0);
    observe(&mut oracle, handle, &[seen("i-1", "a")]);
    assert_eq!(oracle.view().scans()[0]["account_id"], "111122223333");
    let other = Scope { account_id: "444455556666".to_owned(), ..scope("us-east-1") };
    let line = ScopeLine { scope: other, ..covered(Status::Skipped) };
    oracle.scope(handle, &line).expect("the scan is open");
    complete(&mut oracle, handle);
    assert_eq!(oracle.view().scans()[0]["account_id"], Value::Null);
    let scopes = oracle.view().scopes();
    assert_eq!(column(&scopes, "resources"), [1, 0]);
    assert_eq!(column(&scopes, "last_status"), ["partial", "skipped"]);
}

// Import files.

#[test]
fn a_scan_that_its_file_does_not_complete_has_failed() {
    let started = |scan_id: &str, second| Line::ScanStarted { scan_id: scan_id.to_owned(), provider: "aws".to_owned(), at: at(second) };
    let mut oracle = Oracle::new();
    let file = [
        started("s1", 0),
        Line::Observed(seen("i-1", "a")),
        started("s2", 1),
        Line::Completed { at: None },
        started("s3", 2),
        Line::Scope(covered(Status::Complete)),
    ];
    assert_eq!(oracle.import(&file, false), Ok(()));
    assert_eq!(column(&oracle.view().scans(), "status"), ["failed", "complete", "failed"]);
    assert_eq!(live(&oracle), ["i-1 a"]);
    let outside = [started("s4", 3), Line::Completed { at: None }, Line::Observed(seen("i-2", "a"))];
    assert_eq!(oracle.import(&outside, false), Err(Refusal::OutsideScan));
    let backwards = [
        started("s5", 9),
        Line::Observed(seen("i-3", "a")),
        Line::Observed(Observation { observed_at: Some(at(8)), ..seen("i-4", "a") }),
        Line::Completed { at: None },
    ];
    assert_eq!(oracle.import(&backwards, false), Err(Refusal::TimeGoesBackwards));
    assert_eq!(live(&oracle), ["i-1 a", "i-3 a"]);
    assert_eq!(column(&oracle.view().scans(), "status")[3..], ["complete", "failed"]);
}

#[test]
fn a_file_without_steering_lines_is_one_scan() {
    let mut oracle = Oracle::new();
    let listing = [seen("i-1", "a"), seen("i-2", "a")];
    oracle.import_listing(("s1", "aws", at(0)), &listing, false).expect("it is legal");
    oracle.import_listing(("s2", "aws", at(1)), &listing[..1], false).expect("it is legal");
    assert_eq!(live(&oracle), ["i-1 a", "i-2 a"]);
    oracle.import_listing(("s3", "aws", at(2)), &listing[..1], true).expect("it is legal");
    assert_eq!(live(&oracle), ["i-1 a"]);
}

#[test]
fn lines_are_spelled_as_the_import_format_wants_them() {
    let mut observation = seen("i-1", "é");
    observation.content.tags = Some(BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    observation.observed_at = Some(at(1));
    let lines = [
        Line::ScanStarted { scan_id: "s1".to_owned(), provider: "aws".to_owned(), at: at(0) },
        Line::Observed(observation),
        Line::Observed(gone("i-2")),
        Line::Scope(covered(Status::Complete)),
        Line::Completed { at: Some(at(9)) },
    ];
    let text = ndjson(&lines);
    let values: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    let place = r#""provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_test_alpha""#;
    let expected = [
        r#"{"scan":"started","scan_id":"s1","provider":"aws","at":"2026-01-01T00:00:00Z"}"#.to_owned(),
        format!(r#"{{{place},"resource_id":"i-1","observed_at":"2026-01-01T00:00:01Z","name":"é","native_type":null,"tags":{{"a":"b"}}}}"#),
        format!(r#"{{{place},"resource_id":"i-2","change":"deleted"}}"#),
        format!(r#"{{"scan":"scope",{place},"status":"complete","error_code":null}}"#),
        r#"{"scan":"completed","at":"2026-01-01T00:00:09Z"}"#.to_owned(),
    ];
    let expected = expected.map(|line| serde_json::from_str::<Value>(&line).expect("it is JSON"));
    assert_eq!(values, expected);
}
