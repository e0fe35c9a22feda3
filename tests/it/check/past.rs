//! Checks over the past: the same answer at the same revision, for ever.

use serde_json::Value;

use super::house::{House, findings, of, texts};

/// The checks of an outcome: all but the run's own id.
fn told(outcome: &Value) -> (&Value, &Value) {
    (&outcome["point"], &outcome["checks"])
}

#[test]
fn a_point_of_the_past_is_as_it_was_then() {
    let house = House::new();
    house.import("monday");
    let (code, then) = house.check(&["--no-record"]);
    let point = then["point"]["revision"].to_string();
    house.import("tuesday");
    house.import("wednesday");
    for _ in 0..2 {
        let (code_now, now) = house.check(&["--as-of", &point]);
        assert_eq!(code_now, code);
        assert_eq!(told(&now).0, told(&then).0);
        for check in then["checks"].as_array().unwrap() {
            let id = check["id"].as_str().unwrap();
            assert_eq!(findings(&now, id), findings(&then, id), "{id}");
            assert_eq!((&of(&now, id)["status"], &of(&now, id)["why"]), (&check["status"], &check["why"]), "{id}");
        }
        house.bench.elava(&["compact"]);
    }
    assert_eq!(house.sql("SELECT count(*) AS n FROM findings")[0]["n"], 0, "the past is no news");
    let runs = house.sql("SELECT kind, revision FROM analysis_runs");
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert!(runs.as_array().unwrap().iter().all(|run| run["kind"] == "as_of" && run["revision"].to_string().as_str() == point.as_str()));
}

#[test]
fn what_was_exempt_then_is_judged_by_the_time_of_the_point() {
    let house = House::new();
    house.import("monday");
    house.import("tuesday");
    let exempt = |until: &str| {
        house.settings(&format!(
            "[[checks.exemptions]]\ncheck = \"instance-*\"\nresource = \"aws/111122223333/*/i-1\"\nreason = \"a test\"\nuntil = {until}\n"
        ));
    };
    let monday = || house.check(&["instance-public", "--as-of", "2026-11-02T12:00:00Z"]);
    exempt("\"2026-11-02T11:59:59Z\"");
    assert_eq!(monday().0, 1, "it has expired");
    exempt("\"2026-11-02\"");
    let (code, outcome) = monday();
    assert_eq!(code, 0, "the day is not over");
    let check = of(&outcome, "instance-public");
    assert_eq!(check["status"], "pass");
    assert_eq!(check["findings"][0]["exemption"], serde_json::json!({"reason": "a test", "until": "2026-11-03T00:00:00Z"}));
    let (_, outcome) = house.check(&["instance-public"]);
    assert_eq!(findings(&outcome, "instance-public"), [texts(("i-2", "is reached at 198.51.100.8"))], "it is for i-1 alone");
}

#[test]
fn points_that_are_none_are_refused() {
    let house = House::new();
    house.import("monday");
    house.import("tuesday");
    house.tells("check-as-of-wrong", &["--as-of", "release"]);
    house.tells("check-between-backwards", &["--between", "head", "--and", "1"]);
}
