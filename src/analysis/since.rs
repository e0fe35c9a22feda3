//! Since when what violates a check at a session's point has done so without a break.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;

use super::findings::KEY;
use super::held::HeldAt;
use super::intervals::{Moment, asked, over_time};
use super::outcome::Since;
use super::points::Points;
use super::rows;
use crate::error::{ErrorKind, Result};
use crate::model::{TimeSpan, Timestamp};
use crate::query::{Parameters, QuerySession, Timeline};

/// Where no one query over the history tells it, so many points are looked back to, each by a query of its own, or as many as tell
/// whether it has lasted. What goes back further is told to be older.
const POINTS_BACK_MAX: usize = 32;

/// More resources than this are not named to the query: to look for each of them takes longer than to read all.
const NAMED_MAX: usize = 1000;

/// Since when resources have violated a check's query, by key.
///
/// # Errors
/// Whatever the query runs into.
pub(super) async fn since(
    session: &QuerySession,
    sql: &str,
    parameters: &Parameters,
    lasting: Option<TimeSpan>,
    keys: &[String],
) -> Result<BTreeMap<String, Since>> {
    let view = session.view();
    let points = Points::new(&view, view.floor(), view.head(), None);
    let named = (keys.len() <= NAMED_MAX).then_some(keys);
    match session.timeline(&asked(sql, &[KEY], named), parameters, &points.revisions()).await? {
        Timeline::Rows(rows) => {
            let violations = over_time(rows, &points, HeldAt::of(keys)).await?.violations(&points);
            let open = violations.into_iter().filter(|violation| violation.closed.is_none());
            Ok(open.map(|violation| (violation.resource_key, told(violation.opened, violation.opened_before))).collect())
        }
        Timeline::NotTemporal(_) => look_back(session, sql, parameters, lasting, keys).await,
    }
}

/// Asks at one point after the other, the newest first, for those that have violated it at all points since.
async fn look_back(
    session: &QuerySession,
    sql: &str,
    parameters: &Parameters,
    lasting: Option<TimeSpan>,
    keys: &[String],
) -> Result<BTreeMap<String, Since>> {
    let view = session.view();
    let points = Points::new(&view, view.floor(), view.head(), None);
    let enough = lasting.map_or(view.now(), |span| Timestamp::from_micros(view.now().micros().saturating_sub(span.micros())));
    let mut another = session.another()?;
    let mut since = BTreeMap::new();
    let mut still: Vec<String> = keys.to_vec();
    let mut moments = (0..points.len()).rev().filter_map(|place| points.moment(place));
    let Some(mut last) = moments.next() else { return Ok(since) };
    for (back, moment) in (1..).zip(moments) {
        let is_far = back > POINTS_BACK_MAX && last.at <= Some(enough);
        if still.is_empty() || is_far {
            break;
        }
        another.pin(&moment.revision.to_string())?;
        let found = match found_of(&another, &asked(sql, &[KEY], Some(&still)), parameters).await {
            // The query names a point that is not there yet, as a baseline: before it nothing can be asked.
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            found => found?,
        };
        let (held, ended): (Vec<String>, Vec<String>) = still.into_iter().partition(|key| found.contains(key));
        since.extend(ended.into_iter().map(|key| (key, told(last, false))));
        (still, last) = (held, moment);
    }
    since.extend(still.into_iter().map(|key| (key, told(last, true))));
    Ok(since)
}

fn told(moment: Moment, or_before: bool) -> Since {
    Since { revision: Some(moment.revision), at: moment.at, or_before }
}

async fn found_of(session: &QuerySession, sql: &str, parameters: &Parameters) -> Result<BTreeSet<String>> {
    let mut rows = session.execute_with(sql, parameters).await?;
    let mut found = BTreeSet::new();
    while let Some(batch) = rows.next().await {
        found.extend(rows::texts(&batch?, KEY)?.iter().flatten().map(ToOwned::to_owned));
    }
    Ok(found)
}
