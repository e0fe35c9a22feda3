//! `[checks]`: which packs of checks are run, the values of their parameters, and what is exempt.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{Days, NaiveDate, NaiveTime};
use serde::{Deserialize, Deserializer, de};

use crate::error::{Error, Result};
use crate::model::Timestamp;

/// `[checks]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSettings {
    /// The packs and checks that are run when none is named.
    pub packs: Option<Vec<String>>,
    /// Folders of packs, relative to the file's own.
    pub pack_dirs: Vec<PathBuf>,
    /// The values of parameters, by pack and name.
    pub parameters: BTreeMap<String, BTreeMap<String, toml::Value>>,
    /// What is allowed for now.
    pub exemptions: Vec<ExemptionSettings>,
}

/// `[[checks.exemptions]]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExemptionSettings {
    /// The check's id; `*` stands for any text.
    pub check: String,
    /// The resource's key; `*` stands for any text.
    pub resource: String,
    /// Why.
    pub reason: String,
    /// The first moment at which it is allowed no more: a time, or the end of a day in UTC.
    #[serde(deserialize_with = "until")]
    pub until: Timestamp,
}

fn until<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a date such as \"2026-12-31\" or an RFC 3339 time")]
    enum Written {
        Text(String),
        Time(toml::value::Datetime),
    }
    let text = match Written::deserialize(deserializer)? {
        Written::Text(text) => text,
        Written::Time(time) => time.to_string(),
    };
    end_of(&text).map_err(de::Error::custom)
}

fn end_of(text: &str) -> Result<Timestamp> {
    let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") else {
        let wrong = || Error::invalid(format!("expected a date such as 2026-12-31 or an RFC 3339 time, found {text:?}"));
        return Timestamp::parse(text).map_err(|_| wrong());
    };
    let next = day.checked_add_days(Days::new(1)).ok_or_else(|| Error::invalid(format!("{text} is the last day of the calendar")))?;
    Ok(Timestamp::from_micros(next.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
}
