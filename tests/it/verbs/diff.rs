use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Played, content};
use crate::oracle::answers::Rows;

fn by_key(rows: Rows) -> BTreeMap<String, (String, Value)> {
    rows.iter().map(|row| (row["resource_key"].as_str().unwrap().to_owned(), (content(row), row["name"].clone()))).collect()
}

/// What turns one state into another, whichever is the older.
fn expected(played: &Played, a: i64, b: i64) -> Vec<Value> {
    let (old, new) = (by_key(played.state(a)), by_key(played.state(b)));
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let differ = keys.into_iter().filter_map(|key| {
        let (before, after) = (old.get(key), new.get(key));
        let change = match (before, after) {
            (None, _) => "created",
            (_, None) => "deleted",
            (Some((before, _)), Some((after, _))) if before == after => return None,
            _ => "updated",
        };
        let text = |side: Option<&(String, Value)>| side.map(|(content, _)| content.clone());
        let name = after.or(before).map(|(_, name)| name.clone());
        Some(json!({ "key": key, "change": change, "name": name, "before": text(before), "after": text(after) }))
    });
    differ.collect()
}

#[test]
fn a_difference_turns_one_state_into_the_other_both_ways() {
    let mut updated = 0;
    for seed in 0..4 {
        let played = Played::of_seed(seed);
        let head = played.oracle.head();
        for (a, b) in [(0, head), (head / 3, head), (head, head / 3), (head / 4, head / 2), (head / 2, head / 2)] {
            let rows = played.rows(&["diff", &a.to_string(), &b.to_string()]);
            let found = rows.iter().map(|row| {
                json!({ "key": row["resource_key"], "change": row["change"], "name": row["name"], "before": row["before"], "after": row["after"] })
            });
            let found: Vec<Value> = found.collect();
            assert_eq!(found, expected(&played, a, b), "seed {seed}: diff {a} {b}");
            updated += rows.iter().filter(|row| row["change"] == "updated").count();
        }
    }
    assert!(updated > 10, "only {updated} resources were updated");
}

#[test]
fn filters_of_a_reversed_difference_see_the_state_that_it_leads_to() {
    let played = Played::of_seed(1);
    let (a, b) = (played.oracle.head().to_string(), (played.oracle.head() / 3).to_string());
    let all = played.rows(&["diff", &a, &b]);
    for change in ["created", "updated", "deleted"] {
        let some = played.rows(&["diff", &a, &b, "--change", change]);
        assert_eq!(some, all.iter().filter(|row| row["change"] == change).cloned().collect::<Vec<_>>());
    }
    let named = played.rows(&["diff", &a, &b, "--where", "name IS NOT NULL -- those with a name"]);
    assert_eq!(named, all.iter().filter(|row| !row["name"].is_null()).cloned().collect::<Vec<_>>());
}
