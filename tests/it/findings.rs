//! What runs tell of findings is found again: whole or not at all, compacted or not, and as it was at any time.

use std::sync::Arc;

use elava::clock::ManualClock;
use elava::error::ErrorKind;
use elava::model::Timestamp;
use elava::store::{CompactOptions, FindingRecord, FindingStatus, JobClaim, JobEnd, LastRun, RunRecord, Store, Writer};
use serde_json::{Map, Value, json};

use crate::support::{Row, Scratch, clock, rows, session};
use crate::verify::store;

const KEY: &str = "aws/1/r/aws_test/i-1";

fn finding(check: &str, status: FindingStatus, reason: &str) -> FindingRecord {
    FindingRecord {
        status,
        check_id: check.into(),
        resource_key: KEY.into(),
        severity: "high".into(),
        title: "A title".into(),
        reason: reason.into(),
        since: Some(Timestamp::parse("2025-01-01T00:00:00Z").unwrap()),
        exempt_reason: None,
        exempt_until: None,
        last_seen_at: None,
        last_seen_revision: None,
        details: Some(json!({"port": 22})),
    }
}

fn run(id: &str, after: Option<&str>, revision: i64, results: &[(&str, &str)]) -> RunRecord {
    let results: Vec<Value> = results.iter().map(|(check, status)| json!({"check_id": check, "status": status})).collect();
    let details = json!({"kind": "present", "revision": revision, "status": "fail", "checks": results.len(), "results": results});
    RunRecord {
        run_id: id.into(),
        started_at: Timestamp::parse("2030-01-01T00:00:00Z").unwrap(),
        findings: Some(LastRun(after.map(str::to_owned))),
        details: details.as_object().cloned().unwrap_or_else(Map::new),
    }
}

async fn all(scratch: &Scratch, sql: &str) -> Vec<Row> {
    let snapshot = Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap();
    rows(&mut session(&snapshot, None), sql).await
}

fn texts(rows: &[Row], column: &str) -> Vec<String> {
    rows.iter().map(|row| row[column].as_str().unwrap_or("NULL").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_as_the_newest_run_left_them() {
    let scratch = Scratch::new();
    drop(store(&scratch).await);
    let clock = clock();
    let at = |text: &str| clock.set(Timestamp::parse(text).unwrap());
    let writer = Writer::open(scratch.backend(), Arc::<ManualClock>::clone(&clock)).await.unwrap();

    writer.record_findings("one", &[finding("ports", FindingStatus::Open, "22 is open")], 0).await.unwrap();
    assert_eq!(all(&scratch, "SELECT * FROM findings").await.len(), 0, "a run that is not told of yet has found nothing");
    writer.record_run(&run("one", None, 200, &[("ports", "fail"), ("tags", "pass")])).await.unwrap();

    at("2030-01-02T00:00:00Z");
    writer.record_findings("two", &[finding("ports", FindingStatus::Exempt, "22 is open")], 0).await.unwrap();
    let error = writer.record_run(&run("two", None, 200, &[("ports", "fail")])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "it did not know of the run before");
    writer.record_run(&run("two-again", Some("one"), 200, &[("ports", "fail")])).await.unwrap();

    let found = all(&scratch, "SELECT * FROM findings").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["status"], "open", "what the refused run wrote does not count");
    assert_eq!(found[0]["first_seen_at"], "2030-01-01T00:00:00Z");
    assert_eq!(found[0]["last_seen_at"], "2030-01-02T00:00:00Z");
    assert_eq!(found[0]["resource_id"], "i-1");
    assert_eq!(found[0]["details"], r#"{"port":22}"#);
    assert_eq!(found[0]["resolved_at"], Value::Null);

    at("2030-01-03T00:00:00Z");
    let gone = FindingRecord {
        last_seen_at: Some(Timestamp::parse("2030-01-02T00:00:00Z").unwrap()),
        last_seen_revision: Some(200),
        ..finding("ports", FindingStatus::Resolved, "22 is open")
    };
    writer.record_findings("three", &[gone], 0).await.unwrap();
    writer.record_run(&run("three", Some("two-again"), 240, &[("ports", "pass")])).await.unwrap();
    writer.compact(CompactOptions::default()).await.unwrap();

    at("2030-01-04T00:00:00Z");
    writer.record_findings("four", &[finding("ports", FindingStatus::Open, "23 is open")], 0).await.unwrap();
    writer.record_run(&run("four", Some("three"), 240, &[("ports", "fail")])).await.unwrap();
    let found = all(&scratch, "SELECT * FROM findings").await;
    assert_eq!((&found[0]["status"], &found[0]["reason"]), (&json!("open"), &json!("23 is open")));
    assert_eq!(found[0]["first_seen_at"], "2030-01-01T00:00:00Z");
    assert_eq!(found[0]["opened_at"], "2030-01-04T00:00:00Z");

    let changes = all(&scratch, "SELECT * FROM finding_changes ORDER BY changed_at").await;
    assert_eq!(texts(&changes, "status"), ["open", "resolved", "open"]);
    assert_eq!(texts(&changes, "status_before"), ["NULL", "open", "resolved"]);
    let runs = all(&scratch, "SELECT * FROM analysis_runs ORDER BY finished_at").await;
    assert_eq!(texts(&runs, "run_id"), ["one", "two-again", "three", "four"]);
    let logged =
        all(&scratch, "SELECT entry, details->>'run_id' AS run_id FROM audit_log WHERE entry IN ('analysis_run', 'finding')").await;
    assert_eq!(texts(&logged, "run_id"), ["one", "two-again", "three", "four"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_as_of_a_point_are_those_of_runs_up_to_it() {
    let scratch = Scratch::new();
    let writer = store(&scratch).await;
    let head = writer.history().await.unwrap().head();
    writer.record_findings("one", &[finding("ports", FindingStatus::Open, "22 is open")], 0).await.unwrap();
    writer.record_run(&run("one", None, head, &[("ports", "fail")])).await.unwrap();
    let count = |point: String| {
        let scratch = &scratch;
        async move { all(scratch, &format!("SELECT * FROM findings_as_of({point})")).await.len() }
    };
    assert_eq!(count(head.to_string()).await, 1);
    assert_eq!(count((head - 1).to_string()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_daemons_one_has_the_job() {
    let scratch = Scratch::new();
    let writers = [Writer::open(scratch.backend(), clock()).await.unwrap(), Writer::open(scratch.backend(), clock()).await.unwrap()];
    let claim = |holder: usize, due: i64, at: i64| JobClaim {
        job: "nightly".into(),
        due: Timestamp::from_micros(due),
        holder: format!("daemon-{holder}"),
        at: Timestamp::from_micros(at),
        lease_until: Timestamp::from_micros(at + 60),
    };
    for due in 1..20 {
        let (first, second) =
            tokio::join!(writers[0].claim_job(claim(0, due * 100, due * 100)), writers[1].claim_job(claim(1, due * 100, due * 100)));
        let had = [first.unwrap(), second.unwrap()];
        assert_eq!(had.iter().filter(|had| **had).count(), 1, "run {due}: {had:?}");
        let holder = usize::from(had[1]);
        let end = JobEnd {
            job: "nightly".into(),
            due: Timestamp::from_micros(due * 100),
            holder: format!("daemon-{holder}"),
            ok: true,
            message: String::new(),
        };
        writers[holder].end_job(&end).await.unwrap();
    }
    let jobs = writers[0].history().await.unwrap().index.jobs.clone();
    assert_eq!(jobs["nightly"].due, Timestamp::from_micros(1900));
    assert!(jobs["nightly"].end.as_ref().unwrap().ok);
}
