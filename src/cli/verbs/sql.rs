//! Pieces of SQL.

/// A text as SQL writes it.
pub fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Texts as SQL writes a list of them.
pub fn texts<T: AsRef<str>>(values: &[T]) -> String {
    values.iter().map(|value| text(value.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The clause of what must hold, on lines of its own; nothing where nothing must.
pub fn filtered(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!("\nWHERE {}", conditions.join("\n  AND ")) }
}

/// The clause of the most rows.
pub fn limited(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |limit| format!("\nLIMIT {limit}"))
}
