//! Values as SQL writes them, for statements of our own.

/// A text as SQL writes it.
pub fn text_literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Texts as SQL writes a list of them.
pub fn text_literals<T: AsRef<str>>(values: &[T]) -> String {
    values.iter().map(|value| text_literal(value.as_ref())).collect::<Vec<_>>().join(", ")
}
