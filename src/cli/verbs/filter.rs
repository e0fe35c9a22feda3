//! Filters as conditions of SQL on the columns of changes.

use clap::ValueEnum;

use super::sql::{text, texts};
use crate::cli::args::{ChangeWord, FilterArgs};
use crate::error::{Error, Result};

/// Which table the conditions are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// `changes` and `diff`.
    Changes,
    /// `history`, where a deletion is how a version ended.
    Versions,
}

/// Whether no filter is given.
pub fn is_empty(filter: &FilterArgs) -> bool {
    let FilterArgs { types, accounts, regions, changes, path, condition } = filter;
    types.is_empty() && accounts.is_empty() && regions.is_empty() && changes.is_empty() && path.is_none() && condition.is_none()
}

/// What rows that pass fulfil.
///
/// # Errors
/// `Invalid` if the path is no JSON Pointer.
pub fn conditions(filter: &FilterArgs, of: Of) -> Result<Vec<String>> {
    let mut conditions = Vec::new();
    if !filter.types.is_empty() {
        conditions.push(of_types(&filter.types));
    }
    for (column, values) in [("account_id", &filter.accounts), ("region", &filter.regions)] {
        if !values.is_empty() {
            conditions.push(format!("{column} IN ({})", texts(values)));
        }
    }
    if !filter.changes.is_empty() {
        conditions.push(of_changes(&filter.changes, of));
    }
    conditions.extend(filter.path.as_deref().map(touching).transpose()?);
    // A comment at the end of the condition ends with its line.
    conditions.extend(filter.condition.as_ref().map(|condition| format!("({condition}\n  )")));
    Ok(conditions)
}

fn of_types(types: &[String]) -> String {
    let (patterns, names): (Vec<_>, Vec<_>) = types.iter().partition(|name| name.contains('*'));
    let mut either: Vec<String> = patterns.iter().map(|pattern| format!("resource_type LIKE {}", text(&like(pattern)))).collect();
    if !names.is_empty() {
        either.push(format!("resource_type IN ({})", texts(&names)));
    }
    if either.len() == 1 { either.concat() } else { format!("({})", either.join(" OR ")) }
}

/// A pattern in which `*` stands for any text, as `LIKE` writes it.
fn like(pattern: &str) -> String {
    let escaped = pattern.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    escaped.replace('*', "%")
}

fn of_changes(changes: &[ChangeWord], of: Of) -> String {
    let words = changes.iter().filter_map(ChangeWord::to_possible_value).map(|word| word.get_name().to_owned()).collect::<Vec<_>>();
    let made = format!("change IN ({})", texts(&words));
    if of == Of::Versions && changes.contains(&ChangeWord::Deleted) { format!("({made} OR ended_by = 'deleted')") } else { made }
}

/// Checks the pointer that is given as `--path`.
///
/// # Errors
/// `Invalid` if it is no JSON Pointer to an attribute.
pub fn check_pointer(pointer: &str) -> Result<()> {
    if pointer.starts_with('/') && !pointer.ends_with('/') {
        return Ok(());
    }
    let error = Error::invalid(format!("--path: expected a JSON Pointer, found {pointer:?}"));
    Err(error.with_hint("it starts at the resource, such as /properties/InstanceType, /tags or /state"))
}

/// A pointer is touched by a change of what it names, of what that is part of, and of what is in it.
fn touching(pointer: &str) -> Result<String> {
    check_pointer(pointer)?;
    let ends = pointer.match_indices('/').map(|(at, _)| at).skip(1).chain([pointer.len()]);
    let around: Vec<&str> = ends.filter_map(|end| pointer.get(..end)).collect();
    let inside = text(&format!("{pointer}/"));
    Ok(format!(
        "(array_has_any(changed_paths, [{}])\n    OR strpos(chr(10) || array_to_string(changed_paths, chr(10)), chr(10) || {inside}) > 0)",
        texts(&around)
    ))
}
