//! What is said when a scan has ended: in a sentence, and on a terminal a table of its accounts and regions before it.

use std::collections::BTreeMap;

use super::watch::{Place, Row, Seen};
use crate::cli::commands::import::{changes_in_words, listed};
use crate::cli::printer::Printer;
use crate::model::CoverageStatus;
use crate::scan::ScanReport;

/// Rows of the table; of more, those in which all is well are not shown.
const ROWS_MAX: usize = 40;
/// In the order in which they are told.
const STATUSES: [CoverageStatus; 5] =
    [CoverageStatus::Complete, CoverageStatus::Suspect, CoverageStatus::Partial, CoverageStatus::Failed, CoverageStatus::Skipped];

/// How many scopes have which status, in the order of [`STATUSES`].
type Statuses = [i64; STATUSES.len()];

/// Says it.
pub fn say(report: &ScanReport, mut seen: Seen, printer: Printer) {
    for (scope, count) in &report.deleted {
        if let Some(row) = seen.places.get(scope).and_then(|place| seen.rows.get_mut(place)) {
            row.deleted += count;
        }
    }
    if printer.talks_to_terminal() {
        printer.say(&table(report, &seen));
    }
    printer.say(&in_words(report));
}

/// `scopes: 40 complete, 1 failed; resources: 5 created; 52 requests`.
pub fn in_words(report: &ScanReport) -> String {
    let mut counts = Statuses::default();
    report.scopes.iter().for_each(|scope| count(&mut counts, scope.status));
    let named: Vec<(i64, &str)> = counts.into_iter().zip(STATUSES.map(CoverageStatus::as_str)).collect();
    let scopes = listed(&named);
    let scopes = if scopes.is_empty() { "none".to_owned() } else { scopes };
    format!("scopes: {scopes}; resources: {}; {} requests", changes_in_words(&report.counts), report.calls)
}

fn count(counts: &mut Statuses, status: CoverageStatus) {
    let known = counts.iter_mut().zip(STATUSES).find(|(_, known)| *known == status);
    if let Some((count, _)) = known {
        *count += 1;
    }
}

/// A line for each account and region.
fn table(report: &ScanReport, seen: &Seen) -> String {
    let mut statuses: BTreeMap<&Place, Statuses> = seen.rows.keys().map(|place| (place, Statuses::default())).collect();
    for scope in &report.scopes {
        if let Some(counts) = seen.places.get(&scope.scope).and_then(|place| statuses.get_mut(place)) {
            count(counts, scope.status);
        }
    }
    let is_well = |counts: &Statuses| counts.iter().sum::<i64>() == counts.first().copied().unwrap_or(0);
    let is_shown = |counts: &Statuses| statuses.len() <= ROWS_MAX || !is_well(counts);
    let shown: Vec<(&Place, &Row, &Statuses)> =
        seen.rows.iter().filter_map(|(place, row)| Some((place, row, statuses.get(place)?))).collect();
    let rows = shown.iter().filter(|(_, _, counts)| is_shown(counts)).take(ROWS_MAX);
    let mut lines = vec![header()];
    lines.extend(rows.map(|(place, row, counts)| cells(place, row, counts)));
    let left = shown.len() + 1 - lines.len();
    let mut text = aligned(&lines);
    if left > 0 {
        text.push_str(&format!("and {left} more: coverage tells of all\n"));
    }
    text
}

fn header() -> Vec<String> {
    let names = ["account", "region"].into_iter().chain(STATUSES.map(CoverageStatus::as_str));
    names.chain(["resources", "created", "updated", "deleted", "requests", "time"]).map(str::to_owned).collect()
}

fn cells((account, region): &Place, row: &Row, counts: &Statuses) -> Vec<String> {
    let mut cells = vec![account.clone(), region.clone()];
    cells.extend(counts.iter().map(ToString::to_string));
    let numbers = [row.resources as i64, row.counts.created, row.counts.updated, row.deleted, row.calls as i64];
    cells.extend(numbers.iter().map(ToString::to_string));
    cells.push(format!("{:.1}s", row.took.as_secs_f64()));
    cells
}

/// Columns as wide as their widest cell: the first two begin at their left, the numbers end at their right.
fn aligned(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        let padded = line.iter().enumerate().map(|(column, cell)| match column {
            0 | 1 => format!("{cell:<width$}", width = width(column)),
            _ => format!("{cell:>width$}", width = width(column)),
        });
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
