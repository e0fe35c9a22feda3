//! The rows of a statement.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{Stream, StreamExt};

use super::failure::told;
use crate::error::{Error, Result, panic_text};

/// The rows of a statement.
pub struct QueryStream {
    rows: SendableRecordBatchStream,
}

impl std::fmt::Debug for QueryStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryStream").field("schema", &self.rows.schema()).finish()
    }
}

impl QueryStream {
    /// The rows of a running plan. Where the engine panics, they end with an error: a query that broke takes neither the session
    /// nor what runs beside it along.
    pub(super) fn of(rows: SendableRecordBatchStream) -> Self {
        let schema = rows.schema();
        let guarded = AssertUnwindSafe(rows).catch_unwind().map(|next| next.unwrap_or_else(|panic| Err(broken(&*panic).into())));
        Self { rows: Box::pin(RecordBatchStreamAdapter::new(schema, guarded)) }
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    /// DataFusion's own stream.
    pub fn into_inner(self) -> SendableRecordBatchStream {
        self.rows
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// Whatever the statement runs into.
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }
}

impl Stream for QueryStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.as_mut().poll_next(context).map(|next| next.map(|batch| batch.map_err(|error: DataFusionError| told(error))))
    }
}

/// What a panic said.
fn broken(panic: &(dyn Any + Send)) -> Error {
    Error::internal(format!("the query engine broke off: {}", panic_text(panic)))
        .with_hint("ask with less at once, or with a higher memory limit; the store is as it was")
}
