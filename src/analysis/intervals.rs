//! When violations of a check held.

use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::{FutureExt, StreamExt};
use serde::Serialize;

use super::findings::{KEY, REASON};
use super::held::HeldAt;
use super::points::Points;
use super::rows;
use super::workers::each;
use crate::error::{ErrorKind, Result};
use crate::model::{Revision, TimeSpan, Timestamp};
use crate::query::{HELD_FROM, HELD_TO, Parameters, QuerySession, QueryStream, Timeline, text_literals};

/// The answers at so many points are held at once.
const POINTS_AT_ONCE: usize = 8;

/// A check's query and what it is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The query.
    pub sql: &'a str,
    /// The values of its parameters.
    pub parameters: &'a Parameters,
    /// How long a violation must have held to be told of.
    pub lasting: Option<TimeSpan>,
}

/// A revision and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// The revision.
    pub revision: Revision,
    /// When it was observed; none for revision 0.
    pub at: Option<Timestamp>,
}

/// A stretch of time in which a resource violated a check without a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The resource.
    pub resource_key: String,
    /// The reason at the last point at which it was open.
    pub reason: String,
    /// The first point at which it was open.
    pub opened: Moment,
    /// Whether it was open already where the range begins.
    pub opened_before: bool,
    /// The first point at which it was open no more; none if it is open where the range ends.
    pub closed: Option<Moment>,
}

/// How intervals were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By one query over the history.
    Temporal,
    /// By the query at each of so many points.
    EachScan {
        /// How many.
        points: usize,
    },
}

/// The violations of a check in a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervals {
    /// By resource, and then by time.
    pub violations: Vec<Violation>,
    /// How they were found.
    pub method: Method,
}

/// The violations of a question from a revision to another, both included; of these resources only, if they are given.
///
/// A question is asked at points: where the range begins, where scans ended, and where it ends. What was so only in between is none.
///
/// # Errors
/// Whatever the query runs into.
pub async fn intervals(
    session: &QuerySession,
    question: &Question<'_>,
    from: Revision,
    to: Revision,
    keys: Option<&[String]>,
) -> Result<Intervals> {
    if keys.is_some_and(<[String]>::is_empty) {
        return Ok(Intervals { violations: Vec::new(), method: Method::Temporal });
    }
    let points = Points::new(&session.view(), from, to, question.lasting);
    let sql = asked(question.sql, &[KEY, REASON], keys);
    let (held, method) = match session.timeline(&sql, question.parameters, &points.revisions()).await? {
        Timeline::Rows(rows) => (over_time(rows, &points, HeldAt::default()).await?, Method::Temporal),
        Timeline::NotTemporal(_) => {
            let held = at_each(session, &sql, question.parameters, &points).await?;
            (held, Method::EachScan { points: points.len() })
        }
    };
    Ok(Intervals { violations: held.violations(&points), method })
}

/// The query of which only some columns are read, of these resources if they are given.
pub(super) fn asked(sql: &str, columns: &[&str], keys: Option<&[String]>) -> String {
    let (sql, columns) = (sql.trim_end().trim_end_matches(';'), columns.join(", "));
    let only = keys.map(|keys| format!(" WHERE {KEY} IN ({})", text_literals(keys)));
    format!("SELECT {columns} FROM (\n{sql}\n) AS violations{}", only.unwrap_or_default())
}

/// At which points the rows of a timeline held, beside what is known already.
pub(super) async fn over_time<'a>(mut rows: QueryStream, points: &Points, mut held: HeldAt<'a>) -> Result<HeldAt<'a>> {
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        let (from, to) = (rows::numbers(&batch, HELD_FROM)?, rows::numbers(&batch, HELD_TO)?);
        let span = |row: usize| {
            let from = from.get(row).copied().flatten().map_or(0, |from| points.at_or_after(from));
            from..to.get(row).copied().flatten().map_or(points.len(), |to| points.at_or_after(to))
        };
        held.add_rows(&batch, span)?;
    }
    Ok(held)
}

/// At which points the rows of a query held, by the query at each of them.
async fn at_each(session: &QuerySession, sql: &str, parameters: &Parameters, points: &Points) -> Result<HeldAt<'static>> {
    let question: Asked = Arc::new((sql.to_owned(), parameters.clone()));
    let asked: Vec<(Revision, Asked)> = points.revisions().into_iter().map(|revision| (revision, Arc::clone(&question))).collect();
    let (mut held, mut missing, mut nth) = (HeldAt::default(), None, 0);
    for some in asked.chunks(POINTS_AT_ONCE) {
        for found in each(session, some.to_vec(), |session, asked| at_point(session, asked).boxed()).await? {
            match found {
                // The query names a point that is not there yet, as a baseline: nothing can be asked before it.
                Err(error) if error.kind() == ErrorKind::NotFound && held.is_empty() => missing = Some(error),
                found => {
                    missing = None;
                    found?.iter().try_for_each(|batch| held.add_rows(batch, |_| nth..nth + 1))?;
                }
            }
            nth += 1;
        }
    }
    missing.map_or(Ok(held), Err)
}

/// A query and the values of its parameters.
type Asked = Arc<(String, Parameters)>;

async fn at_point(session: &mut QuerySession, (revision, asked): (Revision, Asked)) -> Result<Vec<RecordBatch>> {
    session.pin(&revision.to_string())?;
    session.execute_with(&asked.0, &asked.1).await?.collect().await
}
