//! Rows of a query as text, one by one: what pages for people are made of.

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use futures::StreamExt;

use crate::cli::output::text_columns;
use crate::cli::printer::Printer;
use crate::cli::shell::StoreShell;
use crate::error::Result;

/// The rows of a batch.
#[derive(Debug)]
struct TextRows {
    schema: SchemaRef,
    columns: Vec<StringArray>,
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    rows: &'a TextRows,
    at: usize,
}

impl<'a> Row<'a> {
    /// The value of a column; `None` if it is NULL, or if there is no such column.
    pub fn get(&self, column: &str) -> Option<&'a str> {
        let (place, _) = self.rows.schema.column_with_name(column)?;
        let values = self.rows.columns.get(place)?;
        values.is_valid(self.at).then(|| values.value(self.at))
    }

    /// The value of a column; nothing for NULL.
    pub fn text(&self, column: &str) -> &'a str {
        self.get(column).unwrap_or_default()
    }

    /// The value of a column of numbers; 0 for NULL.
    pub fn number(&self, column: &str) -> u64 {
        self.text(column).parse().unwrap_or_default()
    }

    /// The value of a column of lists of texts.
    pub fn texts(&self, column: &str) -> Vec<String> {
        serde_json::from_str(self.text(column)).unwrap_or_default()
    }
}

/// Runs SQL and prints what a function writes of each row; returns how many rows there are.
///
/// # Errors
/// Whatever the query runs into; stdout refuses the text.
pub async fn print_each(shell: &mut StoreShell, sql: &str, printer: Printer, mut write: impl FnMut(Row<'_>, &mut String)) -> Result<u64> {
    let mut stream = shell.session().execute(sql).await?;
    let mut count = 0;
    while let Some(batch) = stream.next().await {
        let mut page = String::new();
        count += each(&batch?, |row| write(row, &mut page))?;
        printer.data(&page)?;
    }
    Ok(count)
}

/// Runs SQL and makes something of each row.
///
/// # Errors
/// Whatever the query runs into.
pub async fn collect<T>(shell: &mut StoreShell, sql: &str, mut make: impl FnMut(Row<'_>) -> T) -> Result<Vec<T>> {
    let mut stream = shell.session().execute(sql).await?;
    let mut made = Vec::new();
    while let Some(batch) = stream.next().await {
        each(&batch?, |row| made.push(make(row)))?;
    }
    Ok(made)
}

/// Calls a function with each row of a batch; returns how many there are.
fn each(batch: &RecordBatch, mut with: impl FnMut(Row<'_>)) -> Result<u64> {
    let schema = batch.schema();
    let rows = TextRows { columns: text_columns(&schema, batch)?, schema };
    (0..batch.num_rows()).for_each(|at| with(Row { rows: &rows, at }));
    Ok(batch.num_rows() as u64)
}
