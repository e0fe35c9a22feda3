//! At which points resources violated a check, put together from rows that come in any order.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use arrow::array::RecordBatch;

use super::findings::{KEY, REASON, Reasons, required};
use super::intervals::Violation;
use super::points::Points;
use super::rows;
use crate::error::{Error, Result};

/// More violations of a check than anyone looks at: they are held in memory.
const VIOLATIONS_MAX: usize = 1_000_000;

/// The stretches of points at which resources violated a check, by resource key.
#[derive(Default)]
pub(super) struct HeldAt<'a> {
    by_key: BTreeMap<String, Vec<Stretch>>,
    stretches: usize,
    /// The resources that are asked about; all, if none are named.
    only: Option<HashSet<&'a str>>,
}

/// Points without a gap, told by their places.
struct Stretch {
    points: Range<usize>,
    /// The reasons at the last of them, if they are asked for.
    reasons: Reasons,
}

impl<'a> HeldAt<'a> {
    /// Nothing yet of these resources; what is told of others is passed over.
    pub(super) fn of(keys: &'a [String]) -> Self {
        Self { only: Some(keys.iter().map(String::as_str).collect()), ..Self::default() }
    }

    /// Whether no resource did.
    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Adds the rows of a batch, each of which held at the points of a range. They have keys, and reasons if those are asked for.
    pub(super) fn add_rows(&mut self, batch: &RecordBatch, points: impl Fn(usize) -> Range<usize>) -> Result<()> {
        let keys = rows::texts(batch, KEY)?;
        let reasons = batch.column_by_name(REASON).map(|_| rows::texts(batch, REASON)).transpose()?;
        for row in 0..batch.num_rows() {
            let (key, points) = (required(&keys, row, KEY)?, points(row));
            let is_asked_about = self.only.as_ref().is_none_or(|only| only.contains(key));
            if is_asked_about && !points.is_empty() {
                let reasons = match &reasons {
                    Some(reasons) => Reasons::of(required(reasons, row, REASON)?.to_owned()),
                    None => Reasons::default(),
                };
                self.add(key, Stretch { points, reasons });
            }
        }
        if self.stretches > VIOLATIONS_MAX {
            let error = Error::invalid(format!("the check is violated more than {VIOLATIONS_MAX} times"));
            return Err(error.with_hint("ask for a shorter time, or for fewer resources"));
        }
        Ok(())
    }

    fn add(&mut self, key: &str, mut added: Stretch) {
        let Some(held) = self.by_key.get_mut(key) else {
            self.stretches += 1;
            self.by_key.insert(key.to_owned(), vec![added]);
            return;
        };
        // Those that it overlaps or touches become one with it.
        let first = held.partition_point(|held| held.points.end < added.points.start);
        let end = held.partition_point(|held| held.points.start <= added.points.end);
        self.stretches = self.stretches + 1 - (end - first);
        held.drain(first..end).for_each(|other| added.absorb(other));
        held.insert(first, added);
    }

    /// The violations that are told of.
    pub(super) fn violations(self, points: &Points) -> Vec<Violation> {
        let told = |key: &str, held: Stretch| {
            let (opened, opened_before) = points.told_at(held.points.start, held.points.end)?;
            Some(Violation {
                resource_key: key.to_owned(),
                reason: held.reasons.joined(),
                opened: points.moment(opened)?,
                opened_before,
                closed: points.moment(held.points.end),
            })
        };
        self.by_key.into_iter().flat_map(|(key, held)| held.into_iter().filter_map(move |held| told(&key, held))).collect()
    }
}

impl Stretch {
    /// Becomes both, with the reasons of what ends last.
    fn absorb(&mut self, other: Self) {
        match other.points.end.cmp(&self.points.end) {
            Ordering::Less => {}
            Ordering::Equal => self.reasons.add_all(other.reasons),
            Ordering::Greater => self.reasons = other.reasons,
        }
        self.points = self.points.start.min(other.points.start)..self.points.end.max(other.points.end);
    }
}
