//! What is told of a scan while it runs: bars and warnings on a terminal, elsewhere a line for each scope that has ended.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::bars::Bars;
use crate::cli::printer::Printer;
use crate::model::{Scope, ScopeReport};
use crate::scan::provider::{About, Reason};
use crate::scan::{Ended, ScanEvent};
use crate::store::ChangeCounts;

/// Where it is asked: account and region.
pub type Place = (String, String);

/// Watches a scan.
#[derive(Debug)]
pub struct Watch {
    printer: Printer,
    bars: Option<Bars>,
    seen: Mutex<Seen>,
}

/// What was seen of a scan.
#[derive(Debug, Default)]
pub struct Seen {
    /// By place.
    pub rows: BTreeMap<Place, Row>,
    /// Where the scopes that have ended were asked for.
    pub places: HashMap<Scope, Place>,
}

/// What was seen in one account and region.
#[derive(Debug, Default)]
pub struct Row {
    /// Listings to be read.
    pub listings: usize,
    /// Listings that have ended.
    pub ended: usize,
    /// Resources that are durable.
    pub resources: usize,
    /// What their observations did.
    pub counts: ChangeCounts,
    /// Resources that were deleted, once that is known.
    pub deleted: i64,
    /// Requests that were sent.
    pub calls: u64,
    /// When the first listing began.
    began: Option<Instant>,
    /// How long after that the last one ended.
    pub took: Duration,
    /// Whether it was said that there is nobody to ask.
    is_skipped: bool,
}

impl Watch {
    /// Watches a scan that is about to begin.
    pub fn new(printer: Printer) -> Self {
        Self { printer, bars: printer.talks_to_terminal().then(Bars::new), seen: Mutex::default() }
    }

    /// Takes in what happens.
    pub fn tell(&self, event: &ScanEvent<'_>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            ScanEvent::Planned { listings } => {
                listings.iter().for_each(|listing| seen.row(listing.about()).listings += 1);
                if let Some(bars) = &self.bars {
                    bars.plan(listings.len());
                }
            }
            ScanEvent::Begun { about } => {
                let row = seen.row(about);
                row.began.get_or_insert_with(Instant::now);
                self.show(about, row);
            }
            ScanEvent::Page { about, resources } => {
                let row = seen.row(about);
                row.resources += resources;
                self.show(about, row);
            }
            ScanEvent::Ended { about, ended } => {
                let was_skipped = seen.row(about).is_skipped;
                let row = seen.end(about, ended);
                self.show(about, row);
                if let Some(bars) = &self.bars {
                    bars.count();
                }
                self.say_ended(about, ended, was_skipped);
            }
            ScanEvent::Note { about, note } => {
                self.above_bars(|| self.printer.warn(&format!("{} {} {}: {note}", about.account_id, about.region, about.call)));
            }
        }
    }

    /// What was seen, once all has ended.
    pub fn ended(self) -> Seen {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, about: &About, row: &Row) {
        if let Some(bars) = &self.bars {
            bars.show(&place(about), row);
        }
    }

    /// Says how a listing ended; on a terminal only if it is worth a warning.
    fn say_ended(&self, about: &About, ended: &Ended, was_skipped: bool) {
        match (&self.bars, &ended.failure) {
            (None, _) => ended.scopes.iter().for_each(|scope| self.printer.say(&line(scope, ended))),
            // Of a thousand types some cannot be listed: that is in the coverage.
            (Some(_), Some(failure)) if matches!(failure.reason, Reason::Interrupted | Reason::NotListable) => {}
            (Some(_), Some(failure)) if failure.reason.is_skip() => {
                if !was_skipped {
                    self.above_bars(|| self.printer.warn(&format!("skipped: {}", failure.message)));
                }
            }
            (Some(_), Some(failure)) => {
                self.above_bars(|| self.printer.warn(&format!("{} {} {}: {failure}", about.account_id, about.region, about.call)));
            }
            (Some(_), None) => {}
        }
    }

    fn above_bars(&self, say: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(say),
            None => say(),
        }
    }
}

impl Seen {
    fn row(&mut self, about: &About) -> &mut Row {
        self.rows.entry(place(about)).or_default()
    }

    fn end(&mut self, about: &About, ended: &Ended) -> &Row {
        self.places.extend(ended.scopes.iter().map(|report| (report.scope.clone(), place(about))));
        let row = self.row(about);
        row.ended += 1;
        row.counts.add(&ended.counts);
        row.calls += ended.calls;
        row.took = row.began.map_or(Duration::ZERO, |began| began.elapsed());
        row.is_skipped |= ended.failure.as_ref().is_some_and(|failure| failure.reason.is_skip());
        row
    }
}

fn place(about: &About) -> Place {
    (about.account_id.clone(), about.region.clone())
}

/// `111122223333 us-east-1 aws_vpc failed 0 UnauthorizedOperation You are not authorized ...`
fn line(report: &ScopeReport, ended: &Ended) -> String {
    let [_, account, region, resource_type] = report.scope.parts();
    let listed = ended.listed.get(&report.scope).copied().unwrap_or(0);
    let code = report.error_code.as_deref().unwrap_or("-");
    let message = report.error.as_deref().unwrap_or_default().replace(['\n', '\r'], " ");
    format!("{account} {region} {resource_type} {} {listed} {code} {message}", report.status).trim_end().to_owned()
}
