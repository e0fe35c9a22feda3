//! Parquet for other engines: zstd, statistics, the order of rows declared, a field id per column.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::WriterProperties;

use super::WriteFile;
use crate::error::{Error, Result};
use crate::query::told;

/// Rows of a row group: small enough that statistics prune.
const ROW_GROUP_ROWS_MAX: usize = 131_072;
/// Bytes of a row group, which the writer holds until it is complete.
const ROW_GROUP_BYTES_MAX: usize = 64 << 20;
/// What Parquet calls the id of a field.
const FIELD_ID: &str = "PARQUET:field_id";

/// Writes Parquet files.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParquetFiles;

#[async_trait]
impl WriteFile for ParquetFiles {
    fn extension(&self) -> &'static str {
        "parquet"
    }

    async fn write(&self, mut rows: SendableRecordBatchStream, sorted_by: &[String], file: &mut File) -> Result<u64> {
        let schema = with_field_ids(&rows.schema());
        let sorting = sorted_by.iter().filter_map(|name| {
            let column = i32::try_from(leaf_of(&schema, name)?).ok()?;
            Some(SortingColumn { column_idx: column, descending: false, nulls_first: false })
        });
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES_MAX))
            .set_sorting_columns(Some(sorting.collect()))
            .build();
        // Readers that know Arrow would make views of the texts, which some do not know yet.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let schema = Arc::new(schema);
        let mut writer = ArrowWriter::try_new_with_options(file, Arc::clone(&schema), options).map_err(refused)?;
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(told)?;
            count += batch.num_rows() as u64;
            writer.write(&RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())?).map_err(refused)?;
        }
        writer.close().map_err(refused)?;
        Ok(count)
    }
}

fn refused(error: parquet::errors::ParquetError) -> Error {
    Error::unavailable("write a Parquet file").with_source(error)
}

/// The position of a column of one leaf among the leaves of all columns.
fn leaf_of(schema: &Schema, name: &str) -> Option<usize> {
    let mut before = 0;
    for field in schema.fields() {
        if field.name() == name {
            return Some(before);
        }
        before += leaves(field.data_type());
    }
    None
}

fn leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => leaves(item.data_type()),
        _ => 1,
    }
}

/// Ids count columns from 1, then what is in them. Any column may be NULL: the plan's promise that one is not is not needed.
fn with_field_ids(schema: &Schema) -> Schema {
    let mut nested = schema.fields().len();
    let fields = schema.fields().iter().enumerate().map(|(at, field)| numbered(field, at + 1, &mut nested));
    Schema::new(fields.collect::<Vec<FieldRef>>())
}

fn numbered(field: &Field, id: usize, nested: &mut usize) -> FieldRef {
    let mut inner = |field: &FieldRef| {
        *nested += 1;
        let id = *nested;
        numbered(field, id, nested)
    };
    let data_type = match field.data_type() {
        DataType::List(item) => DataType::List(inner(item)),
        DataType::LargeList(item) => DataType::LargeList(inner(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    };
    let metadata = HashMap::from([(FIELD_ID.to_owned(), id.to_string())]);
    Arc::new(Field::new(field.name(), data_type, true).with_metadata(metadata))
}
