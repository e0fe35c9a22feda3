//! JSON whose numbers keep their digits, and its canonical text.
//!
//! Canonical: members sorted by their UTF-8 bytes, no spaces, shortest escapes, no Unicode normalisation, numbers as
//! they were written. Two values are equal exactly when their canonical texts are. Duplicate members are refused, since
//! readers disagree on which of them counts.

use std::fmt;

use jiter::{Jiter, Peek};

use super::Text;

/// The deepest nesting that is read: deeper input is refused, never a stack overflow.
pub const JSON_DEPTH_MAX: usize = 128;

/// A JSON value. Numbers are their digits; the members of an object are unique and sorted by their UTF-8 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its text.
    Number(Box<str>),
    /// A string, unescaped.
    String(Box<str>),
    /// An array.
    Array(Vec<Json>),
    /// An object, sorted by member name.
    Object(Vec<(Box<str>, Json)>),
}

/// Text that is not JSON, or not JSON that Elava takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset in the text that was read.
    pub offset: usize,
    /// What was expected and found.
    pub message: String,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset + 1)
    }
}

impl std::error::Error for JsonError {}

/// Canonical JSON text of one value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CanonicalJson(Text);

impl CanonicalJson {
    /// Reads JSON text and makes it canonical.
    ///
    /// # Errors
    /// As [`parse_json`].
    pub fn parse(text: &[u8]) -> Result<Self, JsonError> {
        parse_json(text).map(|value| value.canonical())
    }

    /// Takes text that Elava itself wrote as canonical JSON.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// Takes text that is known to be canonical JSON.
    pub fn from_text(text: Text) -> Self {
        Self(text)
    }

    /// Whether it keeps more text in memory than its own.
    pub fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// A copy that keeps no other text in memory.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(self.0.detached())
    }

    /// The empty object.
    pub fn empty_object() -> Self {
        Self("{}".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Json {
    /// The member of an object, if this is one and has it.
    pub fn get(&self, name: &str) -> Option<&Json> {
        let Json::Object(members) = self else { return None };
        members.binary_search_by(|(member, _)| member.as_ref().cmp(name)).ok().and_then(|at| members.get(at)).map(|(_, value)| value)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// An object of these members, sorted; of members with one name the last counts.
    pub fn object(members: impl IntoIterator<Item = (Box<str>, Json)>) -> Json {
        Json::Object(members.into_iter().collect::<std::collections::BTreeMap<_, _>>().into_iter().collect())
    }

    /// Canonical text.
    pub fn canonical(&self) -> CanonicalJson {
        let mut text = String::new();
        self.write(&mut text);
        CanonicalJson(text.into())
    }

    /// What kind of value this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    /// Appends canonical text.
    pub fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(true) => out.push_str("true"),
            Json::Bool(false) => out.push_str("false"),
            Json::Number(digits) => out.push_str(digits),
            Json::String(text) => write_string(text, out),
            Json::Array(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// Appends a string literal with the shortest escapes.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut clean_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x0c => "\\f",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(text.get(clean_from..at).unwrap_or_default());
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
        clean_from = at + 1;
    }
    out.push_str(text.get(clean_from..).unwrap_or_default());
    out.push('"');
}

/// Reads one JSON value that fills the whole text.
///
/// # Errors
/// If the text is not JSON, has duplicate members, is nested deeper than [`JSON_DEPTH_MAX`] or is followed by more.
pub fn parse_json(text: &[u8]) -> Result<Json, JsonError> {
    let mut jiter = Jiter::new(text);
    let peek = jiter.peek().map_err(|error| syntax(&jiter, &error))?;
    let value = read_json(&mut jiter, peek, JSON_DEPTH_MAX)?;
    jiter.finish().map_err(|error| syntax(&jiter, &error))?;
    Ok(value)
}

/// Reads the value that a reader stands at, with at most `depth` further levels.
///
/// # Errors
/// As [`parse_json`].
pub fn read_json(jiter: &mut Jiter<'_>, peek: Peek, depth: usize) -> Result<Json, JsonError> {
    if depth == 0 {
        let message = format!("nesting is deeper than {JSON_DEPTH_MAX} levels");
        return Err(JsonError { offset: jiter.current_index(), message });
    }
    match peek {
        Peek::Null => jiter.known_null().map(|()| Json::Null).map_err(|error| syntax(jiter, &error)),
        Peek::True | Peek::False => jiter.known_bool(peek).map(Json::Bool).map_err(|error| syntax(jiter, &error)),
        Peek::String => read_string(jiter),
        Peek::Array => read_array(jiter, depth),
        Peek::Object => read_object(jiter, depth),
        _ => read_number(jiter, peek),
    }
}

fn read_string(jiter: &mut Jiter<'_>) -> Result<Json, JsonError> {
    let text = jiter.known_str().map(Box::<str>::from);
    text.map(Json::String).map_err(|error| syntax(jiter, &error))
}

fn read_number(jiter: &mut Jiter<'_>, peek: Peek) -> Result<Json, JsonError> {
    let start = jiter.current_index();
    let digits = jiter.known_number_bytes(peek).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let digits = digits.map_err(|error| syntax(jiter, &error))?;
    if !digits.ends_with(|last: char| last.is_ascii_digit()) {
        return Err(JsonError { offset: start, message: format!("expected a number, found {digits}") });
    }
    Ok(Json::Number(digits.into_boxed_str()))
}

fn read_array(jiter: &mut Jiter<'_>, depth: usize) -> Result<Json, JsonError> {
    let mut values = Vec::new();
    let mut next = jiter.known_array().map_err(|error| syntax(jiter, &error))?;
    while let Some(peek) = next {
        values.push(read_json(jiter, peek, depth - 1)?);
        next = jiter.array_step().map_err(|error| syntax(jiter, &error))?;
    }
    Ok(Json::Array(values))
}

fn read_object(jiter: &mut Jiter<'_>, depth: usize) -> Result<Json, JsonError> {
    let mut members: Vec<(Box<str>, Json)> = Vec::new();
    let mut sorted = true;
    let mut next = jiter.known_object().map(|name| name.map(Box::<str>::from));
    while let Some(name) = next.map_err(|error| syntax(jiter, &error))? {
        let peek = jiter.peek().map_err(|error| syntax(jiter, &error))?;
        let value = read_json(jiter, peek, depth - 1)?;
        sorted = sorted && members.last().is_none_or(|(last, _)| *last < name);
        members.push((name, value));
        next = jiter.next_key().map(|name| name.map(Box::<str>::from));
    }
    if !sorted {
        members.sort_by(|(left, _), (right, _)| left.cmp(right));
        let twice = members.windows(2).find_map(|pair| match pair {
            [(left, _), (right, _)] if left == right => Some(left),
            _ => None,
        });
        if let Some(name) = twice {
            return Err(JsonError { offset: jiter.current_index(), message: format!("member {name:?} stands twice in one object") });
        }
    }
    Ok(Json::Object(members))
}

fn syntax(jiter: &Jiter<'_>, error: &jiter::JiterError) -> JsonError {
    JsonError { offset: error.index, message: error.description(jiter).split(" at line ").next().unwrap_or("not JSON").to_owned() }
}
