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

/// One instance on so many days from the first of September.
fn days(count: u32) -> String {
    let place = r#""provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_ec2_instance""#;
    let day = |nth: u32| {
        let date = format!("2026-{:02}-{:02}T00:00:00Z", 9 + nth / 30, 1 + nth % 30);
        format!(
            "{{\"scan\":\"started\",\"scan_id\":\"day-{nth}\",\"provider\":\"aws\",\"at\":\"{date}\"}}\n{{{place},\"resource_id\":\"i-1\"}}\n\
             {{\"scan\":\"scope\",{place},\"status\":\"complete\"}}\n{{\"scan\":\"completed\",\"at\":\"{date}\"}}\n"
        )
    };
    (0..count).map(day).collect()
}

/// What no one query over the history tells is asked point by point, so far back and as far as has to be known.
#[test]
fn where_each_point_is_asked_what_goes_far_back_is_told_to_be_older() {
    let house = House::with_lasting();
    let check = |id: &str, lasting: &str| {
        let header =
            format!("-- id: {id}\n-- title: The first\n-- severity: low\n-- types: aws_ec2_instance\n{lasting}-- remediation: None.\n");
        let sql = "SELECT min(resource_key) AS resource_key, 'is the first' AS reason FROM aws_ec2_instance HAVING count(*) > 0\n";
        house.bench.write(&format!("packs/house/{id}.sql"), &(header + sql));
    };
    check("instance-first", "");
    check("instance-first-lasting", "-- lasting: 35d\n");
    let first = |days_seen: u32| {
        house.bench.write("days.ndjson", &days(days_seen));
        house.bench.elava(&["import", "days.ndjson"]);
        let (_, outcome) = house.check(&["--no-record", "instance-first", "instance-first-lasting"]);
        let told = |check: &str| {
            since(&outcome, check).into_iter().map(|(_, since)| (since["at"].clone(), since["or_before"].clone())).collect::<Vec<_>>()
        };
        (told("instance-first"), told("instance-first-lasting"))
    };
    let since = |at: &str, or_before: bool| vec![(json!(format!("{at}T00:00:00Z")), json!(or_before))];
    assert_eq!(first(20), (since("2026-09-01", false), vec![]));
    assert_eq!(first(40), (since("2026-09-08", true), since("2026-09-05", true)));
    assert_eq!(house.check(&["instance-first", "--between", "0", "--and", "head"]).1["checks"][0]["method"]["each_scan"]["points"], 41);
}
