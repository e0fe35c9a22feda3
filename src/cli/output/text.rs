//! One value as text: the same in every text format.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StringBuilder, UnionArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Int64Type, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, SecondsFormat, Utc};

use super::json;

/// The format of `Date64`, which SQL knows as a date.
pub(super) const DATE_FORMAT: &str = "%Y-%m-%d";

/// The column as text, NULL kept: times in RFC 3339 with `Z`, binary as hex, lists, structs and maps as JSON,
/// durations in days and hours, everything else as arrow displays it.
pub(super) fn text_column(field: &FieldRef, array: &ArrayRef) -> Result<StringArray, ArrowError> {
    match array.data_type() {
        DataType::Utf8 => Ok(array.as_string::<i32>().clone()),
        DataType::LargeUtf8 | DataType::Utf8View => Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()),
        DataType::Dictionary(_, values) => text_column(field, &cast(array, values)?),
        DataType::RunEndEncoded(_, values) => text_column(field, &cast(array, values.data_type())?),
        DataType::Timestamp(unit, _) => timestamp_column(*unit, array),
        DataType::Duration(unit) => duration_column(*unit, array),
        DataType::Union(..) => union_column(field, array.as_union()),
        data_type if data_type.is_nested() => json::column(field, array, json::TextColumns::AsText),
        _ => displayed_column(array),
    }
}

/// All columns of a batch as text, as every text format writes them.
///
/// # Errors
/// A value has no form as text.
pub fn text_columns(schema: &SchemaRef, batch: &RecordBatch) -> Result<Vec<StringArray>, ArrowError> {
    schema.fields().iter().zip(batch.columns()).map(|(field, column)| text_column(field, column)).collect()
}

/// RFC 3339 in UTC, with as many digits of a second as the value needs; `None` outside the calendar.
pub(super) fn timestamp_text(value: i64, unit: TimeUnit) -> Option<String> {
    let time: DateTime<Utc> = match unit {
        TimeUnit::Second => DateTime::from_timestamp(value, 0)?,
        TimeUnit::Millisecond => DateTime::from_timestamp_millis(value)?,
        TimeUnit::Microsecond => DateTime::from_timestamp_micros(value)?,
        TimeUnit::Nanosecond => DateTime::from_timestamp_nanos(value),
    };
    Some(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn timestamp_column(unit: TimeUnit, array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let values = cast(array, &DataType::Int64)?;
    Ok(values
        .as_primitive::<Int64Type>()
        .iter()
        .map(|value| value.map(|value| timestamp_text(value, unit).unwrap_or(value.to_string())))
        .collect())
}

fn duration_column(unit: TimeUnit, array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let values = cast(array, &DataType::Int64)?;
    Ok(values.as_primitive::<Int64Type>().iter().map(|value| value.map(|value| duration_text(value, unit))).collect())
}

/// `8 days 12:00:04`, as PostgreSQL prints intervals: no days where there are none, of a second what the value needs.
pub(super) fn duration_text(value: i64, unit: TimeUnit) -> String {
    let per_second: u64 = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let (seconds, rest) = (value.unsigned_abs() / per_second, value.unsigned_abs() % per_second);
    let sign = if value < 0 { "-" } else { "" };
    let days = match seconds / 86_400 {
        0 => String::new(),
        1 => format!("{sign}1 day "),
        days => format!("{sign}{days} days "),
    };
    let (hours, minutes, seconds) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let digits = per_second.ilog10() as usize;
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:0digits$}") };
    format!("{days}{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction.trim_end_matches('0'))
}

/// The chosen member alone: text as it is, the rest as JSON.
fn union_column(field: &FieldRef, array: &UnionArray) -> Result<StringArray, ArrowError> {
    let column: ArrayRef = Arc::new(array.clone());
    let json = json::column(field, &column, json::TextColumns::AsText)?;
    let mut texts = StringBuilder::new();
    for row in 0..array.len() {
        let member = array.value(row);
        if json.is_null(row) {
            texts.append_null();
        } else if member.data_type().is_string() {
            texts.append_value(cast(&member, &DataType::Utf8)?.as_string::<i32>().value(0));
        } else {
            texts.append_value(json.value(row));
        }
    }
    Ok(texts.finish())
}

fn displayed_column(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let options = FormatOptions::new().with_datetime_format(Some(DATE_FORMAT));
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
    let nulls = array.logical_nulls();
    let mut texts = StringBuilder::new();
    for row in 0..array.len() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            texts.append_null();
        } else {
            write!(texts, "{}", formatter.value(row)).map_err(|_| ArrowError::CastError("format a value".to_owned()))?;
            texts.append_value("");
        }
    }
    Ok(texts.finish())
}

/// The text without anything that could move a cursor, change a colour or reorder a line: control characters
/// and marks of writing direction become escapes (`\n`, `\u{1b}`).
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unprintable(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Line and paragraph separators, direction marks, embeddings, overrides and isolates.
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Columns of a terminal that the text takes.
pub fn display_width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars().map(character_width).sum()
}

/// As much of the text as fits in `width` columns, with `…` for what was cut.
pub fn truncated(text: &str, width: usize) -> Cow<'_, str> {
    if display_width(text) <= width {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character_width(character);
        if used > width {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    Cow::Owned(kept)
}

fn character_width(character: char) -> usize {
    let mut buffer = [0; 4];
    usize::from(rustyline::GraphemeClusterMode::WcWidth.width(character.encode_utf8(&mut buffer)))
}
