//! When the next of repeated scans begins: on a fixed beat, so that they neither drift nor overlap.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, Result};

/// The shortest time between two beats.
const PERIOD_MIN: Period = Period(10);
/// Units of time with their letters, the longest first.
const UNITS: [(u64, &str); 4] = [(24 * 3600, "d"), (3600, "h"), (60, "m"), (1, "s")];

/// A whole number of seconds (`s`), minutes (`m`), hours (`h`) or days (`d`), written as `15m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(u64);

impl Period {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Reads text such as `15m`.
    ///
    /// # Errors
    /// `Invalid` if it is none.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid(format!("expected a period such as 90s, 15m, 6h or 1d, found {text:?}"));
        let (digits, letter) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let (unit, _) = UNITS.iter().find(|(_, known)| *known == letter).ok_or_else(wrong)?;
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        number.checked_mul(*unit).filter(|seconds| *seconds <= u64::from(u32::MAX)).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Period {
    /// In the largest unit that divides it: what [`Period::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, letter) = UNITS.iter().find(|(unit, _)| self.0 > 0 && self.0.is_multiple_of(*unit)).unwrap_or(&(1, "s"));
        write!(f, "{}{letter}", self.0 / unit)
    }
}

/// A beat. Each scan begins a little after its own, by any time up to the jitter: many instances do not ask all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every {
    /// The time between two beats.
    pub period: Period,
    /// The most by which a scan is late.
    pub jitter: Period,
}

impl Every {
    /// A beat; unless a jitter is given, it is a tenth of the period.
    ///
    /// # Errors
    /// `Invalid` if the period is shorter than ten seconds, or the jitter as long as the period.
    pub fn new(period: Period, jitter: Option<Period>) -> Result<Self> {
        let jitter = jitter.unwrap_or(Period(period.0 / 10));
        if period < PERIOD_MIN {
            return Err(Error::invalid(format!("expected a period of at least {PERIOD_MIN}, found {period}")));
        }
        if jitter >= period {
            return Err(Error::invalid(format!("expected a jitter shorter than the period of {period}, found {jitter}")));
        }
        Ok(Self { period, jitter })
    }

    /// How long to wait, so long after the first scan began. A beat that was missed, as the scan before took longer, is left
    /// out. `random` is any number, another each time.
    pub fn wait(self, since_first: Duration, random: u64) -> Duration {
        let period = u128::from(self.period.0) * 1000;
        let next = (since_first.as_millis() / period + 1) * period;
        let jitter = u128::from(random) % (u128::from(self.jitter.0) * 1000).max(1);
        let wait = next + jitter - since_first.as_millis();
        Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn periods_are_read_with_their_unit_and_written_in_the_largest() {
        for (text, expected, written) in
            [("90s", 90, "90s"), ("15m", 900, "15m"), ("360m", 21_600, "6h"), ("1d", 86_400, "1d"), ("0m", 0, "0s")]
        {
            let period = Period::parse(text).unwrap();
            assert_eq!((period, period.to_string().as_str()), (Period(expected), written));
        }
        for text in ["", "m", "15", "15 m", "-1m", "1.5h", "99999999999999999999d", "99999999d", "15\u{b5}"] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_beat_has_room_for_a_scan() {
        assert_eq!(Every::new(Period(900), None).unwrap().jitter, Period(90));
        assert!(Every::new(Period(9), None).is_err());
        assert!(Every::new(Period(60), Some(Period(60))).is_err());
    }

    #[test]
    fn scans_keep_the_beat_however_long_they_take() {
        let every = Every::new(Period(900), None).unwrap();
        assert_eq!(every.wait(seconds(20), 0), seconds(880));
        assert_eq!(every.wait(seconds(900 + 89), 0), seconds(811));
        assert_eq!(every.wait(seconds(2000), 0), seconds(700));
        let waits: Vec<Duration> = (0..1000).map(|random| every.wait(seconds(20), random * 977)).collect();
        assert!(waits.iter().all(|wait| *wait >= seconds(880) && *wait < seconds(970)));
        let punctual = Every::new(Period(900), Some(Period(0))).unwrap();
        assert_eq!(punctual.wait(seconds(20), 977), seconds(880));
    }
}
