//! The packs over the demo's sixty days: `tests/packs/demo.csv` has every interval in which a check is violated, found by hand-written
//! queries that share nothing with the checks, `demo-drift.csv` those of drift since a baseline. All of them are found, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::cli::run::{Bench, run};

/// The revision where the drift of `demo-drift.csv` begins: the end of the first scan.
const BASELINE: &str = "345";

/// Check, resource, and the scans at whose end it opened and closed, the latter empty where it is open.
type Told = BTreeSet<[String; 4]>;

fn planted(file: &str) -> Told {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/packs").join(file);
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("check,resource_id,opened_scan,closed_scan"));
    let told: Told = lines.map(|line| line.split(',').map(ToOwned::to_owned).collect::<Vec<_>>().try_into().unwrap()).collect();
    assert!(told.len() > 40, "{file} has {} intervals", told.len());
    told
}

/// The scan that ended at a revision.
fn scan_ends(bench: &Bench) -> BTreeMap<i64, String> {
    let rows = bench.data(&["--store", "elava-demo", "sql", "SELECT scan_id, last_revision FROM scans", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    rows.iter().map(|row| (row["last_revision"].as_i64().unwrap(), row["scan_id"].as_str().unwrap().to_owned())).collect()
}

/// What `elava check` tells of a range.
fn told(bench: &Bench, arguments: &[&str]) -> Told {
    let ends = scan_ends(bench);
    let command =
        bench.command(&[&["--store", "elava-demo", "check", "--format", "json", "--no-record", "--and", "head"], arguments].concat());
    let output = run(command, "");
    assert_eq!(output.status.code(), Some(1), "{}", bench.told(&output));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    let scan = |moment: &Value| moment["revision"].as_i64().map_or(String::new(), |revision| ends[&revision].clone());
    let mut told = Told::new();
    for check in outcome["checks"].as_array().unwrap() {
        let id = check["id"].as_str().unwrap();
        assert!(["pass", "fail", "skipped"].contains(&check["status"].as_str().unwrap()), "{id}: {check}");
        for interval in check["violations"].as_array().unwrap() {
            let resource = interval["resource_id"].as_str().unwrap();
            told.insert([id.to_owned(), resource.to_owned(), scan(&interval["opened"]), scan(&interval["closed"])]);
        }
    }
    told
}

fn compare(told: &Told, planted: &Told) {
    let (missing, surplus): (Vec<_>, Vec<_>) = (planted.difference(told).collect(), told.difference(planted).collect());
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:#?}, surplus {surplus:#?}");
}

#[test]
fn the_packs_find_what_is_planted_in_the_demo_and_nothing_else() {
    let bench = Bench::new();
    bench.elava(&["demo"]);
    compare(&told(&bench, &["--between", "0"]), &planted("demo.csv"));
    let baseline = format!("drift.baseline={BASELINE}");
    let drift = ["resource-changed", "resource-retagged", "--between", BASELINE, "--parameter", &baseline];
    compare(&told(&bench, &drift), &planted("demo-drift.csv"));
}
