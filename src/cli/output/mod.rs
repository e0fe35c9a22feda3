//! Query results as bytes: tables for people, data for programs.
//!
//! A result is a stream of record batches. Data formats are written batch by batch and never held; the
//! formats for people (table, markdown, vertical) hold at most [`OutputOptions::max_rows`] rows, say when
//! more exist, and end the query. Nothing here knows where the bytes go: the caller owns the terminal.
//!
//! # Invariants
//!
//! - Memory does not grow with the number of rows of a result.
//! - Nothing is written before the first batch has arrived, so a query that fails at once leaves no output.
//! - A reader that has gone away (`EPIPE`) ends the query and is not an error.
//! - Times are RFC 3339 in UTC (`Z`) in every text format; lists, structs and maps are JSON.

mod binary;
mod delimited;
mod json;
mod table;
mod text;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use clap::ValueEnum;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use parquet::errors::ParquetError;
use thiserror::Error;

pub use text::{display_width, printable, text_columns, truncated};

/// Rows that a format for people shows unless told otherwise: more than anyone reads, little to hold.
pub const DEFAULT_MAX_ROWS: usize = 10_000;

/// Rows turned into text at a time; with JSON columns of some kilobytes this stays at a few megabytes.
const ROWS_PER_CHUNK: usize = 1024;

/// How a result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum OutputFormat {
    /// A table with borders, cells cut to the width of a terminal
    #[default]
    Table,
    /// One line per column, a header line per row
    Vertical,
    /// RFC 4180 with a header line; NULL is an empty field
    Csv,
    /// Tab-separated with a header line; tab, newline and backslash as \t, \n and \\
    Tsv,
    /// One JSON array, one object a line; a repeated column name gets a suffix (`name:1`)
    Json,
    /// One JSON object a line
    Ndjson,
    /// A Markdown table
    Markdown,
    /// One Parquet file (zstd)
    Parquet,
    /// An Arrow IPC stream
    Arrow,
}

impl OutputFormat {
    /// Whether the bytes are unfit for a terminal, and one result makes a whole file.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow)
    }

    /// Whether the format is for people, so that [`OutputOptions::max_rows`] holds for it.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        matches!(self, Self::Table | Self::Vertical | Self::Markdown)
    }
}

/// How [`write_results`] writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputOptions {
    /// The format.
    pub format: OutputFormat,
    /// In `json` and `ndjson`, write columns that hold JSON text (`arrow.json`) as JSON.
    pub nested: bool,
    /// Most rows shown by a format for people; the others write every row.
    pub max_rows: usize,
    /// Columns of the terminal, only if the output goes to one: tables are then cut to fit.
    pub terminal_width: Option<usize>,
}

impl Default for OutputOptions {
    fn default() -> Self {
        Self { format: OutputFormat::default(), nested: false, max_rows: DEFAULT_MAX_ROWS, terminal_width: None }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCount {
    /// Rows written.
    pub rows: u64,
    /// Whether the result had more rows than the limit for people.
    pub more: bool,
    /// Columns of a table that were left out because the terminal is too narrow.
    pub hidden_columns: usize,
    /// Whether the statement had a result at all (`SET` has none).
    pub has_columns: bool,
}

impl RowCount {
    /// One line on what was not shown, for stderr; `None` if all was.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let rows = self.more.then(|| format!("first {} rows; more exist", self.rows));
        let columns = match self.hidden_columns {
            0 => None,
            1 => Some("1 column does not fit (the vertical format shows it)".to_owned()),
            hidden => Some(format!("{hidden} columns do not fit (the vertical format shows them)")),
        };
        match (rows, columns) {
            (Some(rows), Some(columns)) => Some(format!("{rows}; {columns}")),
            (rows, columns) => rows.or(columns),
        }
    }
}

/// Why a result was not written, or not to its end.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The query failed, before or while rows arrived.
    #[error(transparent)]
    Query(#[from] DataFusionError),
    /// The destination refused the bytes.
    #[error("write the result")]
    Write(#[source] io::Error),
    /// A value has no form in this format.
    #[error("encode the result")]
    Encode(#[from] ArrowError),
    /// The Parquet writer failed.
    #[error("encode the result as Parquet")]
    Parquet(#[from] ParquetError),
    /// Parquet or Arrow bytes were about to go to a terminal.
    #[error("{0:?} is a binary format: write it to a file or a pipe, not to a terminal")]
    BinaryToTerminal(OutputFormat),
}

/// Turns batches into bytes; one per result.
trait Encode: Send {
    /// What comes before the first row.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError>;

    /// Rows, in order. The batch has the columns of the schema that the encoder was made for.
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), OutputError>;

    /// What comes after the last row.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError>;

    /// Columns that were left out.
    fn hidden_columns(&self) -> usize {
        0
    }
}

/// Writes a result to `out` and flushes it. A statement without columns is run to its end and writes nothing.
///
/// Dropping the future stops the query; what was written stays.
///
/// # Errors
///
/// The query's own error, a failed write (but not `EPIPE`), or a value that the format cannot hold. Rows
/// before the failure may have been written; a JSON array is then left open, so that no reader takes it for
/// complete.
pub async fn write_results(
    mut stream: SendableRecordBatchStream,
    options: &OutputOptions,
    out: &mut (dyn Write + Send),
) -> Result<RowCount, OutputError> {
    let schema = stream.schema();
    if schema.fields().is_empty() {
        while let Some(batch) = stream.next().await {
            batch?;
        }
        return Ok(RowCount::default());
    }
    if options.format.is_binary() && options.terminal_width.is_some() {
        return Err(OutputError::BinaryToTerminal(options.format));
    }

    let limit = options.format.is_for_people().then_some(options.max_rows);
    let mut encoder = encoder(options, &schema)?;
    let mut count = RowCount { has_columns: true, ..RowCount::default() };
    let mut bytes = Vec::new();
    let mut next = stream.next().await.transpose()?;

    encoder.begin(&mut bytes)?;
    while let Some(batch) = next {
        let shown = rows_shown(&batch, count.rows, limit);
        for chunk in chunks(&batch.slice(0, shown), options.format) {
            encoder.rows(&chunk, &mut bytes)?;
            if !deliver(&mut bytes, out)? {
                return Ok(count);
            }
            count.rows += chunk.num_rows() as u64;
        }
        if shown < batch.num_rows() {
            count.more = true;
            break;
        }
        if !flush(out)? {
            return Ok(count);
        }
        next = stream.next().await.transpose()?;
    }
    drop(stream);

    encoder.end(&mut bytes)?;
    count.hidden_columns = encoder.hidden_columns();
    if deliver(&mut bytes, out)? {
        flush(out)?;
    }
    Ok(count)
}

fn encoder(options: &OutputOptions, schema: &SchemaRef) -> Result<Box<dyn Encode>, OutputError> {
    Ok(match options.format {
        OutputFormat::Table => Box::new(table::Table::new(schema, options.terminal_width)),
        OutputFormat::Markdown => Box::new(table::Markdown::new(schema)),
        OutputFormat::Vertical => Box::new(table::Vertical::new(schema)),
        OutputFormat::Csv => Box::new(delimited::Csv::new(schema)),
        OutputFormat::Tsv => Box::new(delimited::Tsv::new(schema)),
        OutputFormat::Json => Box::new(json::Rows::array(schema, options.nested)),
        OutputFormat::Ndjson => Box::new(json::Rows::lines(schema, options.nested)),
        OutputFormat::Parquet => Box::new(binary::Parquet::new(schema)?),
        OutputFormat::Arrow => Box::new(binary::ArrowStream::new(schema)?),
    })
}

/// How many rows of the batch are still within the limit.
fn rows_shown(batch: &RecordBatch, before: u64, limit: Option<usize>) -> usize {
    match limit {
        Some(limit) => limit.saturating_sub(usize::try_from(before).unwrap_or(usize::MAX)).min(batch.num_rows()),
        None => batch.num_rows(),
    }
}

/// The batch in pieces small enough to be held as text; binary formats take it whole.
fn chunks(batch: &RecordBatch, format: OutputFormat) -> impl Iterator<Item = RecordBatch> {
    let rows = batch.num_rows();
    let step = if format.is_binary() { rows.max(1) } else { ROWS_PER_CHUNK };
    (0..rows).step_by(step).map(move |start| batch.slice(start, step.min(rows - start)))
}

/// Hands the bytes on; false if the reader has gone away.
fn deliver(bytes: &mut Vec<u8>, out: &mut dyn Write) -> Result<bool, OutputError> {
    let written = reader_is_there(out.write_all(bytes));
    bytes.clear();
    written
}

fn flush(out: &mut dyn Write) -> Result<bool, OutputError> {
    reader_is_there(out.flush())
}

fn reader_is_there(result: io::Result<()>) -> Result<bool, OutputError> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(OutputError::Write(error)),
    }
}
