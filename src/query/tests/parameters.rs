//! Parameters of queries: what a literal does in their place, they do.

use super::surface::small_session;
use super::{lines, rows};
use crate::model::TimeSpan;
use crate::query::{ParameterValue, Parameters, QuerySession, query_parameters};

fn parameters(values: &[(&str, ParameterValue)]) -> Parameters {
    values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn text(text: &str) -> ParameterValue {
    ParameterValue::Text(text.to_owned())
}

fn list(items: &[&str]) -> ParameterValue {
    ParameterValue::List(items.iter().map(|item| (*item).to_owned()).collect())
}

async fn with(session: &QuerySession, sql: &str, values: &[(&str, ParameterValue)]) -> Vec<String> {
    let stream = session.execute_with(sql, &parameters(values)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    lines(&stream.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}")))
}

#[tokio::test]
async fn values_of_every_type_stand_wherever_a_literal_may() {
    let session = small_session().await;
    for (sql, value, expected) in [
        ("SELECT $p", text("it's '' $p; --"), "it's '' $p; --"),
        ("SELECT $p - 1", ParameterValue::Integer(i64::MIN + 1), "-9223372036854775808"),
        ("SELECT 1 -$p", ParameterValue::Integer(-2), "3"),
        ("SELECT $p * 2", ParameterValue::Number(-0.25), "-0.5"),
        ("SELECT NOT $p", ParameterValue::Boolean(true), "false"),
        (
            "SELECT CAST(TIMESTAMP '2026-11-01T00:00:00' - $p AS TEXT)",
            ParameterValue::Duration(TimeSpan::parse("36h").unwrap()),
            "2026-10-30T12:00:00",
        ),
        ("SELECT array_has($p, 'b')", list(&["a", "b"]), "true"),
        ("SELECT array_has($p, 'b')", list(&[]), "false"),
        ("SELECT count(*) FROM unnest($p) AS p(p)", list(&["a", "b"]), "2"),
        ("SELECT count(*) FROM unnest($p) AS p(p)", list(&[]), "0"),
        ("SELECT key || value FROM jsonb_each_text($p)", ParameterValue::Json(serde_json::json!({"a": "it's"})), "ait's"),
        ("SELECT count(*) FROM resources_as_of($p)", text("head~1"), "2"),
        ("WITH r AS (SELECT $p AS x) SELECT x FROM r WHERE x IN (SELECT $p)", text("x"), "x"),
    ] {
        assert_eq!(with(&session, sql, &[("p", value.clone())]).await, [expected], "{sql}");
        let written = parameters(&[("p", value)]).written_in(sql).unwrap();
        assert_eq!(with(&session, &written, &[]).await, [expected], "{written}");
    }
}

#[tokio::test]
async fn names_and_values_that_do_not_fit_are_refused() {
    let mut session = small_session().await;
    let refused = async |sql: &str, values: &[(&str, ParameterValue)]| {
        let error = session.execute_with(sql, &parameters(values)).await.unwrap_err();
        (error.message().to_owned(), error.hint().unwrap_or_default().to_owned())
    };
    let told = |message: &str, hint: &str| (message.to_owned(), hint.to_owned());
    assert_eq!(refused("SELECT $one", &[]).await, told("there is no parameter $one", "no parameters were given"));
    assert_eq!(refused("SELECT $limt", &[("limit", text("x"))]).await, told("there is no parameter $limt", "did you mean $limit?"));
    let unused = refused("SELECT '$one'", &[("one", text("x"))]).await;
    assert_eq!(unused, told("a value is given for $one, which the query does not name", ""));
    assert_eq!(refused("SHOW TABLES", &[]).await.0, "expected a query, SELECT or WITH, found another statement");
    assert_eq!(refused("SELECT 1; SELECT 2", &[]).await.0, "one statement at a time: there is more after the semicolon");
    assert!(refused("SELECT * FROM nothing", &[]).await.0.contains("there is no table nothing"));
    assert_eq!(rows(&mut session, "SELECT 1").await, ["1"]);
}

#[test]
fn the_names_of_a_query_are_told() {
    let names = |sql: &str| query_parameters(sql).unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(names("SELECT $b, (SELECT $a FROM f($c)) FROM jsonb_each($d) -- $e"), ["a", "b", "c", "d"]);
    assert_eq!(names("SELECT 1"), [] as [&str; 0]);
    assert!(query_parameters("DELETE FROM x").is_err());
}

#[test]
fn a_text_with_its_values_is_otherwise_as_it_was() {
    let sql = "-- $a in a note\nSELECT 'é$a', $a -- $a\n  FROM \"$a\" WHERE x = $b";
    let values = parameters(&[("a", text("o'clock")), ("b", list(&["x"]))]);
    let expected = "-- $a in a note\nSELECT 'é$a', 'o''clock' -- $a\n  FROM \"$a\" WHERE x = ARRAY['x']";
    assert_eq!(values.written_in(sql).unwrap(), expected);
}
