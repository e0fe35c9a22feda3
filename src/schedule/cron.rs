//! Cron expressions in a time zone, over the days on which its clocks change.
//!
//! An expression speaks of what clocks on the wall show. One that names its minutes and hours (`30 2 * * *`) happens once on each of its
//! days: at the first moment after a gap in which its time was left out, and only the first time where its time comes twice.
//! One with a `*` in them (`*/15 * * * *`) happens whenever the clocks show such a time: never in a gap, twice where they
//! were set back.

use std::fmt;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};

use crate::error::{Error, Result};
use crate::model::Timestamp;

/// Clocks are set back by no more than this.
const OVERLAP_MAX: TimeDelta = TimeDelta::hours(3);
/// They leave out no more than this: a day, where a country went over the date line.
const GAP_MINUTES_MAX: i64 = 25 * 60;
/// Times on the wall that are looked at for one moment: the minutes of a day that was left out, and some.
const STEPS_MAX: usize = 2000;

/// When something happens, by the clocks of a time zone.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    pattern: croner::Cron,
    zone: Tz,
    repeats: bool,
}

impl Cron {
    /// Reads an expression of five fields: minute, hour, day, month, day of the week.
    ///
    /// # Errors
    /// `Invalid` if it is none, or if there is no such day.
    pub fn parse(text: &str, zone: Tz) -> Result<Self> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let pattern = parser.parse(text).map_err(|error| {
            let why = error.to_string();
            Error::invalid(format!(
                "expected a cron expression such as \"30 2 * * mon-fri\", found {text:?} ({})",
                why.trim_end_matches('.')
            ))
        })?;
        let repeats = text.trim().eq_ignore_ascii_case("@hourly") || text.split_whitespace().take(2).any(|field| field.contains('*'));
        let cron = Self { text: text.to_owned(), pattern, zone, repeats };
        match cron.next(Timestamp::from_micros(0)) {
            Some(_) => Ok(cron),
            None => Err(Error::invalid(format!("the cron expression {text:?} names a day that never comes"))),
        }
    }

    /// The first moment after another; `None` if there is none.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = DateTime::<Utc>::from_timestamp_micros(after.micros())?;
        let mut wall = self.look_from(after)?.with_nanosecond(0)?;
        let mut best: Option<DateTime<Utc>> = None;
        for _ in 0..STEPS_MAX {
            wall = self.pattern.find_next_occurrence(&wall.and_utc(), false).ok()?.naive_utc();
            let moments = self.moments(wall);
            best = moments.iter().flatten().copied().filter(|moment| *moment > after).chain(best).min();
            // What comes later on the wall does not happen before this.
            if moments.first().copied().flatten().is_some_and(|first| best.is_some_and(|best| first >= best)) {
                break;
            }
        }
        best.map(|moment| Timestamp::from_micros(moment.timestamp_micros()))
    }

    /// What the clocks show at a moment, or earlier than that if they are set back or forward about then.
    fn look_from(&self, moment: DateTime<Utc>) -> Option<NaiveDateTime> {
        let wall = |moment: DateTime<Utc>| moment.with_timezone(&self.zone).naive_local();
        let offset = |moment: DateTime<Utc>| wall(moment) - moment.naive_utc();
        let (before, after) = (moment.checked_sub_signed(OVERLAP_MAX)?, moment.checked_add_signed(OVERLAP_MAX)?);
        let steady = offset(before) == offset(after);
        if steady { Some(wall(moment)) } else { wall(moment).checked_sub_signed(OVERLAP_MAX) }
    }

    /// The moments that a time on the wall means, the first first.
    fn moments(&self, wall: NaiveDateTime) -> [Option<DateTime<Utc>>; 2] {
        let moment = |time: DateTime<Tz>| Some(time.with_timezone(&Utc));
        match self.zone.from_local_datetime(&wall) {
            LocalResult::Single(only) => [moment(only), None],
            LocalResult::Ambiguous(first, second) => [moment(first), moment(second).filter(|_| self.repeats)],
            LocalResult::None if self.repeats => [None, None],
            LocalResult::None => [self.after_gap(wall), None],
        }
    }

    fn after_gap(&self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        let later = (1..=GAP_MINUTES_MAX).map_while(|minutes| wall.checked_add_signed(TimeDelta::minutes(minutes)));
        later.filter_map(|wall| self.zone.from_local_datetime(&wall).earliest()).map(|time| time.with_timezone(&Utc)).next()
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A time zone by its name.
///
/// # Errors
/// `Invalid` if there is none of that name.
pub fn zone(name: &str) -> Result<Tz> {
    name.parse().map_err(|_| Error::invalid(format!("expected the name of a time zone such as Europe/Vienna or UTC, found {name:?}")))
}
