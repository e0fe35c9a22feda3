//! Instants of the demo: whole seconds since 1970-01-01T00:00:00Z.
//!
//! The generator never asks the system for the time: the same seed gives the same bytes on any day.

use std::fmt;

const SECONDS_PER_DAY: i64 = 86_400;

/// Whole seconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(i64);

impl Time {
    /// The instant `year-month-day hour:minute:00`, UTC. The caller gives a date that exists.
    pub(crate) const fn utc(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> Self {
        // Days from civil: years run from March, so that the leap day is the last of its year.
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        Self(days * SECONDS_PER_DAY + hour * 3_600 + minute * 60)
    }

    pub(crate) const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    pub(crate) const fn plus_minutes(self, minutes: i64) -> Self {
        Self(self.0 + minutes * 60)
    }

    pub(crate) const fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days * SECONDS_PER_DAY)
    }

    /// Monday to Friday.
    pub(crate) const fn is_workday(self) -> bool {
        // 1970-01-01 was a Thursday, day 3 of a week that starts on Monday.
        (self.0.div_euclid(SECONDS_PER_DAY) + 3).rem_euclid(7) < 5
    }

    /// `2026-09-01`.
    pub(crate) fn date(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `2026-09-01T02`, as scan ids use it.
    pub(crate) fn date_hour(self) -> String {
        format!("{}T{:02}", self.date(), self.hour())
    }

    /// As the AWS CLI prints times: `2026-09-01T02:00:00+00:00`.
    pub(crate) fn cli(self) -> String {
        format!("{}+00:00", self.date_time('T'))
    }

    /// As `CreationDate` of an AMI: `2026-09-01T02:00:00.000Z`.
    pub(crate) fn millis(self) -> String {
        format!("{}.000Z", self.date_time('T'))
    }

    /// As in `StateTransitionReason`: `2026-09-01 02:00:00 GMT`.
    pub(crate) fn gmt(self) -> String {
        format!("{} GMT", self.date_time(' '))
    }

    fn date_time(self, separator: char) -> String {
        let second_of_day = self.0.rem_euclid(SECONDS_PER_DAY);
        let (minute, second) = (second_of_day / 60 % 60, second_of_day % 60);
        format!("{}{separator}{:02}:{minute:02}:{second:02}", self.date(), self.hour())
    }

    const fn hour(self) -> i64 {
        self.0.rem_euclid(SECONDS_PER_DAY) / 3_600
    }

    const fn civil(self) -> (i64, i64, i64) {
        let shifted = self.0.div_euclid(SECONDS_PER_DAY) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }
}

/// RFC 3339: `2026-09-01T02:00:00Z`.
impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}Z", self.date_time('T'))
    }
}
