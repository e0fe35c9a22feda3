//! The oracle against laws 2 and 3, and against itself, on random histories.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::answers::{ORDER_BY_KEY, ORDER_BY_REVISION, Row, Rows, View, apply_changes, sorted};
use super::history::{Op, Shape, files, from_seed, ndjson, play, scripts};
use super::model::Oracle;

/// One column of all rows.
pub(super) fn column(rows: &Rows, name: &str) -> Vec<Value> {
    rows.iter().map(|row| row[name].clone()).collect()
}

pub(super) fn all_tables(view: View<'_>) -> [Rows; 6] {
    [view.observations(), view.resources(), view.resource_versions(), view.scans(), view.coverage(), view.scopes()]
}

/// Some revisions of a history: all of a short one, a spread of a long one.
fn points(head: i64) -> Vec<i64> {
    let step = usize::try_from(head / 6 + 1).expect("a head is not negative");
    (0..head).step_by(step).chain([head]).collect()
}

/// Laws 2 and 3, and the pin.
fn laws_hold(oracle: &Oracle) {
    let view = oracle.view();
    let state = |revision| view.resources_as_of(revision).expect("in range");
    let points = points(view.head());
    for (index, a) in points.iter().enumerate() {
        assert_eq!(view.changes(*a, *a), Ok(Rows::new()));
        let pinned = oracle.pinned(*a).expect("in range");
        assert_eq!(pinned.resources(), state(*a));
        for b in &points[index..] {
            let changes = view.changes(*a, *b).expect("in range");
            assert_eq!(apply_changes(&state(*a), &changes), state(*b), "law 2 from {a} to {b}");
            let middle = points[index + (points.len() - index) / 2].min(*b);
            let mut joined = view.changes(*a, middle).expect("in range");
            joined.extend(view.changes(middle, *b).expect("in range"));
            assert_eq!(joined, changes, "law 3 from {a} over {middle} to {b}");
            differences_are_those_of_the_states(&state(*a), &state(*b), &view.diff(*a, *b).expect("in range"));
        }
    }
}

fn differences_are_those_of_the_states(old: &Rows, new: &Rows, diff: &Rows) {
    let content = |row: &Row| -> Row {
        let versioned = ["revision", "changed_at", "first_seen_revision", "first_seen_at"];
        row.iter().filter(|(name, _)| !versioned.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect()
    };
    let contents =
        |rows: &Rows| -> BTreeMap<String, Row> { rows.iter().map(|row| (row["resource_key"].to_string(), content(row))).collect() };
    let mut patched = contents(old);
    for row in diff {
        let mut after = content(row);
        after.retain(|name, _| !["change", "changed_paths", "before", "after"].contains(&name.as_str()));
        let key = row["resource_key"].to_string();
        let before = patched.remove(&key);
        assert_eq!(before.is_none(), row["before"].is_null());
        if row["change"] != "deleted" {
            assert_ne!(before.as_ref(), Some(&after), "a row of diff says that something differs");
            patched.insert(key, after);
        }
    }
    assert_eq!(patched, contents(new));
}

fn is_well_formed(oracle: &Oracle) {
    let rows = oracle.view().observations();
    assert_eq!(column(&rows, "revision"), (1..=oracle.head()).map(Value::from).collect::<Vec<_>>());
    assert!(oracle.records.is_sorted_by_key(|record| record.observed_at), "times never go backwards");
    assert_eq!(sorted(rows.clone(), ORDER_BY_REVISION), rows);
    let scans = oracle.view().scans();
    for change in ["created", "updated", "unchanged", "deleted", "late"] {
        let counted: i64 = column(&scans, change).iter().filter_map(Value::as_i64).sum();
        let recorded = rows.iter().filter(|row| row["change"] == change).count();
        assert_eq!(usize::try_from(counted), Ok(recorded));
    }
    let resources = oracle.view().resources();
    assert_eq!(sorted(resources.clone(), ORDER_BY_KEY), resources);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn laws_2_and_3_hold_on_random_histories(script in scripts(&Shape::overlapping())) {
        let oracle = play(&script.ops());
        is_well_formed(&oracle);
        laws_hold(&oracle);
    }

    #[test]
    fn a_pin_is_the_store_as_it_stood(script in scripts(&Shape::overlapping())) {
        let ops = script.ops();
        let whole = play(&ops);
        // Where the next thing to happen is an observation, a store that ends there is the pinned one.
        for (index, op) in ops.iter().enumerate() {
            let then = play(&ops[..index]);
            let adds = play(&ops[..=index]).head() > then.head();
            if adds && matches!(op, Op::Observe { .. }) {
                let pinned = whole.pinned(then.head()).expect("in range");
                assert_eq!(all_tables(pinned), all_tables(then.view()));
                assert_eq!(pinned.head_back(0), then.view().head_back(0));
            }
        }
    }

    #[test]
    fn import_files_say_the_same_as_the_steps_they_come_from(script in scripts(&Shape::serial())) {
        let ops: Vec<Op> = script.ops().into_iter().map(failed_instead_of_abandoned).collect();
        let stepped = play(&ops);
        let mut imported = Oracle::new();
        for file in files(&ops).expect("one writer's scans do not overlap") {
            imported.import(&file, false).expect("the file is legal");
            for line in ndjson(&file).lines() {
                serde_json::from_str::<Value>(line).expect("it is JSON");
            }
        }
        assert_eq!(all_tables(imported.view()), all_tables(ended(stepped, &ops).view()));
    }
}

fn failed_instead_of_abandoned(op: Op) -> Op {
    if let Op::Abandon { writer } = op { Op::Fail { writer } } else { op }
}

/// The end of a file fails what is still open.
fn ended(oracle: Oracle, ops: &[Op]) -> Oracle {
    let is_open = column(&oracle.view().scans(), "status").contains(&json!("running"));
    if is_open { play(&[ops, &[Op::Fail { writer: 0 }]].concat()) } else { oracle }
}

#[test]
fn random_histories_reach_every_rule() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |what: String| *seen.entry(what.replace('"', "")).or_default() += 1;
    for seed in 0..120 {
        let script = from_seed(seed, &Shape::overlapping());
        let ops = script.ops();
        count(format!("as files: {}", files(&ops).is_some()));
        let oracle = play(&ops);
        let view = oracle.view();
        view.observations().iter().for_each(|row| count(format!("change {}", row["change"])));
        view.coverage().iter().for_each(|row| count(format!("scope {}", row["status"])));
        view.scans().iter().for_each(|row| count(format!("scan {}", row["status"])));
        let coverage = view.coverage();
        let spared = coverage.iter().filter(|row| row["missing"].as_i64() > row["deleted"].as_i64()).count();
        count(format!("something spared by the token: {}", spared > 0));
        let mass = coverage.iter().any(|row| row["missing"].as_i64() >= Some(3) && row["listed"] == 0);
        count(format!("everything gone: {mass}"));
        let versions = view.resource_versions();
        let reborn = versions.windows(2).any(|pair| pair[0]["resource_key"] == pair[1]["resource_key"] && pair[0]["ended_by"] == "deleted");
        count(format!("reborn: {reborn}"));
    }
    let wanted = [
        "change created",
        "change updated",
        "change unchanged",
        "change deleted",
        "change late",
        "scope complete",
        "scope partial",
        "scope failed",
        "scope skipped",
        "scan complete",
        "scan partial",
        "scan failed",
        "scan running",
        "something spared by the token: true",
        "everything gone: true",
        "reborn: true",
        "as files: true",
        "as files: false",
    ];
    for what in wanted {
        assert!(seen.get(what).is_some_and(|times| *times >= 5), "{what} is too rare: {seen:#?}");
    }
    assert_eq!(format!("{:?}", from_seed(7, &Shape::serial())), format!("{:?}", from_seed(7, &Shape::serial())));
}
