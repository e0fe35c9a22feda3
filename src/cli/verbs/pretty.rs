//! JSON as people read it.

use super::pen::{Ink, Pen};
use crate::model::{Json, parse_json};

/// How far each level is indented.
const INDENT: &str = "  ";

/// A JSON document on lines, each behind an indent. What is no JSON stays as it is.
pub fn pretty(text: &str, indent: &str, pen: Pen) -> String {
    let mut page = indent.to_owned();
    match parse_json(text.as_bytes()) {
        Ok(json) => write(&json, indent, pen, &mut page),
        Err(_) => page.push_str(&pen.write(Ink::Quiet, text)),
    }
    page.push('\n');
    page
}

fn write(json: &Json, indent: &str, pen: Pen, page: &mut String) {
    let deeper = format!("{indent}{INDENT}");
    match json {
        Json::Object(members) if !members.is_empty() => {
            page.push('{');
            for (nth, (name, value)) in members.iter().enumerate() {
                let name = Json::String(name.clone()).canonical();
                page.push_str(&format!("{}\n{deeper}{}: ", comma(nth), pen.write(Ink::Name, name.as_str())));
                write(value, &deeper, pen, page);
            }
            page.push_str(&format!("\n{indent}}}"));
        }
        Json::Array(elements) if !elements.is_empty() => {
            page.push('[');
            for (nth, element) in elements.iter().enumerate() {
                page.push_str(&format!("{}\n{deeper}", comma(nth)));
                write(element, &deeper, pen, page);
            }
            page.push_str(&format!("\n{indent}]"));
        }
        Json::String(_) => page.push_str(&pen.write(Ink::Added, json.canonical().as_str())),
        other => page.push_str(other.canonical().as_str()),
    }
}

fn comma(nth: usize) -> &'static str {
    if nth == 0 { "" } else { "," }
}
