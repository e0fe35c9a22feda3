//! What runs make of findings: opened, exempt, unknown, resolved.

use std::fs;

use serde_json::{Value, json};

use super::house::{House, of};

/// The findings of a check as the store has them: resource, status, reason.
fn stored(house: &House, check: &str) -> Value {
    house.sql(&format!("SELECT resource_id AS id, status, reason FROM findings WHERE check_id = '{check}' ORDER BY 1"))
}

fn row(id: &str, status: &str, reason: &str) -> Value {
    json!({"id": id, "status": status, "reason": reason})
}

#[test]
fn findings_open_and_are_resolved() {
    let house = House::new();
    house.import("monday");
    let (_, outcome) = house.check(&["house"]);
    assert_eq!(of(&outcome, "instance-public")["findings"][0]["is_new"], true);
    assert_eq!(stored(&house, "instance-public"), json!([row("i-1", "open", "is reached at 198.51.100.7")]));
    let (_, outcome) = house.check(&["house"]);
    assert_eq!(of(&outcome, "instance-public")["findings"][0]["is_new"], false);

    house.import("tuesday");
    let (_, outcome) = house.check(&["instance-public"]);
    assert_eq!(of(&outcome, "instance-public")["resolved"][0]["resource_id"], "i-1");
    let public = json!([row("i-1", "resolved", "is reached at 198.51.100.7"), row("i-2", "open", "is reached at 198.51.100.8")]);
    assert_eq!(stored(&house, "instance-public"), public);

    house.import("wednesday");
    house.check(&["instance-public"]);
    assert_eq!(stored(&house, "instance-public")[1]["status"], "resolved", "a resource that is gone violates nothing");
    let runs = house.sql("SELECT opened, resolved FROM analysis_runs ORDER BY finished_at");
    let opened: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["opened"].as_i64().unwrap()).collect();
    assert_eq!(opened[1..], [0, 1, 0]);
    assert_eq!(runs[2]["resolved"], 1);
    assert_eq!(runs[3]["resolved"], 1);
}

#[test]
fn what_could_not_be_seen_is_not_resolved() {
    let house = House::new();
    house.import("monday");
    house.check(&["volume-unattached"]);
    house.import("tuesday");
    let (code, outcome) = house.check(&["volume-unattached"]);
    assert_eq!((code, &of(&outcome, "volume-unattached")["status"]), (1, &json!("incomplete")));
    assert_eq!(of(&outcome, "volume-unattached")["resolved"], json!([]));
    assert_eq!(stored(&house, "volume-unattached"), json!([row("vol-1", "unknown", "is available")]));
    house.check(&["volume-unattached"]);
    assert_eq!(house.sql("SELECT count(*) AS n FROM finding_changes WHERE check_id = 'volume-unattached'")[0]["n"], 2, "nothing changed");
    house.import("wednesday");
    house.check(&["volume-unattached"]);
    assert_eq!(
        stored(&house, "volume-unattached"),
        json!([row("vol-1", "resolved", "is available"), row("vol-2", "open", "is available")])
    );
}

#[test]
fn exempt_findings_are_open_again_when_they_expire() {
    let house = House::new();
    house.import("monday");
    house.settings("[[checks.exemptions]]\ncheck = \"*\"\nresource = \"*\"\nreason = \"moving\"\nuntil = \"2026-11-03\"\n");
    house.check(&["instance-tags"]);
    let of_i1 = || house.sql("SELECT status, exempt_reason, exempt_until FROM findings WHERE resource_id = 'i-1'");
    assert_eq!(of_i1(), json!([{"status": "exempt", "exempt_reason": "moving", "exempt_until": "2026-11-04T00:00:00Z"}]));
    house.import("tuesday");
    assert_eq!(house.check(&["instance-tags"]).0, 0);
    house.import("wednesday");
    assert_eq!(house.check(&["instance-tags"]).0, 1);
    assert_eq!(of_i1(), json!([{"status": "open", "exempt_reason": null, "exempt_until": null}]));
}

/// Another may have the pack, so only who says so resolves what is left of a check that is not there.
#[test]
fn findings_of_a_check_that_was_removed_are_told_and_resolved_when_asked() {
    let house = House::new();
    house.import("monday");
    house.check(&["house"]);
    fs::remove_file(house.bench.path("packs/house/volume-unattached.sql")).unwrap();
    let (_, outcome) = house.check(&["volume-small"]);
    assert_eq!(outcome["removed"], json!({"volume-unattached": 1}));
    house.tells("check-removed", &["volume-small", "--format", "csv"]);
    assert_eq!(stored(&house, "volume-unattached")[0]["status"], "open");
    house.tells("check-resolve-removed", &["volume-small", "--format", "csv", "--resolve-removed"]);
    assert_eq!(stored(&house, "volume-unattached")[0]["status"], "resolved");
    assert_eq!(house.sql("SELECT resolved FROM analysis_runs ORDER BY finished_at DESC LIMIT 1")[0]["resolved"], 1);
    assert_eq!(stored(&house, "instance-public")[0]["status"], "open", "its check is there, and was not run");
    let (_, outcome) = house.check(&["volume-small"]);
    assert_eq!(outcome["removed"], json!({}));
}

#[test]
fn a_run_about_some_resources_tells_of_no_findings() {
    let house = House::new();
    house.import("monday");
    house.check(&["instance-public", "--where", "region = 'eu-west-1'"]);
    house.check(&["instance-public", "--where", "region = 'us-east-1'"]);
    assert_eq!(stored(&house, "instance-public"), json!([]));
    assert_eq!(house.sql("SELECT count(*) AS n FROM analysis_runs")[0]["n"], 2);
}

#[test]
fn runs_of_a_store_that_cannot_be_written_need_not_be_recorded() {
    let house = House::new();
    house.import("monday");
    let temporary = house.bench.path("store/tmp");
    fs::remove_dir_all(&temporary).unwrap();
    fs::write(&temporary, "").unwrap();
    let told = house.bench.elava(&["check", "volume-small"]);
    assert!(told.starts_with("exit 2") && told.contains("error: record the run: cannot write"), "{told}");
    assert!(told.ends_with("hint: --no-record runs checks without writing\n"), "{told}");
    assert_eq!(house.check(&["volume-small", "--no-record"]).0, 0);
    assert_eq!(house.sql("SELECT count(*) AS n FROM analysis_runs")[0]["n"], 0);
}

/// Each run compares with the one before it, however many begin at once: what is new is told of once.
#[test]
fn of_runs_at_once_one_opens_a_finding() {
    let house = House::new();
    house.import("monday");
    let codes = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| house.check(&["instance-public", "instance-tags"]).0)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(codes, [1; 4]);
    let runs = house.sql("SELECT count(*) AS n, sum(opened) AS opened FROM analysis_runs WHERE kind = 'present'");
    assert_eq!(runs, json!([{"n": 4, "opened": 3}]));
    assert_eq!(house.sql("SELECT count(*) AS n FROM finding_changes"), json!([{"n": 3}]));
}
