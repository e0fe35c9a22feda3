//! The findings of a run as rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::physical_plan::memory::MemoryStream;

use crate::analysis::outcome::{CheckOutcome, Extent, Finding, Interval, Outcome};
use crate::analysis::report::told::{Held, Told, told};
use crate::cli::Context;
use crate::cli::output::{OutputFormat, OutputOptions, write_results};
use crate::cli::shell::from_output;
use crate::error::Result;
use crate::model::Timestamp;

/// Writes one row for each finding, or for each interval of a range.
///
/// # Errors
/// stdout refuses them.
pub async fn write(outcome: &Outcome, format: OutputFormat, context: &Context) -> Result<()> {
    let rows = batch(outcome)?;
    let schema = rows.schema();
    let stream = MemoryStream::try_new(vec![rows], schema, None).map_err(crate::query::told)?;
    let options = OutputOptions { format, nested: true, ..OutputOptions::default() };
    write_results(Box::pin(stream), &options, &mut context.printer.stdout()).await.map_err(from_output)?;
    Ok(())
}

/// What is told of a check.
type Row<'a> = (&'a CheckOutcome, Told<'a>);

fn finding<'a>((_, told): &Row<'a>) -> Option<&'a Finding> {
    match told.held {
        Held::Now(finding) => Some(finding),
        Held::Once(_) => None,
    }
}

fn interval<'a>((_, told): &Row<'a>) -> Option<&'a Interval> {
    match told.held {
        Held::Once(interval) => Some(interval),
        Held::Now(_) => None,
    }
}

fn batch(outcome: &Outcome) -> Result<RecordBatch> {
    let rows: Vec<Row<'_>> = outcome.checks.iter().flat_map(|check| told(check).map(move |told| (check, told))).collect();
    let mut columns = vec![
        texts("check_id", &rows, |(check, _)| Some(&check.check.id)),
        texts("severity", &rows, |(check, _)| Some(check.check.severity.as_str())),
        texts("title", &rows, |(check, _)| Some(&check.check.title)),
        texts("resource_key", &rows, |(_, told)| Some(&told.resource.resource_key)),
        texts("provider", &rows, |(_, told)| Some(&told.resource.provider)),
        texts("account_id", &rows, |(_, told)| Some(&told.resource.account_id)),
        texts("region", &rows, |(_, told)| Some(&told.resource.region)),
        texts("resource_type", &rows, |(_, told)| Some(&told.resource.resource_type)),
        texts("resource_id", &rows, |(_, told)| Some(&told.resource.resource_id)),
        texts("name", &rows, |(_, told)| told.resource.name.as_deref()),
        texts("reason", &rows, |(_, told)| Some(told.reason)),
        texts("exempt_reason", &rows, |(_, told)| told.exemption.map(|exemption| exemption.reason.as_str())),
        times("exempt_until", &rows, |(_, told)| told.exemption.map(|exemption| exemption.until)),
    ];
    columns.extend(match outcome.extent {
        Extent::Point(_) => of_findings(&rows),
        Extent::Range { .. } => of_intervals(&rows),
    });
    Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))?)
}

fn of_findings(rows: &[Row<'_>]) -> Vec<Column> {
    vec![
        times("since", rows, |row| finding(row)?.since?.at),
        truths("since_or_before", rows, |row| Some(finding(row)?.since?.or_before)),
        truths("is_new", rows, |row| finding(row)?.is_new),
        ("details", Arc::new(rows.iter().map(|row| Some(finding(row)?.details.as_ref()?.to_string())).collect::<StringArray>())),
    ]
}

fn of_intervals(rows: &[Row<'_>]) -> Vec<Column> {
    let opened = |row: &Row<'_>| Some(interval(row)?.opened);
    let closed = |row: &Row<'_>| interval(row)?.closed;
    vec![
        times("opened_at", rows, move |row| opened(row)?.at),
        numbers("opened_revision", rows, move |row| Some(opened(row)?.revision)),
        truths("opened_before", rows, |row| Some(interval(row)?.opened_before)),
        times("closed_at", rows, move |row| closed(row)?.at),
        numbers("closed_revision", rows, move |row| Some(closed(row)?.revision)),
        numbers("lasted_seconds", rows, |row| Some(interval(row)?.lasted_seconds)),
    ]
}

type Column = (&'static str, ArrayRef);

fn texts<'a>(name: &'static str, rows: &[Row<'a>], value: impl Fn(&Row<'a>) -> Option<&'a str>) -> Column {
    (name, Arc::new(rows.iter().map(value).collect::<StringArray>()))
}

fn numbers<'a>(name: &'static str, rows: &[Row<'a>], value: impl Fn(&Row<'a>) -> Option<i64>) -> Column {
    (name, Arc::new(rows.iter().map(value).collect::<Int64Array>()))
}

fn truths<'a>(name: &'static str, rows: &[Row<'a>], value: impl Fn(&Row<'a>) -> Option<bool>) -> Column {
    (name, Arc::new(rows.iter().map(value).collect::<BooleanArray>()))
}

fn times<'a>(name: &'static str, rows: &[Row<'a>], value: impl Fn(&Row<'a>) -> Option<Timestamp>) -> Column {
    let micros = rows.iter().map(|row| value(row).map(Timestamp::micros)).collect::<TimestampMicrosecondArray>();
    (name, Arc::new(micros.with_timezone("UTC")))
}
