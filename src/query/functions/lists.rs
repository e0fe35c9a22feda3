//! `json_pluck`, `json_find` and `json_wrap`: lists of JSON objects, of which one member matters.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::paths::as_text;
use super::row::{Makes, Row, RowFunction, Takes};
use crate::model::{Json, parse_json};

/// The functions. Of what is no list they make NULL.
pub(super) fn functions() -> [Arc<ScalarUDF>; 3] {
    [
        RowFunction::udf(&["json_pluck"], Takes::Texts(2), Makes::Json(pluck)),
        RowFunction::udf(&["json_find"], Takes::Texts(3), Makes::Json(find)),
        RowFunction::udf(&["json_wrap"], Takes::Texts(2), Makes::Json(wrap)),
    ]
}

fn elements(row: &Row<'_>) -> Option<Vec<Json>> {
    match parse_json(row.text(0)?.as_bytes()).ok()? {
        Json::Array(elements) => Some(elements),
        _ => None,
    }
}

fn text(json: &Json) -> String {
    json.canonical().as_str().to_owned()
}

/// `json_pluck(list, name)`: that member of each that has it.
fn pluck(row: &Row<'_>) -> Option<String> {
    let name = row.text(1)?;
    let members = elements(row)?.iter().filter_map(|element| element.get(name).cloned()).collect();
    Some(text(&Json::Array(members)))
}

/// `json_find(list, name, value)`: the first whose member of that name has that value, as text.
fn find(row: &Row<'_>) -> Option<String> {
    let (name, value) = (row.text(1)?, row.text(2)?);
    let found = elements(row)?.into_iter().find(|element| element.get(name).and_then(as_text).as_deref() == Some(value));
    found.as_ref().map(text)
}

/// `json_wrap(list, name)`: for each element an object that has it as its only member, of that name.
fn wrap(row: &Row<'_>) -> Option<String> {
    let name = row.text(1)?;
    let objects = elements(row)?.into_iter().map(|element| Json::object([(name.into(), element)])).collect();
    Some(text(&Json::Array(objects)))
}
