//! Lengths of time: microseconds, as people write them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};

const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What [`TimeSpan`]'s text is made of, the longest first.
const WRITTEN: [(i64, &str); 5] = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (MILLISECOND, "ms")];

/// A length of time in microseconds, never negative. Written as `7d`, `1h30m`, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeSpan(i64);

impl TimeSpan {
    /// So many microseconds; nothing where there are fewer than none.
    pub const fn from_micros(micros: i64) -> Self {
        Self(if micros < 0 { 0 } else { micros })
    }

    /// So many seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds as i64 * SECOND)
    }

    /// As the standard library has it.
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.0.unsigned_abs())
    }

    /// In microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads `24h`, `7 days`, `1h30m`.
    ///
    /// # Errors
    /// `Invalid` if the text is something else, or longer than times can tell.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid(format!("expected a duration such as 24h, 7d or 1h30m, found {text:?}"));
        Self::read(&text.trim().to_ascii_lowercase())?.ok_or_else(wrong)
    }

    /// Reads numbers with units, in lower case; `None` if the text is something else.
    ///
    /// # Errors
    /// `Invalid` if it is longer than times can tell.
    pub fn read(word: &str) -> Result<Option<Self>> {
        let mut rest = word;
        if !rest.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(None);
        }
        let mut total = 0_i64;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            let after = after.trim_start();
            let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let (unit, next) = after.split_at(letters);
            let (Ok(number), Some(unit)) = (number.parse::<i64>(), unit_micros(unit)) else { return Ok(None) };
            let sum = number.checked_mul(unit).and_then(|part| total.checked_add(part));
            total = sum.ok_or_else(|| Error::invalid(format!("{word:?} is longer than times can tell")))?;
            rest = next.trim_start_matches([' ', ',']);
        }
        Ok(Some(Self(total)))
    }
}

fn unit_micros(unit: &str) -> Option<i64> {
    Some(match unit {
        "ms" => MILLISECOND,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        _ => return None,
    })
}

impl fmt::Display for TimeSpan {
    /// What [`TimeSpan::parse`] reads, cut off below a millisecond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < MILLISECOND {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, letters) in WRITTEN {
            if rest >= unit {
                write!(f, "{}{letters}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl Serialize for TimeSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
