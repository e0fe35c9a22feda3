//! Leaves of plans: rows of Parquet files and rows in memory, filtered and projected, as DataFusion's own nodes.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::conjunction;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExecBuilder;

use super::source::HistorySource;
use crate::store::{Bound, DataFile};

/// Where in a runtime's object stores a store's files are.
pub(super) fn store_url(source: &dyn HistorySource) -> Result<ObjectStoreUrl> {
    ObjectStoreUrl::parse(format!("elava://{}", source.store_id()))
}

/// Rows to read.
pub(super) enum Leaf<'a> {
    /// Of files.
    Files(&'a dyn HistorySource, Vec<&'a DataFile>),
    /// In memory.
    Memory(Vec<RecordBatch>),
}

/// The rows of a leaf with this schema for which all filters are true: these columns, in this order.
pub(super) fn read(
    state: &dyn Session,
    leaf: &Leaf<'_>,
    schema: &SchemaRef,
    filters: &[Expr],
    columns: &[usize],
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut needed = columns.to_vec();
    for column in filters.iter().flat_map(Expr::column_refs) {
        let at = schema.index_of(&column.name)?;
        if !needed.contains(&at) {
            needed.push(at);
        }
    }
    let input = match leaf {
        Leaf::Files(source, files) => files_exec(state, *source, files, schema, &needed)?,
        Leaf::Memory(batches) => {
            let exec: Arc<dyn ExecutionPlan> =
                MemorySourceConfig::try_new_exec(std::slice::from_ref(batches), Arc::clone(schema), Some(needed.clone()))?;
            exec
        }
    };
    filter(state, input, filters, columns.len())
}

/// The rows for which all filters are true, with the first so many columns.
pub(super) fn filter(
    state: &dyn Session,
    input: Arc<dyn ExecutionPlan>,
    filters: &[Expr],
    columns: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let Some(predicate) = conjunction(filters.iter().cloned()) else { return Ok(input) };
    let schema = Arc::new(DFSchema::try_from(input.schema())?);
    let context = SimplifyContext::builder().with_schema(Arc::clone(&schema)).build();
    let predicate = ExprSimplifier::new(context).coerce(predicate, &schema)?;
    let predicate = state.create_physical_expr(predicate, &schema)?;
    let kept = (input.schema().fields().len() > columns).then(|| (0..columns).collect());
    Ok(Arc::new(FilterExecBuilder::new(predicate, input).apply_projection(kept)?.build()?))
}

fn files_exec(
    state: &dyn Session,
    source: &dyn HistorySource,
    files: &[&DataFile],
    schema: &SchemaRef,
    columns: &[usize],
) -> Result<Arc<dyn ExecutionPlan>> {
    let metadata_cache = state.runtime_env().cache_manager.get_file_metadata_cache();
    let readers = CachedParquetFileReaderFactory::new(source.object_store(), metadata_cache);
    let parquet = ParquetSource::new(TableSchema::from(Arc::clone(schema)))
        .with_table_parquet_options(state.table_options().parquet.clone())
        .with_parquet_file_reader_factory(Arc::new(readers))
        .with_pushdown_filters(true)
        .with_enable_page_index(true)
        .with_bloom_filter_on_read(true);
    let groups = FileGroup::new(files.iter().map(|file| partitioned(file, schema)).collect());
    let groups = groups.split_files(state.config().target_partitions().max(1));
    let rows = files.iter().map(|file| usize::try_from(file.rows).unwrap_or(usize::MAX)).sum();
    let statistics = Statistics { num_rows: Precision::Exact(rows), ..Statistics::new_unknown(schema) };
    let config = FileScanConfigBuilder::new(store_url(source)?, Arc::new(parquet))
        .with_file_groups(groups)
        .with_statistics(statistics)
        .with_projection_indices(Some(columns.to_vec()))?
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

fn partitioned(file: &DataFile, schema: &SchemaRef) -> PartitionedFile {
    let known = |field: &Arc<Field>| match file.columns.get(field.name()) {
        None => ColumnStatistics::new_unknown(),
        Some(stats) => ColumnStatistics {
            null_count: usize::try_from(stats.null_count).map_or(Precision::Absent, Precision::Exact),
            min_value: exact(stats.min.as_ref(), field.data_type()),
            max_value: exact(stats.max.as_ref(), field.data_type()),
            ..ColumnStatistics::new_unknown()
        },
    };
    let rows = usize::try_from(file.rows).map_or(Precision::Absent, Precision::Exact);
    let column_statistics = schema.fields().iter().map(known).collect();
    let statistics = Statistics { num_rows: rows, total_byte_size: Precision::Absent, column_statistics };
    PartitionedFile::new(file.name.clone(), file.bytes).with_statistics(Arc::new(statistics))
}

/// A bound as DataFusion's statistics know it.
fn exact(bound: Option<&Bound>, data_type: &DataType) -> Precision<ScalarValue> {
    let value = match (bound, data_type) {
        (Some(Bound::Int(value)), DataType::Int64) => ScalarValue::Int64(Some(*value)),
        (Some(Bound::Int(value)), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            ScalarValue::TimestampMicrosecond(Some(*value), zone.clone())
        }
        (Some(Bound::Text(value)), DataType::Utf8View) => ScalarValue::Utf8View(Some(value.clone())),
        _ => return Precision::Absent,
    };
    Precision::Exact(value)
}

/// The least and greatest value of a BIGINT column of a file, as far as they are known. Where all values are NULL, the
/// least is above the greatest.
pub(super) fn int_bounds(file: &DataFile, column: &str) -> (i64, i64) {
    match file.columns.get(column).map(|stats| (&stats.min, &stats.max, stats.null_count)) {
        Some((Some(Bound::Int(min)), Some(Bound::Int(max)), _)) => (*min, *max),
        Some((None, None, nulls)) if nulls == file.rows => (i64::MAX, i64::MIN),
        _ => (i64::MIN, i64::MAX),
    }
}
