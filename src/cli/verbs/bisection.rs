//! Looks for the revisions at which a query begins, or ceases, to return rows.
//!
//! Between two points at which it differs there is a revision at which it changes. It is looked for among the ends of scans
//! first, then among the changes that one scan made: few of its observations are changes, and only those alter a state. What
//! else a query may depend on (scans, coverage, the time) is then looked for among all revisions.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::StreamExt;

use crate::cli::shell::StoreShell;
use crate::error::{Error, Result};
use crate::model::Revision;
use crate::query::{HELD_FROM, HELD_TO, Parameters, Timeline};

/// A revision at which a query changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flip {
    /// The first revision of the new truth.
    pub revision: Revision,
    /// Whether the query returns rows from then on.
    pub holds: bool,
}

/// A query at the points of a history.
#[derive(Debug)]
pub struct Bisection<'a> {
    shell: &'a mut StoreShell,
    sql: String,
    known: BTreeMap<Revision, bool>,
    queries: usize,
}

impl<'a> Bisection<'a> {
    /// A query over a store.
    pub fn new(shell: &'a mut StoreShell, sql: &str) -> Self {
        // As part of another it has to be one query.
        let question = sql.trim().trim_end_matches(';');
        Self { shell, sql: format!("SELECT 1 AS found FROM (\n{question}\n) AS question"), known: BTreeMap::new(), queries: 0 }
    }

    /// How often the query was run, at a point or over all of them.
    pub fn queries(&self) -> usize {
        self.queries
    }

    /// Whether the query returns a row at a revision.
    ///
    /// # Errors
    /// Whatever the query runs into.
    pub async fn holds(&mut self, revision: Revision) -> Result<bool> {
        if let Some(known) = self.known.get(&revision) {
            return Ok(*known);
        }
        let session = self.shell.session();
        session.pin(&revision.to_string())?;
        self.queries += 1;
        // No more than one row is made.
        let rows = match session.execute(&format!("{} LIMIT 1", self.sql)).await {
            Ok(rows) => rows.collect().await,
            Err(error) => Err(error),
        };
        session.unpin();
        let holds = rows.map_err(|error| failed(error, revision))?.iter().any(|batch| batch.num_rows() > 0);
        self.known.insert(revision, holds);
        Ok(holds)
    }

    /// A revision after one point, up to and including another, at which the query changes from what it is at the first to
    /// what it is at the second, which differ. If there are several, it is one of them.
    ///
    /// # Errors
    /// Whatever the query runs into.
    pub async fn flip(&mut self, after: Revision, until: Revision) -> Result<Flip> {
        let holds = self.holds(until).await?;
        let ends = self.scan_ends(after, until);
        let (after, until) = self.neighbours(ends.len(), |nth| ends.get(nth).copied()).await?;
        let changes = self.changes(after, until).await?;
        let (after, until) = self.neighbours(changes.len(), |nth| changes.get(nth).copied()).await?;
        let between = usize::try_from(until - after).unwrap_or_default();
        let revision = if between > 1 && self.holds(until - 1).await? == holds {
            // Not a change, but something else that was observed in between.
            self.neighbours(between, |nth| Some(after + i64::try_from(nth).ok()?)).await?.1
        } else {
            until
        };
        Ok(Flip { revision, holds })
    }

    /// Every change between two points, as far as it shows at the end of a scan, oldest first.
    ///
    /// # Errors
    /// Whatever the query runs into.
    pub async fn flips(&mut self, after: Revision, until: Revision) -> Result<Vec<Flip>> {
        let ends = self.scan_ends(after, until);
        self.learn(&ends).await?;
        let mut flips = Vec::new();
        for (before, end) in ends.iter().zip(ends.iter().skip(1)) {
            if self.holds(*before).await? != self.holds(*end).await? {
                flips.push(self.flip(*before, *end).await?);
            }
        }
        Ok(flips)
    }

    /// Learns what the query is at each of some points, by one query over the history where there is one.
    async fn learn(&mut self, points: &[Revision]) -> Result<()> {
        let timeline = self.shell.session().timeline(&self.sql, &Parameters::default(), points).await;
        let Timeline::Rows(mut rows) = timeline.map_err(with_form)? else { return Ok(()) };
        self.queries += 1;
        let mut truths = vec![false; points.len()];
        while let Some(batch) = rows.next().await {
            mark_held(&batch?, points, &mut truths);
        }
        self.known.extend(points.iter().copied().zip(truths));
        Ok(())
    }

    /// Two points, and the ends of scans in between.
    fn scan_ends(&mut self, after: Revision, until: Revision) -> Vec<Revision> {
        let view = self.shell.session().view();
        let mut points: Vec<Revision> = [&[after], view.scan_ends_between(after, until), &[until]].concat();
        points.dedup();
        points
    }

    /// Two points, and the revisions in between that changed a resource.
    async fn changes(&mut self, after: Revision, until: Revision) -> Result<Vec<Revision>> {
        let sql = format!("SELECT revision FROM changes({after}, {until}) WHERE revision < {until} ORDER BY revision");
        let changes: Vec<[String; 1]> = self.shell.texts(&sql).await?;
        let changes = changes.iter().flatten().filter_map(|revision| revision.parse().ok());
        Ok(std::iter::once(after).chain(changes).chain([until]).collect())
    }

    /// Of points in order, the first and last of which differ, two neighbours that do, found by halving.
    async fn neighbours(&mut self, count: usize, point: impl Fn(usize) -> Option<Revision>) -> Result<(Revision, Revision)> {
        let at = |nth: usize| point(nth).unwrap_or_default();
        let (mut low, mut high) = (0, count.saturating_sub(1));
        let before = self.holds(at(low)).await?;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.holds(at(middle)).await? == before {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok((at(low), at(high)))
    }
}

/// Marks the points at which the rows of a timeline held.
fn mark_held(batch: &RecordBatch, points: &[Revision], truths: &mut [bool]) {
    let column = |name| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let (Some(from), Some(to)) = (column(HELD_FROM), column(HELD_TO)) else { return };
    let place = |revision: Revision| points.partition_point(|point| *point < revision);
    for row in 0..batch.num_rows() {
        let end = if to.is_valid(row) { place(to.value(row)) } else { points.len() };
        if let Some(held) = truths.get_mut(place(from.value(row))..end) {
            held.fill(true);
        }
    }
}

fn failed(error: Error, revision: Revision) -> Error {
    with_form(error.context(format!("at revision {revision}")))
}

fn with_form(error: Error) -> Error {
    if error.hint().is_some() { error } else { error.with_hint("one query is asked, without the semicolon: SELECT ... FROM ... WHERE ...") }
}
