//! Bars of a scan: one for each account and region that is being asked, and one for all of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::watch::{Place, Row};

/// More bars than this are not drawn: those of later places come when earlier ones have gone.
const BARS_MAX: usize = 8;
/// How often a second they are drawn.
const DRAWS_PER_SECOND: u8 = 10;

/// The bars on a terminal.
#[derive(Debug)]
pub struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    places: Mutex<BTreeMap<Place, ProgressBar>>,
}

impl Bars {
    /// No bar for a place yet, and one for all.
    pub fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
        let total = all.add(ProgressBar::new(0).with_style(style("scanning {bar:30} {pos}/{len} {elapsed}")));
        Self { all, total, places: Mutex::default() }
    }

    /// So many listings are to be read.
    pub fn plan(&self, listings: usize) {
        self.total.set_length(listings as u64);
    }

    /// Draws how far a place is; one that has come to its end goes away.
    pub fn show(&self, place: &Place, row: &Row) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if row.ended == row.listings {
            if let Some(bar) = places.remove(place) {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
        } else if places.len() < BARS_MAX || places.contains_key(place) {
            let bar = places.entry(place.clone()).or_insert_with(|| self.bar(place, row.listings));
            bar.set_position(row.ended as u64);
            bar.set_message(format!("{} resources", row.resources));
        }
    }

    /// Counts a listing that has ended.
    pub fn count(&self) {
        self.total.inc(1);
    }

    /// Does something while no bar is in the way.
    pub fn suspend(&self, action: impl FnOnce()) {
        self.all.suspend(action);
    }

    fn bar(&self, (account, region): &Place, listings: usize) -> ProgressBar {
        let bar = ProgressBar::new(listings as u64).with_style(style("{prefix:30} {bar:20} {pos}/{len} {msg}"));
        self.all.insert_before(&self.total, bar).with_prefix(format!("{account} {region}"))
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        let places = self.places.get_mut().unwrap_or_else(PoisonError::into_inner);
        places.values().for_each(ProgressBar::finish_and_clear);
        self.total.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
