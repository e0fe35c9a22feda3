//! When the next of repeated scans begins: on a fixed beat, so that they neither drift nor overlap.

use std::time::Duration;

use crate::error::{Error, Result};

/// The shortest period.
const PERIOD_MIN: Duration = Duration::from_secs(10);

/// A beat. Each scan begins within the first tenth of its period, somewhere: many instances do not ask all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every(Duration);

impl Every {
    /// From text such as `15m`: a whole number of seconds (`s`), minutes (`m`), hours (`h`) or days (`d`).
    ///
    /// # Errors
    /// `Invalid` if it is none, or shorter than ten seconds.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid(format!("expected a period such as 90s, 15m, 6h or 1d, found {text:?}"));
        let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let seconds: u64 = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 24 * 3600,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        let period = Duration::from_secs(number.checked_mul(seconds).ok_or_else(wrong)?);
        if period < PERIOD_MIN {
            return Err(Error::invalid(format!("expected a period of at least {} seconds, found {text:?}", PERIOD_MIN.as_secs())));
        }
        Ok(Self(period))
    }

    /// How long to wait, so long after the first scan began. A beat that was missed, as the scan before took longer, is left
    /// out. `random` is any number, another each time.
    pub fn wait(self, since_first: Duration, random: u64) -> Duration {
        let period = self.0.as_millis().max(1);
        let next = (since_first.as_millis() / period + 1) * period;
        let jitter = u128::from(random) % (period / 10).max(1);
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
    fn periods_are_read_with_their_unit() {
        for (text, expected) in [("90s", 90), ("15m", 900), ("6h", 21_600), ("1d", 86_400)] {
            assert_eq!(Every::parse(text).unwrap(), Every(seconds(expected)));
        }
        for text in ["", "m", "15", "15 m", "-1m", "9s", "0h", "1.5h", "99999999999999999999d", "15\u{b5}"] {
            assert!(Every::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn scans_keep_the_beat_however_long_they_take() {
        let every = Every(seconds(900));
        assert_eq!(every.wait(seconds(20), 0), seconds(880));
        assert_eq!(every.wait(seconds(900 + 89), 0), seconds(811));
        assert_eq!(every.wait(seconds(2000), 0), seconds(700));
        let waits: Vec<Duration> = (0..1000).map(|random| every.wait(seconds(20), random * 977)).collect();
        assert!(waits.iter().all(|wait| *wait >= seconds(880) && *wait < seconds(970)));
    }
}
