//! Rows as files that other engines read, published whole or not at all.
//!
//! Files are written into a folder beside the target, synced, and the folder takes the target's name as the last step. So
//! the target is never seen in part, and a target that holds anything is left alone.

mod parquet;
mod publish;

use std::fs::File;
use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;

pub use self::parquet::ParquetFiles;
use publish::Staging;

use crate::error::{Error, Result};
use crate::query::{QuerySession, text_literal};

/// Columns that order rows, those that come first first; the ones that a table has are used.
const ORDER: &[&str] = &["resource_type", "resource_key", "valid_from_revision", "revision", "seq", "entry_no", "scan_id"];

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// What stands after FROM.
    pub relation: String,
    /// A condition of SQL on its rows.
    pub condition: Option<String>,
    /// Columns of text that split the rows into folders (`column=value`), outermost first. They are left out of the files.
    pub partition_by: Vec<String>,
    /// The folder to make.
    pub target: PathBuf,
}

/// What was exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Files.
    pub files: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// How rows become a file.
#[async_trait]
pub trait WriteFile: Send + Sync {
    /// How the names of its files end.
    fn extension(&self) -> &'static str;

    /// Writes rows, which come sorted by columns, and returns how many there were.
    ///
    /// # Errors
    /// The query's own; the file cannot be written.
    async fn write(&self, rows: SendableRecordBatchStream, sorted_by: &[String], file: &mut File) -> Result<u64>;
}

/// Exports rows. The session must stand still meanwhile: every file shows one snapshot.
///
/// # Errors
/// `Conflict` if the target holds something, `Invalid` for what the query finds wrong, `Unavailable` if a file cannot be
/// written; then nothing is left.
pub async fn export(session: &mut QuerySession, request: &ExportRequest, files: &dyn WriteFile) -> Result<ExportReport> {
    let filter = request.condition.as_ref().map_or_else(String::new, |condition| format!(" WHERE ({condition}\n)"));
    let schema = session.execute(&format!("SELECT * FROM {}{filter} LIMIT 0", request.relation)).await?.schema();
    let partitions = partitions(session, request, &schema, &filter).await?;
    let columns: Vec<String> =
        schema.fields().iter().map(|field| field.name().clone()).filter(|name| !request.partition_by.contains(name)).collect();
    let order: Vec<String> =
        ORDER.iter().filter(|name| columns.iter().any(|column| column == *name)).map(|name| (*name).to_owned()).collect();
    let staging = Staging::new(&request.target)?;
    let mut report = ExportReport::default();
    for partition in partitions {
        let sql = select(request, &columns, &order, &partition);
        let rows = session.execute(&sql).await?.into_inner();
        let (path, mut file) = staging.create(&partition.folders(&request.partition_by), files.extension())?;
        report.rows += files.write(rows, &order, &mut file).await?;
        report.bytes += staging.sync(&path, &file)?;
        report.files += 1;
    }
    staging.publish()?;
    Ok(report)
}

/// The values of the partitioning columns that share a folder.
struct Partition(Vec<String>);

impl Partition {
    fn folders(&self, columns: &[String]) -> PathBuf {
        columns.iter().zip(&self.0).map(|(column, value)| format!("{column}={}", escaped(value))).collect()
    }
}

/// A value as the name of a folder: what a path or a reader of such folders would take for something else is escaped.
fn escaped(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    value.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

async fn partitions(session: &mut QuerySession, request: &ExportRequest, schema: &Schema, filter: &str) -> Result<Vec<Partition>> {
    if request.partition_by.is_empty() {
        return Ok(vec![Partition(Vec::new())]);
    }
    if let Some(missing) = request.partition_by.iter().find(|column| schema.field_with_name(column).is_err()) {
        return Err(Error::invalid(format!("{} has no column {missing} to partition by", request.relation)));
    }
    let columns = request.partition_by.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT DISTINCT {columns} FROM {}{filter} ORDER BY {columns}", request.relation);
    let mut partitions = Vec::new();
    for batch in session.execute(&sql).await?.collect().await? {
        let texts = batch.columns().iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<Vec<_>, _>>()?;
        let row = |row: usize| texts.iter().map(|column| column.as_string::<i32>().value(row).to_owned()).collect();
        if texts.iter().any(|column| column.null_count() > 0) {
            return Err(Error::invalid(format!("{columns} is NULL in some rows: they have no partition"))
                .with_hint("leave such rows out with --where"));
        }
        partitions.extend((0..batch.num_rows()).map(|at| Partition(row(at))));
    }
    Ok(partitions)
}

fn select(request: &ExportRequest, columns: &[String], order: &[String], partition: &Partition) -> String {
    let columns = columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
    let condition = request.condition.iter().map(|condition| format!("({condition}\n)"));
    let of_partition =
        request.partition_by.iter().zip(&partition.0).map(|(column, value)| format!("{} = {}", quoted(column), text_literal(value)));
    let conditions: Vec<String> = condition.chain(of_partition).collect();
    let mut sql = format!("SELECT {columns} FROM {}", request.relation);
    if !conditions.is_empty() {
        sql.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
    }
    if !order.is_empty() {
        sql.push_str(&format!(" ORDER BY {}", order.join(", ")));
    }
    sql
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
