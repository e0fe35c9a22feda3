//! `jsonb_typeof(json)` and `jsonb_pretty(json)`: what kind of value JSON is, and how it reads best.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::row::{Makes, RowFunction, Takes};
use crate::model::{Json, parse_json};

/// How far each level is indented.
const INDENT: &str = "    ";

/// The functions.
pub(super) fn functions() -> [Arc<ScalarUDF>; 2] {
    let kind = Makes::Text(|row| Some(kind(&parse_json(row.text(0)?.as_bytes()).ok()?).to_owned()));
    let pretty = Makes::Text(|row| {
        let mut text = String::new();
        pretty(&parse_json(row.text(0)?.as_bytes()).ok()?, 0, &mut text);
        Some(text)
    });
    [
        RowFunction::udf(&["jsonb_typeof", "json_typeof"], Takes::Texts(1), kind),
        RowFunction::udf(&["jsonb_pretty"], Takes::Texts(1), pretty),
    ]
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Every member and element on a line of its own.
fn pretty(json: &Json, level: usize, out: &mut String) {
    let line = |level: usize, out: &mut String| {
        out.push('\n');
        out.push_str(&INDENT.repeat(level));
    };
    match json {
        Json::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(level + 1, out);
                pretty(element, level + 1, out);
            }
            line(level, out);
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(level + 1, out);
                Json::String(name.clone()).write(out);
                out.push_str(": ");
                pretty(value, level + 1, out);
            }
            line(level, out);
            out.push('}');
        }
        scalar => scalar.write(out),
    }
}
