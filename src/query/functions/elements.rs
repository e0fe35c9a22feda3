//! Lists of what is in JSON: the elements of an array, the names and values of an object's members, each in the same order.
//! The elements as JSON are what `json_get_array` gives.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use jiter::{Jiter, Peek};

use super::paths::as_text;
use super::row::{Makes, Row, RowFunction, Takes};
use crate::model::{Json, parse_json};

/// The elements of a JSON array as texts: strings are what they say, null is NULL, anything else its JSON.
pub(in crate::query) const ELEMENTS_TEXT: &str = "json_elements_text";
/// The names of the members of a JSON object.
pub(in crate::query) const NAMES: &str = "json_names";
/// The values of a JSON object, as JSON.
pub(in crate::query) const VALUES: &str = "json_values";
/// The values of a JSON object, as texts.
pub(in crate::query) const VALUES_TEXT: &str = "json_values_text";

/// The text itself, told to be JSON.
pub(in crate::query) const AS_JSON: &str = "as_json";

/// The functions. What is no array has no elements, and what is no object no members: NULL.
pub(super) fn functions() -> [Arc<ScalarUDF>; 5] {
    let names = |row: &Row<'_>| Some(members(row)?.into_iter().map(|(name, _)| Some(name.into())).collect());
    let values = |row: &Row<'_>| Some(members(row)?.iter().map(|(_, value)| Some(value.canonical().as_str().to_owned())).collect());
    let texts = |row: &Row<'_>| Some(members(row)?.iter().map(|(_, value)| as_text(value)).collect());
    [
        RowFunction::udf(&[AS_JSON], Takes::Texts(1), Makes::Json(|row| row.text(0).map(ToOwned::to_owned))),
        RowFunction::udf(&[ELEMENTS_TEXT], Takes::Texts(1), Makes::Texts(|row| elements(row.text(0)?))),
        RowFunction::udf(&[NAMES], Takes::Texts(1), Makes::Texts(names)),
        RowFunction::udf(&[VALUES], Takes::Texts(1), Makes::Texts(values)),
        RowFunction::udf(&[VALUES_TEXT], Takes::Texts(1), Makes::Texts(texts)),
    ]
}

fn members(row: &Row<'_>) -> Option<Vec<(Box<str>, Json)>> {
    let Json::Object(members) = parse_json(row.text(0)?.as_bytes()).ok()? else { return None };
    Some(members)
}

/// The elements of an array, if the text is one.
fn elements(text: &str) -> Option<Vec<Option<String>>> {
    let mut jiter = Jiter::new(text.as_bytes());
    if jiter.peek().ok()? != Peek::Array {
        return None;
    }
    let mut found = Vec::new();
    let mut next = jiter.known_array().ok()?;
    while let Some(peek) = next {
        let start = jiter.current_index();
        found.push(if peek == Peek::String {
            Some(jiter.known_str().ok()?.to_owned())
        } else {
            jiter.known_skip(peek).ok()?;
            let element = text.get(start..jiter.current_index())?;
            (peek != Peek::Null).then(|| element.to_owned())
        });
        next = jiter.array_step().ok()?;
    }
    Some(found)
}

#[cfg(test)]
#[test]
fn elements_are_read_as_text() {
    let some = |text: &str| Some(text.to_owned());
    let text = r#"[ {"a":[1, 2]} , "x\"y", null, 1.50]"#;
    assert_eq!(elements(text), Some(vec![some(r#"{"a":[1, 2]}"#), some("x\"y"), None, some("1.50")]));
    assert_eq!(elements("[]"), Some(vec![]));
    for text in ["{}", "null", "[1", "", "\"[]\""] {
        assert_eq!(elements(text), None, "{text}");
    }
}
