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
    sieve: Sieve,
}

impl Closings {
    /// From rows of [`schema::CLOSINGS`].
    ///
    /// # Errors
    /// `Internal` if they are none.
    pub fn new(rows: RecordBatch) -> Result<Self> {
        let versions = numbers(&rows, "valid_from_revision")?.values();
        let by_version = versions.iter().copied().zip(0..).collect();
        let sieve = Sieve::new(versions);
        Ok(Self { rows, by_version, sieve })
    }

    /// The rows.
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// The row that tells how a version ended.
    pub fn row_of(&self, version: Revision) -> Option<usize> {
        if self.sieve.may_hold(version) { self.by_version.get(&version).copied() } else { None }
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

/// A bit for every so many versions, set for those that ended. Most did not, and are told apart by this small table: to look
/// each up in the large one would take longer than all else in reading a state.
#[derive(Debug, Clone)]
struct Sieve(Vec<u64>);

/// Bits for each version of a sieve: of the others one in this many passes.
const SIEVE_BITS: usize = 16;

impl Sieve {
    fn new(versions: &[Revision]) -> Self {
        let mut sieve = Self(vec![0; (versions.len() * SIEVE_BITS / 64).next_power_of_two()]);
        for version in versions {
            let (word, bit) = sieve.place(*version);
            if let Some(word) = sieve.0.get_mut(word) {
                *word |= bit;
            }
        }
        sieve
    }

    /// Multiplicative hashing by the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4): neighbours lie apart.
    fn place(&self, version: Revision) -> (usize, u64) {
        let hash = (version as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        ((hash >> 6) as usize & (self.0.len() - 1), 1 << (hash & 63))
    }

    fn may_hold(&self, version: Revision) -> bool {
        let (word, bit) = self.place(version);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}
