//! Points in time: every form that `at` may have, and what it means in a view.

use arrow::array::Array;
use arrow::compute::cast;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use datafusion::common::ScalarValue;
use datafusion::common::cast::as_timestamp_microsecond_array;

use super::view::View;
use crate::error::{Error, Result};
use crate::model::{Revision, TimeSpan, Timestamp};
use crate::store::check_not_gone;
use crate::store::schema::time_type;

/// What `at` accepts, for messages.
pub const ACCEPTED: &str = "a revision (41), head, head~2, a time ('2026-11-01T00:00:00Z'), a date ('2026-11-01'), \
     a duration back from now ('24h', '7 days ago', 'yesterday') or the name of a tag";

/// A point in time as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// A revision.
    Revision(Revision),
    /// The end of the Nth ended scan before the newest; `None` is the head itself.
    Head(Option<u64>),
    /// The last revision observed at or before a time.
    Time(Timestamp),
    /// So long before now.
    Ago(TimeSpan),
    /// A tag.
    Tag(String),
}

/// Where a point is, and the time that it stands for, if it is a form of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The revision.
    pub revision: Revision,
    /// The time that was asked for.
    pub time: Option<Timestamp>,
}

/// Whether a name reads as another form of point, so that no tag may have it.
pub fn is_reserved_point(name: &str) -> bool {
    let word = name.trim().to_ascii_lowercase();
    word.is_empty()
        || word == "now"
        || word.starts_with("head")
        || word.starts_with(['-', '+'])
        || word.parse::<f64>().is_ok()
        || !matches!(Point::parse(name), Ok(Point::Tag(_)))
}

impl Point {
    /// Reads a point from text.
    ///
    /// # Errors
    /// `Invalid` if the text has a form that is none, such as a negative number.
    pub fn parse(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let word = trimmed.to_ascii_lowercase();
        if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return word.parse().map(Self::Revision).map_err(|_| Error::invalid(format!("revision {word} is above the largest BIGINT")));
        }
        if word == "head" {
            return Ok(Self::Head(None));
        }
        if let Some(steps) = word.strip_prefix("head~") {
            let digits = !steps.is_empty() && steps.bytes().all(|byte| byte.is_ascii_digit());
            return match steps.parse() {
                Ok(steps) if digits => Ok(Self::Head(Some(steps))),
                _ => Err(Error::invalid(format!("{text:?} is no point in time; after head~ stands a number of ended scans (head~2)"))),
            };
        }
        if let Some(time) = parse_time(trimmed) {
            return Ok(Self::Time(time));
        }
        if let Some(span) = parse_ago(&word)? {
            return Ok(Self::Ago(span));
        }
        if word.is_empty() || word.parse::<f64>().is_ok() {
            return Err(Error::invalid(format!("{text:?} is no point in time; accepted are {ACCEPTED}")));
        }
        Ok(Self::Tag(text.to_owned()))
    }

    /// Reads a point from a value of SQL.
    ///
    /// # Errors
    /// `Invalid` for NULL, negative numbers, fractions and every other type.
    pub fn from_value(value: &ScalarValue) -> Result<Self> {
        if value.is_null() {
            return Err(Error::invalid(format!("NULL is no point in time; accepted are {ACCEPTED}")));
        }
        if let Some(text) = value.try_as_str().flatten() {
            return Self::parse(text);
        }
        match value {
            ScalarValue::Date32(_)
            | ScalarValue::Date64(_)
            | ScalarValue::TimestampSecond(..)
            | ScalarValue::TimestampMillisecond(..)
            | ScalarValue::TimestampMicrosecond(..)
            | ScalarValue::TimestampNanosecond(..) => time_of_value(value).map(Self::Time),
            _ if value.data_type().is_integer() => {
                let number = value.to_string();
                match number.parse::<i64>() {
                    Ok(revision) if revision >= 0 => Ok(Self::Revision(revision)),
                    Ok(_) => Err(Error::invalid(format!("{number} is no revision: revisions count from 1, and 0 is the empty state"))),
                    Err(_) => Err(Error::invalid(format!("revision {number} is above the largest BIGINT"))),
                }
            }
            other => {
                Err(Error::invalid(format!("a value of type {} ({other}) is no point in time; accepted are {ACCEPTED}", other.data_type())))
            }
        }
    }

    /// The revision of a view that it stands for.
    ///
    /// # Errors
    /// `NotFound` below the floor, above the head, for unknown tags and for more scans than there are.
    pub fn resolve(&self, view: &View) -> Result<Resolved> {
        let (revision, time) = match self {
            Self::Revision(revision) => (*revision, None),
            Self::Head(None) => (view.head(), None),
            Self::Head(Some(steps)) => (head_minus(view, *steps)?, None),
            Self::Time(time) => (view.revision_at(*time), Some(*time)),
            Self::Ago(span) => {
                let time = Timestamp::from_micros(view.now().micros().saturating_sub(span.micros()));
                (view.revision_at(time), Some(time))
            }
            Self::Tag(name) => (tag(view, name)?, None),
        };
        check(view, revision)?;
        Ok(Resolved { revision, time })
    }
}

fn check(view: &View, revision: Revision) -> Result<()> {
    let (floor, head) = (view.floor(), view.head());
    if revision > head {
        let pinned = if view.pin().is_some() { ", where the session is pinned (elava.as_of)" } else { "" };
        return Err(Error::not_found(format!("revision {revision} is above the head; the newest is {head}{pinned}")));
    }
    check_not_gone(revision, floor)
}

fn head_minus(view: &View, steps: u64) -> Result<Revision> {
    let ends = view.scan_ends();
    let at = usize::try_from(steps).ok().and_then(|steps| ends.len().checked_sub(steps.checked_add(1)?));
    at.and_then(|at| ends.get(at)).copied().ok_or_else(|| match ends.len() {
        0 => Error::not_found(format!("head~{steps} asks for the end of a scan, but no scan has ended")),
        count => Error::not_found(format!("head~{steps} goes back too far: {count} scans have ended, so head~{} is the first", count - 1)),
    })
}

fn tag(view: &View, name: &str) -> Result<Revision> {
    view.tag(name)
        .ok_or_else(|| Error::not_found(format!("{name:?} is no tag and no other form of a point in time; accepted are {ACCEPTED}")))
}

/// RFC 3339, the same with a space or without a zone (UTC), or a date (its first instant).
fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = Timestamp::parse(text) {
        return Some(time);
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(Timestamp::from_micros(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()));
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let naive = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    naive.map(|time| Timestamp::from_micros(time.and_utc().timestamp_micros()))
}

/// `24h`, `7 days ago`, `1h30m`, `yesterday`, `now`; `None` if the text is something else.
fn parse_ago(word: &str) -> Result<Option<TimeSpan>> {
    match word {
        "now" => Ok(Some(TimeSpan::default())),
        "yesterday" => TimeSpan::read("24h"),
        _ => TimeSpan::read(word.strip_suffix("ago").map_or(word, str::trim_end).trim()),
    }
}

fn time_of_value(value: &ScalarValue) -> Result<Timestamp> {
    let unreadable = || Error::invalid(format!("{value} is not a time that can be told in microseconds"));
    let array = value.to_array().map_err(|_| unreadable())?;
    let micros = cast(&array, &time_type()).map_err(|_| unreadable())?;
    let micros = as_timestamp_microsecond_array(&micros).map_err(|_| unreadable())?;
    if micros.is_empty() || micros.is_null(0) {
        return Err(unreadable());
    }
    let micros = micros.value(0);
    DateTime::<Utc>::from_timestamp_micros(micros).map(|_| Timestamp::from_micros(micros)).ok_or_else(unreadable)
}
