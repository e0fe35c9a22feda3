//! Sums of digests of rows: whether two sides hold the same rows, in whatever order, without holding either in memory.
//!
//! A digest is keyed by chance, anew for each verification, so that no bytes can be made to add up.

use std::hash::{BuildHasher, RandomState};

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::row::{RowConverter, SortField};

use crate::error::{Error, Result};

/// Makes digests that can be compared with each other.
#[derive(Debug, Clone, Default)]
pub struct Digests(RandomState);

impl Digests {
    /// A digest of each row of some columns of a batch, in the order of the names.
    ///
    /// # Errors
    /// `Internal` if there is no such column.
    pub fn of(&self, batch: &RecordBatch, columns: &[&str]) -> Result<Vec<u64>> {
        self.of_arrays(&pick(batch, columns)?)
    }

    /// A digest of each row of some columns. The same values of the same kind of column have the same digest.
    ///
    /// # Errors
    /// `Internal` if rows cannot be made of such columns.
    pub fn of_arrays(&self, columns: &[ArrayRef]) -> Result<Vec<u64>> {
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(columns)?;
        Ok(rows.iter().map(|row| self.0.hash_one(row.data())).collect())
    }

    /// A digest of two texts.
    pub fn of_texts(&self, one: &str, other: &str) -> u64 {
        self.0.hash_one((one, other))
    }
}

/// Columns of a batch by name.
///
/// # Errors
/// `Internal` if there is no such column.
pub fn pick(batch: &RecordBatch, columns: &[&str]) -> Result<Vec<ArrayRef>> {
    let column = |name: &&str| batch.column_by_name(name).cloned().ok_or_else(|| Error::internal(format!("no column {name}")));
    columns.iter().map(column).collect()
}

/// The rows of a batch for which something holds.
///
/// # Errors
/// `Internal` if Arrow refuses the columns.
pub fn rows_where(batch: &RecordBatch, holds: impl Fn(usize) -> bool) -> Result<RecordBatch> {
    let keep: BooleanArray = (0..batch.num_rows()).map(|row| Some(holds(row))).collect();
    Ok(filter_record_batch(batch, &keep)?)
}

/// The sum of some rows' digests, and how many there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    digests: u64,
    /// How many rows.
    pub rows: u64,
}

impl Sum {
    /// That of some rows.
    pub fn of(digests: &[u64]) -> Self {
        let mut sum = Self::default();
        digests.iter().for_each(|digest| sum.add(*digest));
        sum
    }

    /// Adds a row.
    pub fn add(&mut self, digest: u64) {
        self.digests = self.digests.wrapping_add(digest);
        self.rows += 1;
    }
}

/// What is to be there, and what is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As one source says.
    Expected,
    /// As the other does.
    Found,
}

/// Sums of both sides for several kinds of facts, by stretches of keys: revisions, or places in the log.
#[derive(Debug)]
pub struct Ledger<const FACTS: usize> {
    spans: Vec<(i64, i64)>,
    sums: Vec<[[Sum; 2]; FACTS]>,
}

/// A stretch in which the sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Differing {
    /// The place of the stretch, from 0.
    pub place: usize,
    /// The kind of fact.
    pub fact: usize,
    /// Its first and last key.
    pub span: (i64, i64),
    /// Rows that are to be there.
    pub expected: u64,
    /// Rows that are.
    pub found: u64,
}

impl<const FACTS: usize> Ledger<FACTS> {
    /// Without a stretch.
    pub fn new() -> Self {
        Self { spans: Vec::new(), sums: Vec::new() }
    }

    /// Adds a stretch after those that are there, from a first key up to and including a last one.
    pub fn open(&mut self, first: i64, last: i64) {
        self.spans.push((first, last));
        self.sums.push([[Sum::default(); 2]; FACTS]);
    }

    /// How many stretches there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The first and last key of the stretch at a place.
    pub fn span(&self, place: usize) -> Option<(i64, i64)> {
        self.spans.get(place).copied()
    }

    /// The place of the stretch that a key lies in.
    pub fn place_of(&self, key: i64) -> Option<usize> {
        let place = self.spans.partition_point(|(_, last)| *last < key);
        self.spans.get(place).filter(|(first, _)| *first <= key).map(|_| place)
    }

    /// Adds rows with their keys. What lies in no stretch is not compared.
    pub fn add(&mut self, fact: usize, side: Side, keys: impl IntoIterator<Item = i64>, digests: Vec<u64>) {
        for (key, digest) in keys.into_iter().zip(digests) {
            if let Some(place) = self.place_of(key) {
                self.add_at(place, fact, side, digest);
            }
        }
    }

    /// Adds a row to the stretch at a place.
    pub fn add_at(&mut self, place: usize, fact: usize, side: Side, digest: u64) {
        if let Some(sum) = self.sums.get_mut(place).and_then(|facts| facts.get_mut(fact)).and_then(|sides| sides.get_mut(side as usize)) {
            sum.add(digest);
        }
    }

    /// Puts the sum of the stretch at a place.
    pub fn set_at(&mut self, place: usize, fact: usize, side: Side, sum: Sum) {
        if let Some(known) = self.sums.get_mut(place).and_then(|facts| facts.get_mut(fact)).and_then(|sides| sides.get_mut(side as usize)) {
            *known = sum;
        }
    }

    /// Where the sides differ.
    pub fn differing(&self) -> Vec<Differing> {
        let mut differing = Vec::new();
        for (place, (span, facts)) in self.spans.iter().zip(&self.sums).enumerate() {
            for (fact, [expected, found]) in facts.iter().enumerate().filter(|(_, [expected, found])| expected != found) {
                differing.push(Differing { place, fact, span: *span, expected: expected.rows, found: found.rows });
            }
        }
        differing
    }
}
