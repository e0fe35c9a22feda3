//! `#>` and `#>>`: what is at a path in JSON. An element's place may be counted from the end of an array, from -1.

use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::ScalarUDF;

use super::row::{Makes, Row, RowFunction, Takes};
use crate::model::{Json, parse_json};

/// What is at a path, as JSON.
pub(in crate::query) static AT_PATH: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let at = |row: &Row<'_>| at_path(row).map(|json| json.canonical().as_str().to_owned());
    RowFunction::udf(&["jsonb_extract_path", "json_extract_path"], Takes::TextAndPath, Makes::Json(at))
});

/// What is at a path, as text: strings are what they say, null is NULL, anything else its JSON.
pub(in crate::query) static TEXT_AT_PATH: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let at = |row: &Row<'_>| as_text(&at_path(row)?);
    RowFunction::udf(&["jsonb_extract_path_text", "json_extract_path_text"], Takes::TextAndPath, Makes::Text(at))
});

fn at_path(row: &Row<'_>) -> Option<Json> {
    let mut at = parse_json(row.text(0)?.as_bytes()).ok()?;
    for step in row.texts_from(1)? {
        at = step_into(at, &step)?;
    }
    Some(at)
}

fn step_into(json: Json, step: &str) -> Option<Json> {
    match json {
        Json::Object(members) => members.into_iter().find(|(name, _)| **name == *step).map(|(_, value)| value),
        Json::Array(mut elements) => {
            let place: isize = step.parse().ok()?;
            let place = if place < 0 { elements.len().checked_add_signed(place)? } else { usize::try_from(place).ok()? };
            (place < elements.len()).then(|| elements.swap_remove(place))
        }
        _ => None,
    }
}

/// A JSON value as `->>` shows it.
pub(super) fn as_text(json: &Json) -> Option<String> {
    match json {
        Json::Null => None,
        Json::String(text) => Some(text.to_string()),
        other => Some(other.canonical().as_str().to_owned()),
    }
}

/// The texts of an array literal of PostgreSQL, as `{a,"b c",NULL}`; `None` if it is none, or not of one level.
pub(in crate::query) fn array_literal(literal: &str) -> Option<Vec<Option<String>>> {
    let inner = literal.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut texts = Vec::new();
    let mut rest = inner.trim();
    while !rest.is_empty() {
        let (text, after) = if let Some(quoted) = rest.strip_prefix('"') { quoted_element(quoted)? } else { plain_element(rest)? };
        texts.push(text);
        rest = match after.trim_start() {
            "" => "",
            more => more.strip_prefix(',')?.trim_start(),
        };
        if rest.is_empty() && after.trim_start().starts_with(',') {
            return None;
        }
    }
    Some(texts)
}

/// An element up to its closing quote, and what comes after that.
fn quoted_element(quoted: &str) -> Option<(Option<String>, &str)> {
    let mut text = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((Some(text), quoted.get(at + 1..)?)),
            '\\' => text.push(letters.next()?.1),
            other => text.push(other),
        }
    }
    None
}

/// An element up to the next comma. Unquoted, null is NULL.
fn plain_element(rest: &str) -> Option<(Option<String>, &str)> {
    let end = rest.find(',').unwrap_or(rest.len());
    let text = rest.get(..end)?.trim();
    let is_plain = !text.is_empty() && !text.contains(['{', '}', '"', '\\']);
    is_plain.then(|| ((!text.eq_ignore_ascii_case("null")).then(|| text.to_owned()), rest.get(end..).unwrap_or_default()))
}

#[cfg(test)]
#[test]
fn array_literals_are_read() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(array_literal("{a, b c ,0}"), Some(vec![some("a"), some("b c"), some("0")]));
    assert_eq!(array_literal(r#"{"a,b","say \"x\"",NULL,"null"}"#), Some(vec![some("a,b"), some("say \"x\""), None, some("null")]));
    assert_eq!(array_literal("{}"), Some(vec![]));
    for literal in ["a", "{a", "{a,}", "{,a}", "{{a},{b}}", r#"{"a}"#, r#"{"a"b}"#] {
        assert_eq!(array_literal(literal), None, "{literal}");
    }
}
