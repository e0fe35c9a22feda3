//! Decoding bytes whose checksums hold. Somebody wrote them, and may have written what Elava never writes: Arrow and Parquet
//! panic over some of that. It is damage like any other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::RecordBatch;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::error::{Error, Result, panic_text};

/// Decodes an object, or a part of it; errors name it.
///
/// # Errors
/// `Corrupt` if the decoder panics, else its own.
pub fn decode<T>(object: &str, decoder: impl FnOnce() -> Result<T>) -> Result<T> {
    let decoded = catch_unwind(AssertUnwindSafe(decoder)).unwrap_or_else(|panic| Err(broken(&*panic)));
    decoded.map_err(|error| named(error, object))
}

/// The same for rows that come one after the other. After a panic there are no more.
pub fn decode_all(object: String, rows: BoxStream<'static, Result<RecordBatch>>) -> BoxStream<'static, Result<RecordBatch>> {
    let rows = AssertUnwindSafe(rows).catch_unwind();
    rows.map(move |row| row.unwrap_or_else(|panic| Err(broken(&*panic))).map_err(|error| named(error, &object))).boxed()
}

fn broken(panic: &(dyn std::any::Any + Send)) -> Error {
    Error::corrupt(format!("its checksums hold, but it cannot be decoded: {}", panic_text(panic)))
}

fn named(error: Error, object: &str) -> Error {
    if error.message().starts_with(object) { error } else { error.context(object) }
}
