//! The findings of a run as rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::physical_plan::memory::MemoryStream;

use crate::analysis::outcome::{CheckOutcome, Exemption, Extent, Finding, Interval, Outcome, Resource};
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

/// A finding or an interval, with its check.
struct Row<'a> {
    check: &'a CheckOutcome,
    resource: &'a Resource,
    reason: &'a str,
    exemption: Option<&'a Exemption>,
    what: What<'a>,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Finding(&'a Finding),
    Interval(&'a Interval),
}

impl<'a> What<'a> {
    fn finding(self) -> Option<&'a Finding> {
        match self {
            Self::Finding(finding) => Some(finding),
            Self::Interval(_) => None,
        }
    }

    fn interval(self) -> Option<&'a Interval> {
        match self {
            Self::Interval(interval) => Some(interval),
            Self::Finding(_) => None,
        }
    }
}

fn rows(check: &CheckOutcome) -> impl Iterator<Item = Row<'_>> {
    let findings = check.findings.iter().map(move |finding| Row {
        check,
        resource: &finding.resource,
        reason: &finding.reason,
        exemption: finding.exemption.as_ref(),
        what: What::Finding(finding),
    });
    let intervals = check.violations.iter().map(move |interval| Row {
        check,
        resource: &interval.resource,
        reason: &interval.reason,
        exemption: interval.exemption.as_ref(),
        what: What::Interval(interval),
    });
    findings.chain(intervals)
}

fn batch(outcome: &Outcome) -> Result<RecordBatch> {
    let rows: Vec<Row<'_>> = outcome.checks.iter().flat_map(rows).collect();
    let mut columns = vec![
        texts("check_id", &rows, |row| Some(row.check.check.id.clone())),
        texts("severity", &rows, |row| Some(row.check.check.severity.to_string())),
        texts("title", &rows, |row| Some(row.check.check.title.clone())),
        texts("resource_key", &rows, |row| Some(row.resource.resource_key.clone())),
        texts("provider", &rows, |row| Some(row.resource.provider.clone())),
        texts("account_id", &rows, |row| Some(row.resource.account_id.clone())),
        texts("region", &rows, |row| Some(row.resource.region.clone())),
        texts("resource_type", &rows, |row| Some(row.resource.resource_type.clone())),
        texts("resource_id", &rows, |row| Some(row.resource.resource_id.clone())),
        texts("name", &rows, |row| row.resource.name.clone()),
        texts("reason", &rows, |row| Some(row.reason.to_owned())),
        texts("exempt_reason", &rows, |row| row.exemption.map(|exemption| exemption.reason.clone())),
        times("exempt_until", &rows, |row| row.exemption.map(|exemption| exemption.until)),
    ];
    columns.extend(match outcome.extent {
        Extent::Point(_) => of_findings(&rows),
        Extent::Range { .. } => of_intervals(&rows),
    });
    Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))?)
}

fn of_findings(rows: &[Row<'_>]) -> Vec<Column> {
    vec![
        times("since", rows, |row| row.what.finding()?.since?.at),
        truths("since_or_before", rows, |row| Some(row.what.finding()?.since?.or_before)),
        truths("is_new", rows, |row| row.what.finding()?.is_new),
        texts("details", rows, |row| Some(row.what.finding()?.details.as_ref()?.to_string())),
    ]
}

fn of_intervals(rows: &[Row<'_>]) -> Vec<Column> {
    let opened = |row: &Row<'_>| Some(row.what.interval()?.opened);
    let closed = |row: &Row<'_>| row.what.interval()?.closed;
    vec![
        times("opened_at", rows, move |row| opened(row)?.at),
        numbers("opened_revision", rows, move |row| Some(opened(row)?.revision)),
        truths("opened_before", rows, |row| Some(row.what.interval()?.opened_before)),
        times("closed_at", rows, move |row| closed(row)?.at),
        numbers("closed_revision", rows, move |row| Some(closed(row)?.revision)),
        numbers("lasted_seconds", rows, |row| Some(row.what.interval()?.lasted_seconds)),
    ]
}

type Column = (&'static str, ArrayRef);

fn texts<'a>(name: &'static str, rows: &[Row<'a>], value: impl Fn(&Row<'a>) -> Option<String>) -> Column {
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
