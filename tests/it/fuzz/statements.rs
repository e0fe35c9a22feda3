//! SQL: what stands as a point in time, a resource or a range in calls of our functions, and whole statements.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use elava::query::QuerySession;
use elava::store::{Backend, Store};
use elava::{Error, ErrorKind, Result};
use proptest::prelude::*;
use proptest::sample::select;

use super::stored::{block_on, few_copies_of_a_store, golden};
use super::{Target, corpus, fuzz, is_invalid, runner, unsealed};
use crate::support::fault_backend::FaultBackend;
use crate::support::session;

fn open() -> QuerySession {
    block_on(async {
        let backend = FaultBackend::holding(&golden()) as Arc<dyn Backend>;
        session(&Store::open(backend).await.unwrap().snapshot().await.unwrap(), None)
    })
}

fn run(session: &mut QuerySession, sql: &str) -> Result<()> {
    block_on(async { session.execute(sql).await?.collect().await.map(drop) })
}

/// Values of every kind of SQL, and what is none.
const VALUES: [&str; 42] = [
    "0",
    "1",
    "7",
    "41",
    "-1",
    "1.5",
    "9223372036854775807",
    "9223372036854775808",
    "NULL",
    "true",
    "''",
    "' '",
    "'head'",
    "'HEAD'",
    "'head~0'",
    "'head~1'",
    "'head~99999999999999999999'",
    "'head~-1'",
    "'2026-11-01'",
    "'2026-13-01'",
    "'0000-00-00'",
    "'9999-12-31T23:59:59Z'",
    "'2026-11-01T00:00:00+99:99'",
    "'24h'",
    "'7 days ago'",
    "'yesterday'",
    "'99999999999999999d'",
    "'aws/1/r/t/i'",
    "'%'",
    "x'00'",
    "now()",
    "elava_now()",
    "DATE '2026-11-01'",
    "TIMESTAMP '2026-11-01 00:00:00'",
    "INTERVAL '1 day'",
    "resource_id",
    "*",
    "$1",
    "(SELECT 1)",
    "(SELECT max(revision) FROM observations)",
    "(SELECT revision FROM observations)",
    "[1, 2]",
];
const FUNCTIONS: [&str; 8] =
    ["resources_as_of", "relationships_as_of", "aws_vpc_as_of", "changes", "diff", "history", "blame", "no_such_function"];
const NAMES: [&str; 6] = ["from", "to", "at", "resource", "\"from\"", "nonsense"];

/// Expressions over the values, a few deep.
fn expressions() -> impl Strategy<Value = String> {
    let value = select(VALUES.to_vec()).prop_map(str::to_owned);
    value.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), select(vec!["+", "-", "*", "/", "||", "=", "IS NOT DISTINCT FROM"]), inner.clone())
                .prop_map(|(left, operator, right)| format!("{left} {operator} {right}")),
            (inner.clone(), select(vec!["BIGINT", "TEXT", "TIMESTAMP", "SMALLINT", "BOOLEAN"]))
                .prop_map(|(inner, kind)| format!("CAST({inner} AS {kind})")),
            inner.clone().prop_map(|inner| format!("coalesce({inner}, 1)")),
            inner.prop_map(|inner| format!("(({inner}))")),
        ]
    })
}

/// Values that are points in time here.
const POINTS: [&str; 6] = ["0", "1", "'head'", "'head~0'", "now()", "(SELECT max(revision) FROM observations)"];

fn arguments() -> impl Strategy<Value = String> {
    let points = prop::collection::vec(select(POINTS.to_vec()), 1..3).prop_map(|points| points.join(", "));
    let named = (select(NAMES.to_vec()), expressions()).prop_map(|(name, value)| format!("{name} => {value}"));
    let any = prop::collection::vec(prop_oneof![4 => expressions(), 1 => named], 0..4).prop_map(|arguments| arguments.join(", "));
    prop_oneof![1 => points, 2 => any]
}

/// A wrong argument is told as one: nothing about it is damage, or a bug.
#[test]
fn arguments_of_functions() {
    let session = RefCell::new(open());
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let statement = prop_oneof![
        4 => (select(FUNCTIONS.to_vec()), arguments()).prop_map(|(function, arguments)| format!("SELECT count(*) FROM {function}({arguments})")),
        1 => expressions().prop_map(|point| format!("SELECT count(*) FROM resources FOR SYSTEM_TIME AS OF {point}")),
        1 => expressions().prop_map(|point| format!("SET elava.as_of = {point}")),
    ];
    let outcome = runner(10).run(&statement, |sql| {
        let mut session = session.borrow_mut();
        match run(&mut session, &sql) {
            Ok(()) => taken.set(taken.get() + 1),
            Err(error) => {
                prop_assert!(is_invalid(&error), "{sql}: {:?}: {error}", error.kind());
                refused.set(refused.get() + 1);
            }
        }
        run(&mut session, "RESET elava.as_of").unwrap();
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(taken.get() > 0 && refused.get() > 0, "{} taken, {} refused", taken.get(), refused.get());
}

/// DataFusion says of some nonsense that it is a bug of its own; nothing may panic, and nothing is damage.
#[test]
fn statements() {
    let refuses = |error: &Error| {
        let broke_off = error.to_string().contains("broke off");
        !broke_off && !matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Uncertain)
    };
    let target = Target { name: "sql", cost: 10, block_max: few_copies_of_a_store, refuses: &refuses };
    let session = RefCell::new(open());
    fuzz(&target, &corpus("sql"), unsealed, |bytes| run(&mut session.borrow_mut(), &String::from_utf8_lossy(bytes)));
}
