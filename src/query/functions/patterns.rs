//! `SIMILAR TO` patterns as regular expressions, and `format(text, value, ..)`.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::row::{Makes, Row, RowFunction, Takes};
use crate::query::literal::text_literal;

/// The functions.
pub(super) fn functions() -> [Arc<ScalarUDF>; 1] {
    let formatted = |row: &Row<'_>| format(row.text(0)?, &row.values_from(1));
    [RowFunction::udf(&["format"], Takes::TextAndPath, Makes::Text(formatted))]
}

/// The regular expression of a `SIMILAR TO` pattern, which is about all of a text: `%` is any text, `_` any letter, and of what
/// regular expressions have only `| * + ? { } ( ) [ ]`.
pub(in crate::query) fn regex_of_similar(pattern: &str) -> String {
    let mut regex = "(?s)^(?:".to_owned();
    let mut letters = pattern.chars();
    let mut in_brackets = false;
    while let Some(letter) = letters.next() {
        in_brackets = (in_brackets || letter == '[') && letter != ']';
        match letter {
            '\\' => letters.next().into_iter().for_each(|literal| push_literal(literal, &mut regex)),
            _ if in_brackets => regex.push(letter),
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '.' | '^' | '$' => push_literal(letter, &mut regex),
            other => regex.push(other),
        }
    }
    regex.push_str(")$");
    regex
}

fn push_literal(letter: char, regex: &mut String) {
    if !letter.is_alphanumeric() {
        regex.push('\\');
    }
    regex.push(letter);
}

/// A text with `%s` (text), `%I` (a name), `%L` (a literal) and `%%` replaced; `%2$s` is the second value. NULL for anything else
/// after a `%`, and where there are too few values.
fn format(text: &str, values: &[Option<String>]) -> Option<String> {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let digits = after.len() - after.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (place, after) = match after.split_at_checked(digits)? {
            ("", after) => (None, after),
            (place, after) => (Some(place.parse::<usize>().ok()?.checked_sub(1)?), after.strip_prefix('$')?),
        };
        let kind = after.chars().next()?;
        rest = after.get(kind.len_utf8()..)?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let at = place.unwrap_or(next);
        next = at + 1;
        let value = values.get(at)?.as_deref();
        match (kind, value) {
            ('s', value) => out.push_str(value.unwrap_or_default()),
            ('I', Some(name)) => out.push_str(&format!("\"{}\"", name.replace('"', "\"\""))),
            ('L', Some(literal)) => out.push_str(&text_literal(literal)),
            ('L', None) => out.push_str("NULL"),
            _ => return None,
        }
    }
    out.push_str(rest);
    Some(out)
}
