//! Merging the open epoch: its files, the closings of their rows and the tail become the files of each epoch.
//!
//! An epoch that ends has two: the rows that ended in it, and those that went on. Every epoch repeats what goes on, so who reads
//! history reads the former of all epochs but the last, and unpacks no row in vain.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::{filter_record_batch, is_not_null, not, nullif};
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::closings::Closings;
use super::data_file::DataFile;
use super::history::History;
use super::manifest::Epoch;
use super::merge::open_stream;
use super::parquet_io::{FileKind, FileWriter};
use super::schema;
use super::segment::numbers;
use super::tag_columns::{schema_of, with_tags, without_tags};
use super::verified::VerifiedStore;
use crate::error::{Error, Result};
use crate::model::Revision;

/// Rows of a batch while merging versions: they can be wide, and one batch of each file is in memory.
const VERSION_BATCH_ROWS: usize = 1024;

/// How the stretch from the open epoch's start is divided: (start, cut], (cut, cut], ..., (cut, open).
#[derive(Debug)]
pub struct EpochPlan(Vec<(Revision, Option<Revision>)>);

impl EpochPlan {
    /// From the start of the open epoch and the cuts in it, oldest first.
    pub fn new(start: Revision, cuts: &[Revision]) -> Self {
        let starts = std::iter::once(start).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().map(Some).chain(std::iter::once(None));
        Self(starts.zip(ends).collect())
    }
}

/// Writes the epochs of a plan, with the columns of a schema. They have no closings: their rows tell all ends.
///
/// # Errors
/// `Corrupt` if a file is damaged, `Unavailable` if the storage refuses.
pub async fn rewrite_epochs(
    history: &History,
    store: Arc<VerifiedStore>,
    files: &[DataFile],
    tail: RecordBatch,
    closings: &Arc<Closings>,
    plan: &EpochPlan,
    schema: &SchemaRef,
) -> Result<Vec<Epoch>> {
    let mut streams = Vec::with_capacity(files.len() + 1);
    for file in files {
        let stream = open_stream(Arc::clone(&store), file, &schema_of(file), VERSION_BATCH_ROWS);
        let closings = Arc::clone(closings);
        let stream = stream.map(move |batch| closings.close(&without_tags(&batch?)?)).map(|batch| batch.map_err(external));
        streams.push(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema::VERSIONS), stream)) as SendableRecordBatchStream);
    }
    let tail = slices(tail);
    let tail = futures::stream::iter(tail.into_iter().map(Ok));
    streams.push(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema::VERSIONS), tail)));
    let mut merged = merge(streams)?;
    let writers = plan.0.iter().map(|(start, end)| EpochWriter::new(history, schema, *start, *end));
    let mut writers = writers.collect::<Result<Vec<_>>>()?;
    while let Some(batch) = merged.next().await {
        let batch = batch.map_err(internal)?;
        writers.iter_mut().try_for_each(|writer| writer.write(&batch))?;
    }
    let mut epochs = Vec::with_capacity(writers.len());
    for writer in writers {
        epochs.push(writer.finish().await?);
    }
    Ok(epochs)
}

/// Writes the files of an epoch.
struct EpochWriter {
    start: Revision,
    end: Option<Revision>,
    schema: SchemaRef,
    /// The rows that ended in it, once it has an end.
    ended: Option<FileWriter>,
    others: FileWriter,
}

impl EpochWriter {
    fn new(history: &History, schema: &SchemaRef, start: Revision, end: Option<Revision>) -> Result<Self> {
        let file = || FileWriter::new(history, FileKind::Versions, schema);
        Ok(Self { start, end, schema: Arc::clone(schema), ended: end.map(|_| file()).transpose()?, others: file()? })
    }

    /// Writes those of the rows that are in the epoch.
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = rows_of_epoch(batch, self.start, self.end)?;
        let Some(ended) = &mut self.ended else { return write(&mut self.others, &rows, &self.schema) };
        let has_ended = is_not_null(numbers(&rows, "valid_to_revision")?)?;
        write(ended, &filter_record_batch(&rows, &has_ended)?, &self.schema)?;
        write(&mut self.others, &filter_record_batch(&rows, &not(&has_ended)?)?, &self.schema)
    }

    async fn finish(self) -> Result<Epoch> {
        let ended = match self.ended {
            Some(writer) => writer.finish().await?,
            None => None,
        };
        let files = ended.into_iter().chain(self.others.finish().await?).collect();
        Ok(Epoch { start: self.start, end: self.end, files, closings: None })
    }
}

fn write(writer: &mut FileWriter, rows: &RecordBatch, schema: &SchemaRef) -> Result<()> {
    if rows.num_rows() == 0 { Ok(()) } else { writer.write(&with_tags(rows, schema)?) }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn internal(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(error) => *error,
            Err(other) => Error::internal("merging versions failed").with_source(other),
        },
        other => Error::internal("merging versions failed").with_source(other),
    }
}

fn slices(batch: RecordBatch) -> Vec<RecordBatch> {
    let starts = (0..batch.num_rows()).step_by(VERSION_BATCH_ROWS);
    starts.map(|start| batch.slice(start, VERSION_BATCH_ROWS.min(batch.num_rows() - start))).collect()
}

fn merge(streams: Vec<SendableRecordBatchStream>) -> Result<SendableRecordBatchStream> {
    let order = ["resource_type", "resource_key", "valid_from_revision"].map(|name| col(name, &schema::VERSIONS));
    let order = order.into_iter().map(|column| column.map(PhysicalSortExpr::new_default)).collect::<std::result::Result<Vec<_>, _>>();
    let order = LexOrdering::new(order.map_err(internal)?).ok_or_else(|| Error::internal("no order"))?;
    let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
    StreamingMergeBuilder::new()
        .with_streams(streams)
        .with_schema(Arc::clone(&schema::VERSIONS))
        .with_expressions(&order)
        .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
        .with_batch_size(VERSION_BATCH_ROWS)
        .with_reservation(MemoryConsumer::new("merge versions").register(&pool))
        .build()
        .map_err(internal)
}

/// The rows of an epoch (start, end]: those alive at its start and those opened in it. What ends after its end is open.
fn rows_of_epoch(batch: &RecordBatch, start: Revision, end: Option<Revision>) -> Result<RecordBatch> {
    let (from, to) = (numbers(batch, "valid_from_revision")?, numbers(batch, "valid_to_revision")?);
    let inside = |row: usize| {
        let opened = end.is_none_or(|end| from.value(row) <= end);
        let alive = to.is_null(row) || to.value(row) > start;
        opened && alive
    };
    let keep: BooleanArray = (0..batch.num_rows()).map(|row| Some(inside(row))).collect();
    let rows = filter_record_batch(batch, &keep)?;
    let Some(end) = end else { return Ok(rows) };
    let to: &Int64Array = numbers(&rows, "valid_to_revision")?;
    let later: BooleanArray = to.iter().map(|to| Some(to.is_some_and(|to| to > end))).collect();
    if later.true_count() == 0 {
        return Ok(rows);
    }
    let mut columns = rows.columns().to_vec();
    for name in ["valid_to_revision", "valid_to", "ended_by", "ending_scan_id"] {
        let at = rows.schema_ref().index_of(name)?;
        if let Some(column) = columns.get_mut(at) {
            *column = nullif(column, &later)?;
        }
    }
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}
