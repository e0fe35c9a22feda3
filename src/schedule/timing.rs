//! When a job is due: by a cron expression, or on a beat that is counted from 1970, so that it neither drifts nor depends on who
//! counts. A job starts a little after it is due, by a time that is always the same for a job and a due time: jobs of many
//! stores do not start all at once, and two daemons on one store agree.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::cron::Cron;
use crate::error::{Error, Result};
use crate::model::{TimeSpan, Timestamp};

/// The shortest time between two beats.
const PERIOD_MIN: TimeSpan = TimeSpan::from_seconds(10);
/// The most by which a job by a cron expression starts late.
const CRON_JITTER_MAX: TimeSpan = TimeSpan::from_seconds(24 * 3600);
/// How far back one looks for a due time that was missed.
const MISSED_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Where that begins.
const LOOK_BACK_MIN: Duration = Duration::from_secs(3600);
/// Due times within one jitter: the minutes of a day.
const WITHIN_JITTER_MAX: usize = 24 * 60 + 1;

/// What makes a job due.
#[derive(Debug, Clone)]
pub enum Beat {
    /// A period, counted from 1970-01-01T00:00:00Z.
    Every(TimeSpan),
    /// A cron expression.
    Cron(Box<Cron>),
}

/// When a job is due, and how long after that it starts.
#[derive(Debug, Clone)]
pub struct Timing {
    /// What makes it due.
    pub beat: Beat,
    /// It starts later by less than this.
    pub jitter: TimeSpan,
}

/// A due time and when its job is to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When it is due.
    pub at: Timestamp,
    /// When it starts.
    pub start: Timestamp,
}

impl Timing {
    /// A beat; unless a jitter is given, it is a tenth of the period, and none for a cron expression.
    ///
    /// # Errors
    /// `Invalid` if the period is shorter than ten seconds, or the jitter as long as the period or longer than a day.
    pub fn new(beat: Beat, jitter: Option<TimeSpan>) -> Result<Self> {
        let jitter = jitter.unwrap_or(match &beat {
            Beat::Every(period) => TimeSpan::from_micros(period.micros() / 10),
            Beat::Cron(_) => TimeSpan::from_seconds(0),
        });
        match &beat {
            Beat::Every(period) if *period < PERIOD_MIN => {
                Err(Error::invalid(format!("expected a period of at least {PERIOD_MIN}, found {period}")))
            }
            Beat::Every(period) if jitter >= *period => {
                Err(Error::invalid(format!("expected a jitter shorter than the period of {period}, found {jitter}")))
            }
            Beat::Cron(_) if jitter > CRON_JITTER_MAX => {
                Err(Error::invalid(format!("expected a jitter of no more than {CRON_JITTER_MAX}, found {jitter}")))
            }
            _ => Ok(Self { beat, jitter }),
        }
    }

    /// The newest due time after one, and no more than a year ago, whose start has come: what a job has to do now, however
    /// much it missed.
    pub fn newest(&self, job: &str, after: Option<Timestamp>, now: Timestamp) -> Option<Due> {
        let surely = now.minus(self.jitter.duration());
        let mut newest = self.newest_at(after, surely);
        let mut at = newest.unwrap_or_else(|| after.map_or(surely, |after| after.max(surely)));
        for _ in 0..WITHIN_JITTER_MAX {
            match self.next_at(at) {
                Some(next) if next <= now => at = next,
                _ => break,
            }
            if self.due(job, at).start <= now {
                newest = Some(at);
            }
        }
        newest.map(|at| self.due(job, at))
    }

    /// Of the due times after one, that whose start comes next.
    pub fn next(&self, job: &str, after: Option<Timestamp>, now: Timestamp) -> Option<Due> {
        let from = now.minus(self.jitter.duration());
        let mut at = after.map_or(from, |after| after.max(from));
        let mut first: Option<Due> = None;
        for _ in 0..WITHIN_JITTER_MAX {
            at = self.next_at(at)?;
            if first.is_some_and(|first| at >= first.start) {
                break;
            }
            let due = self.due(job, at);
            if due.start > now && first.is_none_or(|first| due.start < first.start) {
                first = Some(due);
            }
        }
        first
    }

    fn due(&self, job: &str, at: Timestamp) -> Due {
        Due { at, start: at.plus(spread(job, at, self.jitter.duration())) }
    }

    fn next_at(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.beat {
            Beat::Every(period) => {
                let micros = i64::try_from(period.duration().as_micros()).ok()?;
                after.micros().div_euclid(micros).checked_add(1)?.checked_mul(micros).map(Timestamp::from_micros)
            }
            Beat::Cron(cron) => cron.next(after),
        }
    }

    /// The newest due time up to a moment: of a stretch that is made longer until there is one in it.
    fn newest_at(&self, after: Option<Timestamp>, until: Timestamp) -> Option<Timestamp> {
        let first = until.minus(MISSED_MAX).max(after.unwrap_or(Timestamp::from_micros(i64::MIN)));
        let mut back = LOOK_BACK_MIN;
        loop {
            let from = until.minus(back).max(first);
            let mut found = None;
            let mut next = self.next_at(from).filter(|next| *next <= until);
            while let Some(at) = next {
                found = Some(at);
                next = self.next_at(at).filter(|next| *next <= until);
            }
            if found.is_some() || from <= first {
                return found;
            }
            back *= 2;
        }
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.beat {
            Beat::Every(period) => write!(f, "every {period}")?,
            Beat::Cron(cron) => write!(f, "at {cron:?}", cron = cron.to_string())?,
        }
        if self.jitter > TimeSpan::from_seconds(0) { write!(f, ", up to {} late", self.jitter) } else { Ok(()) }
    }
}

/// A length of time below another, by chance as it seems, and always the same for a name and a time.
pub fn spread(name: &str, at: Timestamp, below: Duration) -> Duration {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update(at.micros().to_le_bytes());
    let number = hash.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let below = u64::try_from(below.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(number.checked_rem(below).unwrap_or_default())
}
