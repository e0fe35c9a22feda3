//! The git-like verbs on random histories, run as a user runs them, against the naive oracle.

mod bisect;
mod blame;
mod diff;
mod watch;

use serde_json::Value;

use crate::cli::run::Bench;
use crate::oracle::answers::Rows;
use crate::oracle::history::{Shape, files, from_seed, ndjson};
use crate::oracle::model::Oracle;

/// A store with a random history, and the oracle of it.
struct Played {
    bench: Bench,
    oracle: Oracle,
}

impl Played {
    fn of_seed(seed: u64) -> Self {
        let (bench, mut oracle) = (Bench::new(), Oracle::new());
        let files = files(&from_seed(seed, &Shape { writers: 1, steps: 30..60, lifts: false }).ops()).unwrap();
        for (number, lines) in files.iter().enumerate() {
            oracle.import(lines, false).unwrap();
            let name = format!("{number}.ndjson");
            bench.write(&name, &ndjson(lines));
            bench.data(&["import", &name]);
        }
        assert!(oracle.head() > 20, "seed {seed} makes a history of {} revisions", oracle.head());
        Self { bench, oracle }
    }

    fn state(&self, at: i64) -> Rows {
        self.oracle.view().resources_as_of(at).unwrap()
    }

    /// The rows that a verb prints as JSON.
    fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        serde_json::from_str(&self.bench.data(&[arguments, &["--format", "json"]].concat())).unwrap()
    }
}

/// The content of a row of a state, as `before` and `after` have it.
fn content(row: &crate::oracle::answers::Row) -> String {
    let raw = |name: &str| row[name].as_str().unwrap_or("null").to_owned();
    let quoted = |name: &str| row[name].to_string();
    let members = [
        ("arn", quoted("arn")),
        ("created_at", quoted("created_at")),
        ("name", quoted("name")),
        ("native_type", quoted("native_type")),
        ("properties", raw("properties")),
        ("state", quoted("state")),
        ("tags", raw("tags")),
    ];
    format!("{{{}}}", members.map(|(name, value)| format!("\"{name}\":{value}")).join(","))
}
