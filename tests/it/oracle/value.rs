//! JSON values that keep their digits, times as text, and the paths in which two contents differ.

use std::collections::{BTreeMap, BTreeSet};

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// A JSON value. Numbers are their digits: `1`, `1.0` and `1e0` are three values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    pub fn text(value: &str) -> Self {
        Self::Text(value.to_owned())
    }

    pub fn number(digits: &str) -> Self {
        Self::Number(digits.to_owned())
    }

    pub fn object(members: &[(&str, Json)]) -> Self {
        Self::Object(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    /// NULL where there is no text.
    pub fn optional(value: Option<&str>) -> Self {
        value.map_or(Self::Null, Self::text)
    }

    /// Members sorted by their UTF-8 bytes, no spaces, shortest escapes, digits as they came.
    pub fn canonical(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(digits) => digits.clone(),
            Self::Text(value) => quoted(value),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::canonical).collect();
                format!("[{}]", items.join(","))
            }
            // A BTreeMap of strings is in the order of their UTF-8 bytes.
            Self::Object(members) => {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{}", quoted(name), value.canonical())).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// The same value in a spelling that is as far from canonical as JSON allows.
    pub fn scrambled(&self) -> String {
        match self {
            Self::Text(value) => escaped(value),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::scrambled).collect();
                format!("[ {} ]", items.join(" , "))
            }
            Self::Object(members) => {
                let members: Vec<String> =
                    members.iter().rev().map(|(name, value)| format!("{} : {}", escaped(name), value.scrambled())).collect();
                format!("{{ {} }}", members.join(" , "))
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => self.canonical(),
        }
    }
}

/// Only what JSON demands is escaped, in the shortest way.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{8}' => quoted.push_str("\\b"),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\u{c}' => quoted.push_str("\\f"),
            '\r' => quoted.push_str("\\r"),
            control if control < ' ' => quoted.extend(format!("\\u{:04x}", u32::from(control)).chars()),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Everything but ASCII letters and digits is escaped, by its UTF-16 units.
fn escaped(text: &str) -> String {
    let mut escaped = String::from("\"");
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            _ => escaped.extend(format!("\\u{unit:04X}").chars()),
        }
    }
    escaped.push('"');
    escaped
}

/// What two observations of a resource are compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub arn: Option<String>,
    pub name: Option<String>,
    pub state: Option<String>,
    pub created_at: Option<Micros>,
    pub native_type: Option<String>,
    /// None is unknown, empty is none.
    pub tags: Option<BTreeMap<String, String>>,
    pub properties: Json,
}

impl Default for Content {
    /// What an import line with nothing but a key says.
    fn default() -> Self {
        Self { arn: None, name: None, state: None, created_at: None, native_type: None, tags: None, properties: Json::object(&[]) }
    }
}

impl Content {
    pub fn tags_json(&self) -> Json {
        self.tags
            .as_ref()
            .map_or(Json::Null, |tags| Json::Object(tags.iter().map(|(name, value)| (name.clone(), Json::text(value))).collect()))
    }

    /// The columns `before` and `after`.
    pub fn json(&self) -> Json {
        Json::object(&[
            ("arn", Json::optional(self.arn.as_deref())),
            ("created_at", Json::optional(self.created_at.map(rfc3339).as_deref())),
            ("name", Json::optional(self.name.as_deref())),
            ("native_type", Json::optional(self.native_type.as_deref())),
            ("properties", self.properties.clone()),
            ("state", Json::optional(self.state.as_deref())),
            ("tags", self.tags_json()),
        ])
    }
}

/// The JSON Pointers of what differs, sorted by their bytes.
pub fn changed_paths(before: &Content, after: &Content) -> Vec<String> {
    let mut paths = BTreeSet::new();
    compare("", &before.json(), &after.json(), &mut paths);
    paths.into_iter().collect()
}

/// Containers of the same kind are compared member by member; a member that only one of them has is named itself;
/// everything else that differs is named where it stands.
fn compare(path: &str, before: &Json, after: &Json, paths: &mut BTreeSet<String>) {
    let mut member = |name: &str, before: Option<&Json>, after: Option<&Json>| {
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        match (before, after) {
            (Some(before), Some(after)) => compare(&path, before, after, paths),
            (None, None) => {}
            _ => drop(paths.insert(path)),
        }
    };
    match (before, after) {
        (Json::Object(before), Json::Object(after)) => {
            for name in before.keys().chain(after.keys()) {
                member(name, before.get(name), after.get(name));
            }
        }
        (Json::Array(before), Json::Array(after)) => {
            for position in 0..before.len().max(after.len()) {
                member(&position.to_string(), before.get(position), after.get(position));
            }
        }
        _ => {
            if before != after {
                paths.insert(path.to_owned());
            }
        }
    }
}

/// RFC 3339 in UTC with `Z`; microseconds, six digits, only where they are not zero.
pub fn rfc3339(time: Micros) -> String {
    let (seconds, micros) = (time.div_euclid(1_000_000), time.rem_euclid(1_000_000));
    let (mut days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970;
    while days < 0 {
        year -= 1;
        days += days_of_year(year);
    }
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    let fraction = match micros {
        0 => String::new(),
        micros if micros % 1_000 == 0 => format!(".{:03}", micros / 1_000),
        micros => format!(".{micros:06}"),
    };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z", days + 1)
}

fn days_of_year(year: i64) -> i64 {
    (1..=12).map(|month| days_of_month(year, month)).sum()
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
