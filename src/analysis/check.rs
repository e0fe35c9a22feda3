//! One check: a SQL file, with a header of `-- key: value` lines that says what it is.
//!
//! A line of the header that begins with `--` and two spaces or more goes on with the value before it. The header ends with the
//! first line that is no comment. All of the file is the query's text, so that errors count its lines.

use std::collections::BTreeSet;

use super::outcome::CheckAbout;
use crate::error::{Error, Result};
use crate::model::TimeSpan;
use crate::query::query_parameters;

/// A check as its file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What there is to know of it.
    pub about: CheckAbout,
    /// How long a violation must have held to be told of.
    pub lasting: Option<Lasting>,
    /// The text of the file.
    pub sql: String,
    /// The names of the parameters of its query.
    pub query_parameters: BTreeSet<String>,
    /// Those, and that of `lasting`.
    pub parameters: BTreeSet<String>,
    /// The file, for messages.
    pub file: String,
}

/// How long a violation must have held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lasting {
    /// So long.
    Span(TimeSpan),
    /// As long as a parameter of the pack says.
    Parameter(String),
}

/// The keys that every check has.
const REQUIRED: [&str; 5] = ["id", "title", "severity", "types", "remediation"];
/// Those that it may have.
const OPTIONAL: [&str; 3] = ["needs", "lasting", "docs"];
/// How a header is written.
const HEADER_HINT: &str = "the header is the comment at the file's top; a long value goes on in a line that begins with -- and two spaces";

impl Check {
    /// Reads the file of a check that belongs to a pack; `name` is the file's own, without its ending.
    ///
    /// # Errors
    /// `Invalid`, naming the file, the line and what was expected.
    pub fn parse(pack: &str, name: &str, file: &str, text: &str) -> Result<Self> {
        Self::read(pack, name, file, text).map_err(|error| error.context(file))
    }

    fn read(pack: &str, name: &str, file: &str, text: &str) -> Result<Self> {
        let header = Header::read(text)?;
        let types = header.read_as("types", types)?;
        let needs = header.get("needs").map(|_| header.read_as("needs", |names| needs(names, &types))).transpose()?;
        let about = CheckAbout {
            id: header.read_as("id", |id| check_id(id, name))?,
            packs: vec![pack.to_owned()],
            title: header.read_as("title", text_of)?,
            severity: header.read_as("severity", str::parse)?,
            types,
            needs: needs.unwrap_or_default(),
            remediation: header.read_as("remediation", text_of)?,
            docs: header.get("docs").map(|value| value.text.clone()),
            controls: Vec::new(),
        };
        let lasting = header.get("lasting").map(|_| header.read_as("lasting", Lasting::parse)).transpose()?;
        let query_parameters = query_parameters(text)?;
        let mut parameters = query_parameters.clone();
        if let Some(Lasting::Parameter(name)) = &lasting {
            parameters.insert(name.clone());
        }
        Ok(Self { about, lasting, sql: text.to_owned(), query_parameters, parameters, file: file.to_owned() })
    }
}

impl Lasting {
    fn parse(text: &str) -> Result<Self> {
        match text.strip_prefix('$') {
            Some(name) => Ok(Self::Parameter(name.to_owned())),
            None => TimeSpan::parse(text).map(Self::Span).map_err(|error| error.with_hint("or a parameter of the pack, $name")),
        }
    }
}

/// A value and the line on which it begins.
struct Value {
    text: String,
    line: usize,
}

/// The header of a check, by key.
struct Header(Vec<(String, Value)>);

impl Header {
    fn read(text: &str) -> Result<Self> {
        let mut values: Vec<(String, Value)> = Vec::new();
        for (line, comment) in (1..).zip(text.lines()).map_while(|(line, text)| Some((line, text.strip_prefix("--")?))) {
            let at_line = |error: Error| error.context(format!("line {line}"));
            if let (Some(more), Some((_, value))) = (comment.strip_prefix("  "), values.last_mut()) {
                value.text = format!("{} {}", value.text, more.trim());
                continue;
            }
            let (key, value) = key_and_value(comment).map_err(at_line)?;
            if let Some((_, before)) = values.iter().find(|(known, _)| known == key) {
                return Err(at_line(Error::invalid(format!("{key} is given twice, first in line {}", before.line))));
            }
            values.push((key.to_owned(), Value { text: value.to_owned(), line }));
        }
        Ok(Self(values))
    }

    /// The value of a key that must be there.
    fn read_as<T>(&self, key: &str, read: impl Fn(&str) -> Result<T>) -> Result<T> {
        let missing = || Error::invalid(format!("expected a line `-- {key}: ...` in the header")).with_hint(HEADER_HINT);
        let value = self.get(key).ok_or_else(missing)?;
        read(&value.text).map_err(|error| error.context(key).context(format!("line {}", value.line)))
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

fn key_and_value(comment: &str) -> Result<(&str, &str)> {
    let known = || REQUIRED.into_iter().chain(OPTIONAL);
    let (key, value) = comment.trim().split_once(':').unwrap_or((comment.trim(), ""));
    if !known().any(|known| known == key) {
        let keys = known().collect::<Vec<_>>().join(", ");
        return Err(Error::invalid(format!("expected `-- key: value` with a key of {keys}, found {key:?}")).with_hint(HEADER_HINT));
    }
    match value.trim() {
        "" => Err(Error::invalid(format!("expected a value behind {key}:"))),
        value => Ok((key, value)),
    }
}

fn text_of(text: &str) -> Result<String> {
    Ok(text.to_owned())
}

/// The id, which is the file's name.
fn check_id(id: &str, name: &str) -> Result<String> {
    if id != name {
        return Err(Error::invalid(format!("expected the file's own name, {name}, found {id:?}")));
    }
    check_name(id)?;
    Ok(id.to_owned())
}

/// Checks that a name of a check or pack is lower-case words with `-` between them.
///
/// # Errors
/// `Invalid` if it is not.
pub(super) fn check_name(name: &str) -> Result<()> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if name.split('-').all(is_word) {
        return Ok(());
    }
    Err(Error::invalid(format!("expected words of small letters and digits with - between them, found {name:?}")))
}

/// The resource types; `*` in one stands for any text.
fn types(text: &str) -> Result<Vec<String>> {
    let is_type = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'*'));
    let names = text.split(',').map(str::trim);
    let names = names.map(|name| {
        let wrong = || Error::invalid(format!("expected resource types with commas between them, found {name:?}"));
        is_type(name).then(|| name.to_owned()).ok_or_else(wrong)
    });
    names.collect()
}

/// Those of the types without which nothing can be told of the others.
fn needs(text: &str, of: &[String]) -> Result<Vec<String>> {
    let needed = types(text)?;
    match needed.iter().find(|name| !of.contains(name)) {
        Some(other) => Err(Error::invalid(format!("expected some of the types {}, found {other:?}", of.join(", ")))),
        None if needed.len() == of.len() => Err(Error::invalid("expected some of the types, found all of them")),
        None => Ok(needed),
    }
}
