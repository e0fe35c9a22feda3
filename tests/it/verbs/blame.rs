use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Played, content};
use crate::oracle::answers::Row;

/// Canonical JSON with each number as a text of its digits, so that none is rounded.
fn parsed(canonical: &str) -> Value {
    let (mut text, mut in_text, mut in_number, mut is_escaped) = (String::new(), false, false, false);
    for character in canonical.chars() {
        let is_digit = !in_text && (character.is_ascii_digit() || "+-.E".contains(character) || (in_number && character == 'e'));
        if is_digit != in_number {
            text.push_str(if is_digit { "\"#" } else { "\"" });
            in_number = is_digit;
        }
        in_text ^= character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        text.push(character);
    }
    if in_number {
        text.push('"');
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{canonical}: {error}"))
}

/// Every value that holds no other, by its pointer.
fn leaves(path: String, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                leaves(format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), value, found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (place, value) in items.iter().enumerate() {
                leaves(format!("{path}/{place}"), value, found);
            }
        }
        other => drop(found.insert(path, other.clone())),
    }
}

/// A content without what has no value.
fn document(version: &Row) -> Value {
    let Value::Object(members) = parsed(&content(version)) else { panic!("a content is an object") };
    members.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// Goes back through the versions of a life, for each leaf, as long as its value stays what it is.
fn expected(versions: &[Row]) -> Vec<Value> {
    let born = versions.iter().rposition(|version| version["change"] == "created").unwrap();
    let life: Vec<(Value, &Row)> = versions[born..].iter().map(|version| (document(version), version)).collect();
    let mut found = BTreeMap::new();
    leaves(String::new(), &life.last().unwrap().0, &mut found);
    let blamed = found.into_iter().map(|(path, value)| {
        let same = |(document, _): &&(Value, &Row)| document.pointer(&path) == Some(&value);
        let (_, version) = life.iter().rev().take_while(same).last().unwrap();
        json!({ "path": path, "value": value, "revision": version["revision"], "changed_at": version["changed_at"], "change": version["change"] })
    });
    blamed.collect()
}

#[test]
fn every_attribute_was_last_changed_where_its_value_began() {
    let (mut attributes, mut older) = (0, 0);
    for seed in 0..3 {
        let played = Played::of_seed(seed);
        let head = played.oracle.head();
        for at in [head / 2, head] {
            let pinned = played.oracle.pinned(at).unwrap();
            for resource in pinned.resources() {
                let key = resource["resource_key"].as_str().unwrap();
                let rows = played.rows(&["blame", key, &at.to_string()]);
                let found = rows.iter().map(|row| {
                    let value = parsed(row["value"].as_str().unwrap());
                    json!({ "path": row["path"], "value": value, "revision": row["revision"], "changed_at": row["changed_at"], "change": row["change"] })
                });
                let (found, expected): (Vec<Value>, _) = (found.collect(), expected(&pinned.history(key)));
                assert_eq!(found, expected, "seed {seed}: blame {key} {at}");
                attributes += rows.len();
                older += rows.iter().filter(|row| row["revision"] != resource["revision"]).count();
            }
        }
    }
    assert!(attributes > 100 && older > 10, "{attributes} attributes, {older} of them older than their version");
}

#[test]
fn sets_are_told_of_as_a_whole_and_volatile_attributes_not_at_all() {
    let bench = crate::cli::run::Bench::new();
    let scan = |number: u32, properties: &str| {
        format!(
            "{{\"scan\":\"started\",\"scan_id\":\"s{number}\",\"provider\":\"aws\",\"at\":\"2026-11-0{number}T00:00:00Z\"}}\n\
             {{\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"r\",\"resource_type\":\"aws_rds_db_instance\",\"resource_id\":\"db\",\"properties\":{properties}}}\n\
             {{\"scan\":\"completed\"}}\n"
        )
    };
    let history = [
        scan(1, r#"{"Endpoint":{"Port":1},"LatestRestorableTime":"a","Empty":{"x":1},"VpcSecurityGroups":["a","b"]}"#),
        scan(2, r#"{"Endpoint":{"Port":2},"LatestRestorableTime":"b","Empty":{"x":1},"VpcSecurityGroups":["b","a"]}"#),
        scan(3, r#"{"Endpoint":{"Port":2},"LatestRestorableTime":"c","Empty":{},"VpcSecurityGroups":["b","c"]}"#),
    ];
    bench.write("history.ndjson", &history.concat());
    bench.data(&["import", "history.ndjson"]);
    let told = bench.data(&["blame", "db", "--format", "csv"]);
    let told: Vec<&str> = told.lines().skip(1).collect();
    assert_eq!(
        told,
        [
            "/properties/Empty,{},3,2026-11-03T00:00:00Z,updated,s3",
            "/properties/Endpoint/Port,2,2,2026-11-02T00:00:00Z,updated,s2",
            "/properties/VpcSecurityGroups,\"[\"\"b\"\",\"\"c\"\"]\",3,2026-11-03T00:00:00Z,updated,s3",
        ]
    );
}
