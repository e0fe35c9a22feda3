//! When checks were violated: by one query over the history as by the query at each point, and as an oracle tells that knows no SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use elava::analysis::intervals::{Intervals, Method, Question, Violation, intervals};
use elava::ingest::{ImportOptions, Source, import};
use elava::model::{TimeSpan, Timestamp};
use elava::query::{Parameters, QuerySession};
use elava::store::{Snapshot, Store, Writer};

use crate::oracle::answers::View;
use crate::oracle::history::{Shape, from_seed};
use crate::support::driver::{Driver, played};
use crate::support::{Row, Scratch, clock, session};

/// What a check says of a state: its reasons, by resource key.
type Found = BTreeMap<String, BTreeSet<String>>;

/// What a check finds in a state, without SQL.
type InState = fn(&[Row]) -> Found;

/// Checks, and what they find in a state.
const CHECKS: [(&str, InState); 3] = [
    ("SELECT resource_key, 'is ' || state AS reason FROM resources WHERE state = 'running'", running),
    (
        "SELECT resource_key, 'there is no other' AS reason FROM resources a
         WHERE NOT EXISTS (SELECT 1 FROM resources b WHERE b.resource_id = a.resource_id AND b.resource_key <> a.resource_key)",
        alone,
    ),
    (
        "SELECT a.resource_key, 'as ' || b.resource_type || ' ' || b.region AS reason
         FROM resources a JOIN resources b ON a.resource_id = b.resource_id AND b.state = a.state AND a.resource_key <> b.resource_key",
        alike,
    ),
];

fn text<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row[column].as_str()
}

fn key(row: &Row) -> String {
    row["resource_key"].as_str().unwrap().to_owned()
}

fn running(rows: &[Row]) -> Found {
    let running = rows.iter().filter(|row| text(row, "state") == Some("running"));
    running.map(|row| (key(row), BTreeSet::from(["is running".to_owned()]))).collect()
}

fn alone(rows: &[Row]) -> Found {
    let of_id = |id: &str| rows.iter().filter(|row| text(row, "resource_id") == Some(id)).count();
    let alone = rows.iter().filter(|row| of_id(text(row, "resource_id").unwrap()) == 1);
    alone.map(|row| (key(row), BTreeSet::from(["there is no other".to_owned()]))).collect()
}

fn alike(rows: &[Row]) -> Found {
    let mut found = Found::new();
    for (row, other) in rows.iter().flat_map(|row| rows.iter().map(move |other| (row, other))) {
        let same = |column: &str| text(row, column).is_some() && text(row, column) == text(other, column);
        if key(row) != key(other) && same("resource_id") && same("state") {
            let reason = format!("as {} {}", text(other, "resource_type").unwrap(), text(other, "region").unwrap());
            found.entry(key(row)).or_default().insert(reason);
        }
    }
    found
}

/// Revisions at which a scan ended.
fn scan_ends(view: &View<'_>) -> Vec<i64> {
    (0..).map_while(|back| view.head_back(back).ok()).collect()
}

/// The violations in a range: key, reason, opened, whether before, closed.
type Told = (String, String, i64, bool, Option<i64>);

fn naive(view: &View<'_>, check: InState, from: i64, to: i64, lasting: i64) -> Vec<Told> {
    let observed = view.observations();
    let time = |revision: i64| match usize::try_from(revision - 1) {
        Ok(place) => Timestamp::parse(observed[place]["observed_at"].as_str().unwrap()).unwrap().micros(),
        Err(_) => i64::MIN,
    };
    let points: BTreeSet<i64> = scan_ends(view).into_iter().filter(|end| *end <= to).chain([0, from, to]).collect();
    let points: Vec<i64> = points.into_iter().collect();
    let found: Vec<Found> = points.iter().map(|point| check(&view.resources_as_of(*point).unwrap())).collect();
    let keys: BTreeSet<&String> = found.iter().flat_map(BTreeMap::keys).collect();
    let mut told = Vec::new();
    for key in keys {
        let mut place = 0;
        while place < points.len() {
            let Some(length) = found[place..].iter().position(|found| !found.contains_key(key)).or(Some(points.len() - place)) else {
                break;
            };
            let end = place + length;
            let lasted = (place..end).find(|at| time(points[*at]) - time(points[place]) >= lasting);
            let closed = points.get(end).copied();
            if let Some(opened) = lasted.map(|at| points[at]).filter(|_| closed.is_none_or(|closed| closed > from)) {
                let reasons: Vec<String> = found[end - 1][key].iter().cloned().collect();
                told.push((key.clone(), reasons.join("; "), opened.max(from), opened <= from, closed));
            }
            place = end + 1;
        }
    }
    told
}

fn told(found: &Intervals) -> Vec<Told> {
    let told = |violation: &Violation| {
        let Violation { resource_key, reason, opened, opened_before, closed } = violation.clone();
        (resource_key, reason, opened.revision, opened_before, closed.map(|closed| closed.revision))
    };
    found.violations.iter().map(told).collect()
}

async fn ask(session: &QuerySession, sql: &str, range: (i64, i64), lasting: Option<TimeSpan>, keys: Option<&[String]>) -> Intervals {
    let question = Question { sql, parameters: &Parameters::default(), lasting };
    intervals(session, &question, range.0, range.1, keys).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn snapshot(scratch: &Scratch) -> Arc<Snapshot> {
    Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap()
}

async fn check(seed: u64) {
    let ops = from_seed(seed, &Shape::overlapping()).ops();
    let player = played(&ops);
    let (view, scratch) = (player.oracle.view(), Scratch::new());
    if view.head() == 0 {
        return;
    }
    let mut driver = Driver::new(scratch.backend());
    for op in &ops {
        let _ = driver.apply(op).await;
    }
    let snapshot = snapshot(&scratch).await;
    let session = session(&snapshot, None);
    let seed = i64::try_from(seed).unwrap();
    for (nth, (sql, of_state)) in (0..).zip(CHECKS) {
        let from = (seed * 7 + nth * 3) % (view.head() + 1);
        let range = (if nth == 0 { 0 } else { from }, view.head() - (seed + nth) % (view.head() - from + 1));
        let lasting = [None, Some("1s"), Some("1m"), Some("2d")][usize::try_from(seed + nth).unwrap() % 4];
        let lasting = lasting.map(|span| TimeSpan::parse(span).unwrap());
        let pinned = player.oracle.pinned(range.1).unwrap();
        let expected = naive(&pinned, of_state, range.0, range.1, lasting.map_or(0, TimeSpan::micros));
        let found = ask(&session, sql, range, lasting, None).await;
        assert_eq!(found.method, Method::Temporal, "{sql}");
        assert_eq!(told(&found), expected, "seed {seed}, {sql}, {range:?}, {lasting:?}");
        let found = ask(&session, &format!("{sql} LIMIT 1000000"), range, lasting, None).await;
        assert!(matches!(found.method, Method::EachScan { .. }), "{sql}");
        assert_eq!(told(&found), expected, "seed {seed}, {sql}, {range:?}, {lasting:?}, at each point");
        let keys: Vec<String> = expected.iter().map(|(key, ..)| key.clone()).step_by(2).collect();
        let found = ask(&session, sql, range, lasting, Some(&keys)).await;
        let expected: Vec<Told> = expected.into_iter().filter(|(key, ..)| keys.contains(key)).collect();
        assert_eq!(told(&found), expected, "seed {seed}, {sql}, {range:?}, only {keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_tell_the_violations_that_the_oracle_does() {
    let seeds = std::env::var("ELAVA_TEST_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(24);
    for seed in 0..seeds {
        check(seed).await;
    }
}

/// Revisions: 1 to 3, 4 to 6, 7 and 8 and the deletion 9, 10 and 11, a scan that fails at 12, 13 to 15.
const HISTORY: &str = r#"
{"scan":"started","scan_id":"one","at":"2026-11-01T00:00:00Z"}
VPC vpc-1
VOLUME vol-1 "state":"available"
VOLUME vol-2 "state":"in-use"
COMPLETED 2026-11-01T00:01:00Z
{"scan":"started","scan_id":"two","at":"2026-11-02T00:00:00Z"}
VPC vpc-1
VOLUME vol-1 "state":"available"
VOLUME vol-2 "state":"available"
COMPLETED 2026-11-02T00:01:00Z
{"scan":"started","scan_id":"three","at":"2026-11-03T00:00:00Z"}
VPC vpc-1
VOLUME vol-2 "state":"available","properties":{"Size":9}
COMPLETED 2026-11-03T00:01:00Z
{"scan":"started","scan_id":"four","at":"2026-11-04T00:00:00Z"}
VPC vpc-1
VOLUME vol-2 "state":"in-use"
COMPLETED 2026-11-04T00:01:00Z
{"scan":"started","scan_id":"broken","at":"2026-11-05T00:00:00Z"}
VOLUME vol-2 "state":"available"
{"scan":"started","scan_id":"five","at":"2026-11-06T00:00:00Z"}
VPC vpc-1
VOLUME vol-1 "state":"available"
VOLUME vol-2 "state":"in-use"
COMPLETED 2026-11-06T00:01:00Z
"#;

fn lines(history: &str) -> String {
    let scope = |kind: &str| format!(r#""provider":"aws","account_id":"1","region":"eu","resource_type":"{kind}""#);
    let line = |line: &str| match line.split_once(' ') {
        Some(("COMPLETED", at)) => {
            let scopes =
                ["aws_vpc", "aws_ebs_volume"].map(|kind| format!("{{\"scan\":\"scope\",{},\"status\":\"complete\"}}\n", scope(kind)));
            format!("{}{{\"scan\":\"completed\",\"at\":\"{at}\"}}\n", scopes.concat())
        }
        Some((kind @ ("VPC" | "VOLUME"), rest)) => {
            let (id, members) = rest.split_once(' ').unwrap_or((rest, r#""name":null"#));
            let kind = if kind == "VPC" { "aws_vpc" } else { "aws_ebs_volume" };
            format!("{{{},\"resource_id\":\"{id}\",{members}}}\n", scope(kind))
        }
        _ => format!("{line}\n"),
    };
    history.trim().lines().map(line).collect()
}

/// A violation in one line.
fn said(violation: &Violation) -> String {
    let at = |moment: elava::analysis::intervals::Moment| moment.at.unwrap().to_string()[..10].to_owned();
    let id = violation.resource_key.rsplit('/').next().unwrap();
    let opened = if violation.opened_before { format!("before {}", at(violation.opened)) } else { at(violation.opened) };
    format!("{id}: {} from {opened} to {}", violation.reason, violation.closed.map_or_else(|| "now".to_owned(), at))
}

#[tokio::test(flavor = "multi_thread")]
async fn violations_of_a_small_history_are_those_that_a_person_reads_in_it() {
    let scratch = Scratch::new();
    let writer = Writer::open(scratch.backend(), clock()).await.unwrap();
    let source = Source::reader("lines", std::io::Cursor::new(lines(HISTORY)));
    import(&writer, vec![source], &ImportOptions::default(), &mut |_| {}).await.unwrap();
    let snapshot = snapshot(&scratch).await;
    let session = session(&snapshot, None);
    let sql = "SELECT resource_key, state || ', ' || coalesce(size, 0) || ' GiB' AS reason FROM aws_ebs_volume WHERE state = 'available'";
    let say = async |range, lasting: Option<&str>| {
        let lasting = lasting.map(|span| TimeSpan::parse(span).unwrap());
        ask(&session, sql, range, lasting, None).await.violations.iter().map(said).collect::<Vec<_>>()
    };
    // Of the scan that broke there is an end too; the next one found the volume in use again.
    let expected = [
        "vol-1: available, 0 GiB from 2026-11-01 to 2026-11-03",
        "vol-1: available, 0 GiB from 2026-11-06 to now",
        "vol-2: available, 9 GiB from 2026-11-02 to 2026-11-04",
        "vol-2: available, 0 GiB from 2026-11-05 to 2026-11-06",
    ];
    assert_eq!(say((0, snapshot.head()), None).await, expected);
    let expected =
        ["vol-1: available, 0 GiB from before 2026-11-02 to 2026-11-03", "vol-2: available, 9 GiB from before 2026-11-02 to now"];
    assert_eq!(say((6, 9), None).await, expected);
    // What has lasted a day by then, in a range that is shorter than that, too.
    let expected = ["vol-1: available, 0 GiB from 2026-11-02 to 2026-11-03", "vol-2: available, 9 GiB from 2026-11-03 to 2026-11-04"];
    assert_eq!(say((0, snapshot.head()), Some("1d")).await, expected);
    let expected = ["vol-1: available, 0 GiB from before 2026-11-02 to now", "vol-2: available, 0 GiB from 2026-11-03 to now"];
    assert_eq!(say((6, 7), Some("1d")).await, expected);
}
