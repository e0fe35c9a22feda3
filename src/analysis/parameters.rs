//! Parameters of packs: their types, and how values are read from TOML and from the command line.

use std::fmt;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::Value as Toml;

use crate::error::{Error, Result};
use crate::model::TimeSpan;
use crate::query::ParameterValue;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words for them in pack.toml")]
pub enum ParameterType {
    Text,
    Integer,
    Number,
    Boolean,
    Duration,
    List,
    Json,
}

impl ParameterType {
    /// The word for it in `pack.toml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Duration => "duration",
            Self::List => "list",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for ParameterType {
    /// What is expected of a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a text",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Duration => "a duration such as 24h or 7d",
            Self::List => "a list of texts",
            Self::Json => "JSON",
        })
    }
}

impl ParameterType {
    /// Reads a value of a TOML file.
    ///
    /// # Errors
    /// `Invalid` if it is of another type.
    pub fn read(self, value: &Toml) -> Result<ParameterValue> {
        let read = match (self, value) {
            (Self::Text, Toml::String(text)) => Some(ParameterValue::Text(text.clone())),
            (Self::Integer, Toml::Integer(number)) => Some(ParameterValue::Integer(*number)),
            (Self::Number, Toml::Integer(number)) => Some(ParameterValue::Number(*number as f64)),
            (Self::Number, Toml::Float(number)) if number.is_finite() => Some(ParameterValue::Number(*number)),
            (Self::Boolean, Toml::Boolean(truth)) => Some(ParameterValue::Boolean(*truth)),
            (Self::Duration, Toml::String(text)) => TimeSpan::parse(text).ok().map(ParameterValue::Duration),
            (Self::List, Toml::Array(items)) => texts(items).map(ParameterValue::List),
            (Self::Json, Toml::String(text)) => serde_json::from_str(text).ok().map(ParameterValue::Json),
            (Self::Json, value) => serde_json::to_value(value).ok().map(ParameterValue::Json),
            _ => None,
        };
        read.ok_or_else(|| self.wrong(value))
    }

    /// Reads a value of the command line: a list has commas between its texts, or is a JSON array.
    ///
    /// # Errors
    /// `Invalid` if it is of another type.
    pub fn read_text(self, text: &str) -> Result<ParameterValue> {
        let read = match self {
            Self::Text => Some(ParameterValue::Text(text.to_owned())),
            Self::Integer => text.parse().ok().map(ParameterValue::Integer),
            Self::Number => text.parse().ok().filter(|number: &f64| number.is_finite()).map(ParameterValue::Number),
            Self::Boolean => text.parse().ok().map(ParameterValue::Boolean),
            Self::Duration => TimeSpan::parse(text).ok().map(ParameterValue::Duration),
            Self::List if text.trim().is_empty() => Some(ParameterValue::List(Vec::new())),
            Self::List if text.trim_start().starts_with('[') => serde_json::from_str(text).ok().map(ParameterValue::List),
            Self::List => Some(ParameterValue::List(text.split(',').map(|item| item.trim().to_owned()).collect())),
            Self::Json => serde_json::from_str::<Json>(text).ok().map(ParameterValue::Json),
        };
        read.ok_or_else(|| self.wrong(&format_args!("{text:?}")))
    }

    fn wrong(self, found: &dyn fmt::Display) -> Error {
        Error::invalid(format!("expected {self}, found {found}"))
    }
}

fn texts(items: &[Toml]) -> Option<Vec<String>> {
    items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect()
}
