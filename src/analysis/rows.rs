//! Rows of a query as values.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};

use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::query::{Parameters, QuerySession, told};
use crate::store::schema::time_type;

/// A column of a batch as texts.
///
/// # Errors
/// `Invalid` if there is no such column, or none that can be told as text.
pub(super) fn texts(batch: &RecordBatch, name: &str) -> Result<StringArray> {
    Ok(column(batch, name, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// A column of a batch as whole numbers.
///
/// # Errors
/// As [`texts`].
pub(super) fn numbers(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>> {
    Ok(column(batch, name, &DataType::Int64)?.as_primitive::<Int64Type>().iter().collect())
}

/// A column of a batch as times.
///
/// # Errors
/// As [`texts`].
pub(super) fn times(batch: &RecordBatch, name: &str) -> Result<Vec<Option<Timestamp>>> {
    let times = column(batch, name, &time_type())?;
    let micros = times.as_primitive::<TimestampMicrosecondType>().iter();
    Ok(micros.map(|micros| micros.map(Timestamp::from_micros)).collect())
}

fn column(batch: &RecordBatch, name: &str, as_type: &DataType) -> Result<ArrayRef> {
    let missing = || {
        let found: Vec<&str> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
        Error::invalid(format!("expected a column {name}, found {}", found.join(", ")))
    };
    let column = batch.column_by_name(name).ok_or_else(missing)?;
    cast(column, as_type).map_err(|error| told(error.into()).context(name))
}

/// The text of a row, if there is one.
pub(super) fn text(column: &StringArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_owned())
}

/// All rows of a query of our own.
///
/// # Errors
/// Whatever the query runs into.
pub(super) async fn all(session: &QuerySession, sql: &str) -> Result<Vec<RecordBatch>> {
    session.execute_with(sql, &Parameters::default()).await?.collect().await
}
