//! Pieces of SQL.

pub use crate::query::{text_literal as text, text_literals as texts};

/// The clause of what must hold, on lines of its own; nothing where nothing must.
pub fn filtered(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!("\nWHERE {}", conditions.join("\n  AND ")) }
}

/// The clause of the most rows.
pub fn limited(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |limit| format!("\nLIMIT {limit}"))
}
