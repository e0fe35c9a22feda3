//! How versions ended that were written before they did.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::interleave;
use arrow::datatypes::Field;
use hashbrown::HashMap;

use super::schema;
use super::segment::numbers;
use crate::error::{Error, Result};
use crate::model::Revision;

/// Rows of [`schema::CLOSINGS`], by the version that each ends.
#[derive(Debug, Clone)]
pub struct Closings {
    rows: RecordBatch,
    by_version: HashMap<Revision, usize>,
}

impl Closings {
    /// From rows of [`schema::CLOSINGS`].
    ///
    /// # Errors
    /// `Internal` if they are none.
    pub fn new(rows: RecordBatch) -> Result<Self> {
        let by_version = numbers(&rows, "valid_from_revision")?.values().iter().copied().zip(0..).collect();
        Ok(Self { rows, by_version })
    }

    /// The rows.
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// The row that tells how a version ended.
    pub fn row_of(&self, version: Revision) -> Option<usize> {
        self.by_version.get(&version).copied()
    }

    /// Fills in the ends of rows of [`schema::VERSIONS`].
    ///
    /// # Errors
    /// `Internal` if Arrow refuses the columns.
    pub fn close(&self, versions: &RecordBatch) -> Result<RecordBatch> {
        let from = numbers(versions, "valid_from_revision")?.values().iter();
        let places: Vec<(usize, usize)> =
            from.enumerate().map(|(row, version)| self.row_of(*version).map_or((0, row), |closing| (1, closing))).collect();
        if places.iter().all(|(table, _)| *table == 0) {
            return Ok(versions.clone());
        }
        let column = |field: &Arc<Field>, old: &ArrayRef| -> Result<ArrayRef> {
            if !schema::ENDS.contains(&field.name().as_str()) {
                return Ok(Arc::clone(old));
            }
            let told = self.rows.column_by_name(field.name()).ok_or_else(|| Error::internal(format!("no column {}", field.name())))?;
            Ok(interleave(&[&**old, &**told], &places)?)
        };
        let columns = versions.schema_ref().fields().iter().zip(versions.columns()).map(|(field, old)| column(field, old));
        Ok(RecordBatch::try_new(versions.schema(), columns.collect::<Result<_>>()?)?)
    }
}
