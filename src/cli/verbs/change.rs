//! A change as people read it: a line of what it did to which resource, and a line for each attribute.

use super::pen::{Ink, Pen};
use super::row::Row;
use crate::cli::output::display_width;
use crate::model::{ResourceKey, value_at};

/// The old and the new value stand on one line if it takes no more columns than this.
const LINE_WIDTH_MAX: usize = 100;
/// Columns of the paths that a summary names; one is always named.
const SUMMARY_WIDTH_MAX: usize = 60;

/// The mark of a change, and its colour.
pub fn mark(change: &str) -> (&'static str, Ink) {
    match change {
        "created" => ("+", Ink::Added),
        "deleted" => ("-", Ink::Removed),
        _ => ("~", Ink::Changed),
    }
}

/// `~ aws_ec2_instance i-1 (web)  111122223333/us-east-1`, of a row with change, resource_key and name.
pub fn headline(row: Row<'_>, pen: Pen) -> String {
    let (mark, ink) = mark(row.text("change"));
    named(row, pen, &pen.write(ink, mark))
}

/// The same behind another mark.
pub fn named(row: Row<'_>, pen: Pen, mark: &str) -> String {
    let key = row.text("resource_key");
    let Ok(key) = ResourceKey::from_stored(key) else { return format!("{mark} {}", pen.write(Ink::Strong, key)) };
    let [_, account, region, resource_type, id] = key.parts();
    let name = match row.get("name") {
        Some(name) if name != id => format!(" ({})", pen.write(Ink::Name, name)),
        _ => String::new(),
    };
    let place = pen.write(Ink::Quiet, &format!("{account}/{region}"));
    format!("{mark} {} {}{name}  {place}", pen.write(Ink::Strong, resource_type), pen.write(Ink::Strong, id))
}

/// A line or two for each changed path, of a row with changed_paths, before and after: for those that touch a pointer.
pub fn write_details(row: Row<'_>, pointer: Option<&str>, pen: Pen, out: &mut String) {
    for path in touching(row, pointer) {
        let value = |column| row.get(column).and_then(|content| value_at(content, &path));
        write_detail(&path, value("before"), value("after"), pen, out);
    }
}

fn write_detail(path: &str, old: Option<&str>, new: Option<&str>, pen: Pen, out: &mut String) {
    let width = |value: Option<&str>| value.map_or(0, display_width);
    let fits = display_width(path) + width(old) + width(new) + 8 <= LINE_WIDTH_MAX;
    let (removed, added) = (old.map(|value| pen.write(Ink::Removed, value)), new.map(|value| pen.write(Ink::Added, value)));
    let values = match (removed, added) {
        (Some(old), Some(new)) if fits => format!("{old} -> {new}"),
        (Some(old), Some(new)) => format!("\n    - {old}\n    + {new}"),
        (Some(old), None) => format!("- {old}"),
        (None, new) => format!("+ {}", new.unwrap_or_default()),
    };
    let gap = if values.starts_with('\n') { "" } else { "  " };
    out.push_str(&format!("  {}{gap}{values}\n", pen.write(Ink::Name, path)));
}

/// The changed paths that touch what a pointer names, or are in it; without a pointer all.
fn touching(row: Row<'_>, pointer: Option<&str>) -> Vec<String> {
    let is_in = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut paths = row.texts("changed_paths");
    paths.retain(|path| pointer.is_none_or(|pointer| is_in(path, pointer) || is_in(pointer, path)));
    paths
}

/// The changed paths that touch a pointer, on what is left of a line: the first ones, and how many more.
pub fn summary(row: Row<'_>, pointer: Option<&str>, pen: Pen) -> String {
    let paths = touching(row, pointer);
    let mut line = String::new();
    let mut width = 0;
    for (nth, path) in paths.iter().enumerate() {
        width += display_width(path);
        if nth > 0 && width > SUMMARY_WIDTH_MAX {
            line.push_str(&format!(" and {} more", paths.len() - nth));
            break;
        }
        line.push_str(&format!("{}{}", if nth == 0 { "  " } else { " " }, pen.write(Ink::Name, path)));
    }
    line
}
