//! Leaves of plans: rows of Parquet files and rows in memory, filtered and projected, as DataFusion's own nodes.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExecBuilder;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr, collect};
use futures::future::BoxFuture;

use super::inner::with_filters_in_files;
use super::readers::Readers;
use super::source::HistorySource;
use crate::store::schema::PAYLOAD_COLUMNS;
use crate::store::tag_columns::tag_column;
use crate::store::{Bound, DataFile};

/// So much of a file's end is read first: mostly all that is known of its pages, in one request instead of three.
const END_BYTES: usize = 256 * 1024;

/// Where in a runtime's object stores a store's files are.
pub(super) fn store_url(source: &dyn HistorySource) -> Result<ObjectStoreUrl> {
    ObjectStoreUrl::parse(format!("elava://{}", source.store_id()))
}

/// Plans whose rows together are the rows of a table.
pub(super) type Parts = Vec<Arc<dyn ExecutionPlan>>;

/// A table of rows in files and in memory.
pub(super) trait Rows: Debug + Send + Sync + 'static {
    /// Its columns.
    fn schema(&self) -> SchemaRef;

    /// The rows that a scan asks for.
    fn parts(&self, scan: &Scan<'_>) -> Result<Parts>;
}

/// What is asked of [`Rows`].
pub(super) struct Scan<'a> {
    /// DataFusion's session.
    pub(super) state: &'a dyn Session,
    /// What all rows fulfil.
    pub(super) filters: &'a [Expr],
    /// The columns to put out, as places in the table's schema.
    pub(super) columns: &'a [usize],
}

/// [`Rows`] as DataFusion knows tables.
#[derive(Debug)]
pub(super) struct RowsTable<R>(pub(super) R);

impl<R: Rows> TableProvider for RowsTable<R> {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    /// Done at once: a future that held the filters would have to be proven sendable for every kind of rows.
    fn scan<'a, 'b, 'c, 'd, 'e>(
        &'a self,
        state: &'b dyn Session,
        projection: Option<&'c Vec<usize>>,
        filters: &'d [Expr],
        _limit: Option<usize>,
    ) -> BoxFuture<'e, Result<Arc<dyn ExecutionPlan>>>
    where
        'a: 'e,
        'b: 'e,
        'c: 'e,
        'd: 'e,
    {
        let plan = self.plan(state, projection, filters);
        Box::pin(std::future::ready(plan))
    }
}

impl<R: Rows> RowsTable<R> {
    /// A scan, before physical rules.
    pub(super) fn plan(&self, state: &dyn Session, projection: Option<&Vec<usize>>, filters: &[Expr]) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.0.schema();
        let columns = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
        together(self.0.parts(&Scan { state, filters, columns: &columns })?, &schema, &columns)
    }

    /// Columns of the rows that fulfil a filter, in the order of the table's. The plan is made at once, without a logical one: that
    /// would take longer than reading a few rows.
    pub(super) async fn collect(&self, state: &dyn Session, columns: &[&str], filter: Expr) -> Result<RecordBatch> {
        let schema = self.0.schema();
        let places = columns.iter().map(|name| schema.index_of(name)).collect::<Result<BTreeSet<_>, _>>()?.into_iter().collect();
        let plan = with_filters_in_files(state, self.plan(state, Some(&places), &[filter])?)?;
        let schema = plan.schema();
        Ok(concat_batches(&schema, &collect(plan, state.task_ctx()).await?)?)
    }
}

/// One plan of the rows of all parts: these columns of a schema.
pub(super) fn together(mut parts: Parts, schema: &SchemaRef, columns: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    match parts.pop() {
        None => Ok(Arc::new(EmptyExec::new(Arc::new(schema.project(columns)?)))),
        Some(only) if parts.is_empty() => Ok(only),
        Some(last) => {
            parts.push(last);
            UnionExec::try_new(parts)
        }
    }
}

/// Rows to read.
pub(super) enum Leaf<'a> {
    /// Of files.
    Files(&'a dyn HistorySource, Vec<Placed<'a>>, Kept),
    /// In memory.
    Memory(Vec<RecordBatch>),
}

/// How many of the rows that are looked at fulfil the filters: it decides where these are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Few: the other columns are decoded of those only.
    Few,
    /// Most: decoding everything is faster than picking rows.
    Most,
}

/// A file, and the values of the columns that it has as a whole: the last ones of the leaf's schema.
#[derive(Clone)]
pub(super) struct Placed<'a> {
    file: &'a DataFile,
    constants: Vec<ScalarValue>,
}

impl<'a> Placed<'a> {
    /// A file that has all its columns itself.
    pub(super) fn plain(file: &'a DataFile) -> Self {
        Self { file, constants: Vec::new() }
    }

    /// A file whose rows have a last column of one value.
    pub(super) fn with(file: &'a DataFile, constant: ScalarValue) -> Self {
        Self { file, constants: vec![constant] }
    }

    /// How many columns it has as a whole.
    pub(super) fn constants(&self) -> usize {
        self.constants.len()
    }

    /// Whether it has a column of a tag.
    pub(super) fn has_tag(&self, key: &str) -> bool {
        self.file.columns.contains_key(tag_column(key).name())
    }
}

/// The rows of a leaf with this schema for which all filters are true: these columns, in this order.
pub(super) fn read(
    state: &dyn Session,
    leaf: &Leaf<'_>,
    schema: &SchemaRef,
    filters: &[Expr],
    columns: &[usize],
) -> Result<Arc<dyn ExecutionPlan>> {
    let needed = with_columns_of(filters, schema, columns)?;
    let input = match leaf {
        Leaf::Files(source, files, kept) => {
            let files = may_hold(state, files, schema, filters)?;
            if files.is_empty() {
                return Ok(Arc::new(EmptyExec::new(Arc::new(schema.project(columns)?))));
            }
            let filters_payload = filters.iter().flat_map(Expr::column_refs).any(|column| PAYLOAD_COLUMNS.contains(&&*column.name));
            files_exec(state, *source, &files, *kept, filters_payload, schema, &needed)?
        }
        Leaf::Memory(batches) => {
            let exec: Arc<dyn ExecutionPlan> =
                MemorySourceConfig::try_new_exec(std::slice::from_ref(batches), Arc::clone(schema), Some(needed.clone()))?;
            exec
        }
    };
    filter(state, input, filters, columns.len())
}

/// Some columns of a schema, and after them those that filters need besides.
pub(super) fn with_columns_of(filters: &[Expr], schema: &SchemaRef, columns: &[usize]) -> Result<Vec<usize>> {
    let mut needed = columns.to_vec();
    for column in filters.iter().flat_map(Expr::column_refs) {
        let at = schema.index_of(&column.name)?;
        if !needed.contains(&at) {
            needed.push(at);
        }
    }
    Ok(needed)
}

/// The rows for which all filters are true, with the first so many columns.
pub(super) fn filter(
    state: &dyn Session,
    input: Arc<dyn ExecutionPlan>,
    filters: &[Expr],
    columns: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let Some(predicate) = predicate(state, &input.schema(), filters)? else { return Ok(input) };
    let kept = (input.schema().fields().len() > columns).then(|| (0..columns).collect());
    Ok(Arc::new(FilterExecBuilder::new(predicate, input).apply_projection(kept)?.build()?))
}

/// One expression for all filters on rows of a schema; none where there are none.
pub(super) fn predicate(state: &dyn Session, schema: &SchemaRef, filters: &[Expr]) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    let Some(predicate) = conjunction(filters.iter().cloned()) else { return Ok(None) };
    let schema = Arc::new(DFSchema::try_from(Arc::clone(schema))?);
    let context = SimplifyContext::builder().with_schema(Arc::clone(&schema)).build();
    let predicate = ExprSimplifier::new(context).coerce(predicate, &schema)?;
    state.create_physical_expr(predicate, &schema).map(Some)
}

/// The files that may hold rows for which all filters are true, as far as the manifest tells: no other is opened.
fn may_hold(state: &dyn Session, files: &[Placed<'_>], schema: &SchemaRef, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
    let (stored, _) = split(schema, files.first().map_or(0, |placed| placed.constants.len()));
    let files: Vec<PartitionedFile> = files.iter().map(|placed| partitioned(placed, &stored)).collect();
    let Some(predicate) = predicate(state, schema, filters)? else { return Ok(files) };
    let statistics = files.iter().filter_map(|file| file.statistics.clone()).collect();
    let kept = PruningPredicateBuilder::new()
        .with_file_schema(Arc::clone(schema))
        .try_build(predicate)?
        .prune(&PrunableStatistics::new(statistics, Arc::clone(schema)))?;
    Ok(files.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(file, _)| file).collect())
}

/// Rows of other columns, made from those of a plan.
pub(super) fn project(
    state: &dyn Session,
    input: Arc<dyn ExecutionPlan>,
    columns: &[Expr],
    names: &[&str],
) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = Arc::new(DFSchema::try_from(input.schema())?);
    let column = |(column, name): (&Expr, &&str)| {
        let expr = state.create_physical_expr(column.clone(), &schema)?;
        Ok(ProjectionExpr { expr, alias: (*name).to_owned() })
    };
    let columns = columns.iter().zip(names).map(column).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(ProjectionExec::try_new(columns, input)?))
}

fn files_exec(
    state: &dyn Session,
    source: &dyn HistorySource,
    files: &[PartitionedFile],
    kept: Kept,
    filters_payload: bool,
    schema: &SchemaRef,
    columns: &[usize],
) -> Result<Arc<dyn ExecutionPlan>> {
    let metadata_cache = state.runtime_env().cache_manager.get_file_metadata_cache();
    let readers = CachedParquetFileReaderFactory::new(source.object_store(), metadata_cache);
    let names = files.iter().map(|file| file.path().to_string()).collect();
    let readers = Readers::new(readers, source.fetch_ends(names, END_BYTES as u64));
    let (stored, constants) = split(schema, files.first().map_or(0, |file| file.partition_values.len()));
    let table = TableSchema::builder(stored).with_table_partition_cols(constants).build();
    let mut options = state.table_options().parquet.clone();
    if !filters_payload {
        // To decode what is narrow again for the rows that are kept is less work than to keep it of all.
        options.global.max_predicate_cache_size = Some(0);
    }
    let parquet = ParquetSource::new(table)
        .with_table_parquet_options(options)
        .with_metadata_size_hint(END_BYTES)
        .with_parquet_file_reader_factory(Arc::new(readers))
        .with_pushdown_filters(kept == Kept::Few)
        .with_enable_page_index(true)
        .with_bloom_filter_on_read(true);
    let groups = FileGroup::new(files.to_vec()).split_files(state.config().target_partitions().max(1));
    let rows = files.iter().filter_map(|file| file.statistics.as_ref()).map(|known| known.num_rows);
    let rows = rows.fold(Precision::Exact(0), |sum, rows| sum.add(&rows));
    let statistics = Statistics { num_rows: rows, ..Statistics::new_unknown(schema) };
    let config = FileScanConfigBuilder::new(store_url(source)?, Arc::new(parquet))
        .with_file_groups(groups)
        .with_statistics(statistics)
        .with_projection_indices(Some(columns.to_vec()))?
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

/// The columns that files have themselves, and the last ones, which they have as a whole.
fn split(schema: &SchemaRef, constants: usize) -> (SchemaRef, Fields) {
    if constants == 0 {
        return (Arc::clone(schema), Fields::empty());
    }
    let fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    let (stored, constants) = fields.split_at(fields.len().saturating_sub(constants));
    (Arc::new(Schema::new(stored.to_vec())), constants.to_vec().into())
}

fn partitioned(placed: &Placed<'_>, stored: &SchemaRef) -> PartitionedFile {
    let file = placed.file;
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
    let column_statistics = stored.fields().iter().map(known).collect();
    let statistics = Statistics { num_rows: rows, total_byte_size: Precision::Absent, column_statistics };
    PartitionedFile::new(file.name.clone(), file.bytes)
        .with_partition_values(placed.constants.clone())
        .with_statistics(Arc::new(statistics))
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
