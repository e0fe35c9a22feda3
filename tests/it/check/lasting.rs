//! Since when violations have held, and those that are told of only once they have held for so long.

use serde_json::{Value, json};

use super::house::{House, findings, of, texts};

fn since(outcome: &Value, check: &str) -> Vec<(String, Value)> {
    let findings = of(outcome, check)["findings"].as_array().unwrap().iter();
    findings.map(|finding| (finding["resource_id"].as_str().unwrap().to_owned(), finding["since"].clone())).collect()
}

#[test]
fn findings_tell_since_when_without_a_break() {
    let house = House::new();
    house.import("monday");
    let (_, outcome) = house.check(&["--no-record", "instance-tags", "instance-public"]);
    let monday = json!({"revision": 4, "at": "2026-11-02T00:00:00Z", "or_before": false});
    assert_eq!(since(&outcome, "instance-tags"), [("i-1".to_owned(), monday.clone()), ("i-2".to_owned(), monday.clone())]);
    house.import("tuesday");
    let (_, outcome) = house.check(&["--no-record", "instance-tags", "instance-public"]);
    assert_eq!(since(&outcome, "instance-tags"), [("i-1".to_owned(), monday.clone()), ("i-2".to_owned(), monday)]);
    let public = since(&outcome, "instance-public");
    assert_eq!((&public[0].0, &public[0].1["at"]), (&"i-2".to_owned(), &json!("2026-11-03T00:00:00Z")));
}

#[test]
fn what_has_to_last_is_told_of_once_it_has() {
    let house = House::with_lasting();
    for (day, expected) in [("monday", vec![]), ("tuesday", vec![]), ("wednesday", vec![]), ("thursday", vec!["vol-2"])] {
        house.import(day);
        let (_, outcome) = house.check(&["--no-record", "volume-unused"]);
        let found: Vec<String> = findings(&outcome, "volume-unused").into_iter().map(|(id, _)| id).collect();
        assert_eq!(found, expected, "{day}");
    }
    let (_, outcome) = house.check(&["--no-record", "volume-unused"]);
    assert_eq!(since(&outcome, "volume-unused")[0].1["at"], "2026-11-04T00:00:09Z", "it has been so for longer than it is told of");
    assert_eq!(of(&outcome, "volume-unused")["lasting"], "23h");
    let (_, outcome) = house.check(&["--no-record", "volume-unused", "--parameter", "house.unused_for=25h"]);
    assert_eq!(findings(&outcome, "volume-unused"), []);
    let (_, outcome) = house.check(&["--no-record", "volume-unused", "--parameter", "house.unused_for=0s", "--as-of", "2026-11-02"]);
    assert_eq!(findings(&outcome, "volume-unused"), [texts(("vol-1", "is available"))]);
}

#[test]
fn a_range_tells_when_checks_were_violated() {
    let house = House::with_lasting();
    ["monday", "tuesday", "wednesday", "thursday"].iter().for_each(|day| house.import(day));
    let (code, outcome) = house.check(&["instance-public", "volume-unattached", "volume-unused", "--between", "0", "--and", "head"]);
    assert_eq!(code, 1);
    assert_eq!(outcome["range"]["from"], json!({"revision": 0, "at": null}));
    let told = |check: &str| -> Vec<Value> {
        let violations = of(&outcome, check)["violations"].as_array().unwrap().iter();
        let told = violations.map(|held| json!([held["resource_id"], held["opened"]["at"], held["closed"]["at"], held["lasted_seconds"]]));
        told.collect()
    };
    // On Wednesday a resource was missed, which is seen when the scan ends.
    let (monday, tuesday, wednesday, thursday) =
        ("2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z", "2026-11-04T00:00:09Z", "2026-11-05T00:00:00Z");
    let day = 24 * 3600;
    assert_eq!(told("instance-public"), [json!(["i-1", monday, tuesday, day]), json!(["i-2", tuesday, wednesday, day + 9])]);
    assert_eq!(told("volume-unattached"), [json!(["vol-1", monday, tuesday, day]), json!(["vol-2", wednesday, null, day - 9])]);
    assert_eq!(told("volume-unused"), [json!(["vol-2", thursday, null, 0])]);
    assert_eq!(house.sql("SELECT kind, from_revision FROM analysis_runs"), json!([{"kind": "between", "from_revision": 0}]));
    assert_eq!(house.sql("SELECT count(*) AS n FROM findings")[0]["n"], 0);

    let (_, later) = house.check(&["instance-public", "--between", "2026-11-03", "--and", "2026-11-03"]);
    let held = &of(&later, "instance-public")["violations"][0];
    assert_eq!((&held["resource_id"], &held["opened_before"], &held["closed"]), (&json!("i-2"), &json!(true), &json!(null)));
    let csv = house.run(&["instance-public", "--between", "0", "--and", "head", "--no-record", "--format", "csv"]).1;
    assert_eq!(csv.lines().count(), 3);
    let region = house.check(&["instance-public", "--between", "0", "--and", "head", "--where", "name = 'web'"]).1;
    assert_eq!(of(&region, "instance-public")["violations"].as_array().unwrap().len(), 1, "i-2 is db");
}
