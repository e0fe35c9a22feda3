//! `?`, `?|`, `?&`, `@>` and `<@`: what JSON holds.

use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::ScalarUDF;

use super::row::{Makes, Row, RowFunction, Takes};
use crate::model::{Json, parse_json};

/// Whether a text is a member's name of an object, an element of an array, or the string itself.
pub(in crate::query) static EXISTS: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| RowFunction::udf(&["jsonb_exists"], Takes::Texts(2), Makes::Bool(|row| Some(has(&json(row, 0)?, row.text(1)?)))));

/// Whether any of the texts is.
pub(in crate::query) static EXISTS_ANY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let any = |row: &Row<'_>| {
        let (json, keys) = (json(row, 0)?, row.texts_from(1)?);
        Some(keys.iter().any(|key| has(&json, key)))
    };
    RowFunction::udf(&["jsonb_exists_any"], Takes::TextAndList, Makes::Bool(any))
});

/// Whether all of the texts are.
pub(in crate::query) static EXISTS_ALL: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let all = |row: &Row<'_>| {
        let (json, keys) = (json(row, 0)?, row.texts_from(1)?);
        Some(keys.iter().all(|key| has(&json, key)))
    };
    RowFunction::udf(&["jsonb_exists_all"], Takes::TextAndList, Makes::Bool(all))
});

/// Whether the first JSON value contains the second.
pub(in crate::query) static CONTAINS: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    RowFunction::udf(&["jsonb_contains"], Takes::Texts(2), Makes::Bool(|row| Some(contains_at_top(&json(row, 0)?, &json(row, 1)?))))
});

/// The JSON value that an argument is; what is no JSON is unknown.
fn json(row: &Row<'_>, nth: usize) -> Option<Json> {
    parse_json(row.text(nth)?.as_bytes()).ok()
}

fn has(json: &Json, key: &str) -> bool {
    match json {
        Json::Object(_) => json.get(key).is_some(),
        Json::Array(elements) => elements.iter().any(|element| element.as_str() == Some(key)),
        scalar => scalar.as_str() == Some(key),
    }
}

/// At the top, and only there, an array contains the scalars that it lists.
fn contains_at_top(outer: &Json, inner: &Json) -> bool {
    match (outer, inner) {
        (Json::Array(elements), scalar) if is_scalar(scalar) => elements.iter().any(|element| contains(element, scalar)),
        _ => contains(outer, inner),
    }
}

/// An object contains one whose members it contains, an array one whose elements it contains each, in any order and number,
/// a scalar its equal.
fn contains(outer: &Json, inner: &Json) -> bool {
    match (outer, inner) {
        (Json::Object(_), Json::Object(members)) => {
            members.iter().all(|(name, value)| outer.get(name).is_some_and(|held| contains(held, value)))
        }
        (Json::Array(held), Json::Array(wanted)) => wanted.iter().all(|value| held.iter().any(|element| contains(element, value))),
        (Json::Number(left), Json::Number(right)) => left == right || decimal(left).is_some_and(|left| Some(left) == decimal(right)),
        _ => is_scalar(outer) && outer == inner,
    }
}

fn is_scalar(json: &Json) -> bool {
    !matches!(json, Json::Array(_) | Json::Object(_))
}

/// Sign, significant digits and power of ten of a number: equal for equal numbers, without rounding. `None` for a power
/// that no number needs.
fn decimal(number: &str) -> Option<(bool, String, i64)> {
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |number| (true, number));
    let (mantissa, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    let dropped = digits.len() - digits.trim_end_matches('0').len();
    let power = power.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    Some((negative, significant.to_owned(), power.checked_add(i64::try_from(dropped).ok()?)?))
}

#[cfg(test)]
#[test]
fn numbers_are_compared_without_rounding() {
    for (left, right) in [("1", "1.0"), ("10", "1e1"), ("-0.5", "-5E-1"), ("0", "-0.00"), ("1200", "1.2e3"), ("0.10", "0.1")] {
        assert_eq!(decimal(left), decimal(right), "{left} {right}");
    }
    for (left, right) in [("9007199254740993", "9007199254740992"), ("1", "-1"), ("1", "10"), ("0.1", "0.01")] {
        assert_ne!(decimal(left), decimal(right), "{left} {right}");
    }
}
