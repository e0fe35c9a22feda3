//! Looks for the revisions at which a query begins, or ceases, to return rows.
//!
//! Between two points at which it differs there is a revision at which it changes. It is looked for among the ends of scans
//! first, then among the changes that one scan made: few of its observations are changes, and only those alter a state. What
//! else a query may depend on (scans, coverage, the time) is then looked for among all revisions.

use std::collections::BTreeMap;

use crate::cli::shell::StoreShell;
use crate::error::{Error, Result};
use crate::model::Revision;

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
}

impl<'a> Bisection<'a> {
    /// A query over a store.
    pub fn new(shell: &'a mut StoreShell, sql: &str) -> Self {
        // In a query of its own no more than one row is made, and what is no query is refused.
        let question = sql.trim().trim_end_matches(';');
        Self { shell, sql: format!("SELECT 1 AS found FROM (\n{question}\n) AS question LIMIT 1"), known: BTreeMap::new() }
    }

    /// How often the query was run.
    pub fn queries(&self) -> usize {
        self.known.len()
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
        let rows = match session.execute(&self.sql).await {
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
        let mut flips = Vec::new();
        for (before, end) in ends.iter().zip(ends.iter().skip(1)) {
            if self.holds(*before).await? != self.holds(*end).await? {
                flips.push(self.flip(*before, *end).await?);
            }
        }
        Ok(flips)
    }

    /// Two points, and the ends of scans in between.
    fn scan_ends(&self, after: Revision, until: Revision) -> Vec<Revision> {
        let between = self.shell.snapshot().scan_ends().iter().copied().filter(|end| *end > after && *end < until);
        let mut points: Vec<Revision> = std::iter::once(after).chain(between).chain([until]).collect();
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

fn failed(error: Error, revision: Revision) -> Error {
    let error = error.context(format!("at revision {revision}"));
    if error.hint().is_some() { error } else { error.with_hint("one query is asked, without the semicolon: SELECT ... FROM ... WHERE ...") }
}
