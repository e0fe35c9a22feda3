//! Canonical JSON text in one pass, without a tree: what makes imports fast.
//!
//! The same text as `parse_json(..).canonical()`, and the same input refused; a property test holds them together. What is
//! canonical already is taken as it is. Else members are written as they come, and put in order afterwards where they are not.

use std::borrow::Cow;
use std::ops::Range;

use jiter::{Jiter, JiterError, Peek};

use crate::model::{JSON_DEPTH_MAX, Json, JsonError, canonical_end, each_member, parse_json};

/// What the members of the outermost object may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Members {
    /// Any value.
    Any,
    /// Strings only.
    Strings,
}

/// Buffers that are used again for every value.
#[derive(Debug, Default)]
pub(super) struct Canonical {
    text: String,
    sorted: String,
    members: Vec<Member>,
    /// A member name with an escape was met: its place cannot be told from the text.
    escaped_name: bool,
}

/// A member that was written: where it stands, and its name within it.
#[derive(Debug, Clone)]
struct Member {
    whole: Range<usize>,
    name: Range<usize>,
}

impl Canonical {
    /// The canonical text of the object that begins at a place of a text, and where it ends there.
    ///
    /// # Errors
    /// As [`parse_json`], and if a member is not what it may be.
    pub(super) fn object<'t>(&mut self, text: &'t str, at: usize, allowed: Members) -> Result<(Cow<'t, str>, usize), JsonError> {
        let found = canonical_end(text, at).and_then(|end| text.get(at..end).zip(Some(end)));
        if let Some((object, end)) = found.filter(|(object, _)| allowed == Members::Any || holds_strings(object)) {
            return Ok((Cow::Borrowed(object), end));
        }
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        match self.write_anew(rest, allowed) {
            Ok(end) => Ok((Cow::Owned(self.text.clone()), at + end)),
            Err(error) => Err(JsonError { offset: at + error.offset, ..error }),
        }
    }

    /// Writes the object that begins a text; where it ends there.
    fn write_anew(&mut self, text: &[u8], allowed: Members) -> Result<usize, JsonError> {
        self.text.clear();
        self.members.clear();
        self.escaped_name = false;
        let mut jiter = Jiter::new(text);
        self.write_object(&mut jiter, JSON_DEPTH_MAX, allowed)?;
        if self.escaped_name {
            let value = parse_json(jiter.slice_to_current(0))?;
            self.text.clear();
            value.write(&mut self.text);
        }
        Ok(jiter.current_index())
    }

    fn write(&mut self, jiter: &mut Jiter<'_>, peek: Peek, depth: usize) -> Result<(), JsonError> {
        if depth == 0 {
            let message = format!("nesting is deeper than {JSON_DEPTH_MAX} levels");
            return Err(JsonError { offset: jiter.current_index(), message });
        }
        match peek {
            Peek::Null => {
                jiter.known_null().map_err(|error| syntax(jiter, &error))?;
                self.text.push_str("null");
            }
            Peek::True | Peek::False => {
                let value = jiter.known_bool(peek).map_err(|error| syntax(jiter, &error))?;
                self.text.push_str(if value { "true" } else { "false" });
            }
            Peek::String => match jiter.known_str() {
                Ok(text) => write_string(text, &mut self.text),
                Err(error) => return Err(syntax(jiter, &error)),
            },
            Peek::Array => self.write_array(jiter, depth)?,
            Peek::Object => self.write_object(jiter, depth, Members::Any)?,
            _ => self.write_number(jiter, peek)?,
        }
        Ok(())
    }

    fn write_number(&mut self, jiter: &mut Jiter<'_>, peek: Peek) -> Result<(), JsonError> {
        let start = jiter.current_index();
        let digits = match jiter.known_number_bytes(peek) {
            Ok(digits) => String::from_utf8_lossy(digits),
            Err(error) => return Err(syntax(jiter, &error)),
        };
        if !digits.ends_with(|last: char| last.is_ascii_digit()) {
            return Err(JsonError { offset: start, message: format!("expected a number, found {digits}") });
        }
        self.text.push_str(&digits);
        Ok(())
    }

    fn write_array(&mut self, jiter: &mut Jiter<'_>, depth: usize) -> Result<(), JsonError> {
        self.text.push('[');
        let mut next = jiter.known_array().map_err(|error| syntax(jiter, &error))?;
        while let Some(peek) = next {
            self.write(jiter, peek, depth - 1)?;
            next = jiter.array_step().map_err(|error| syntax(jiter, &error))?;
            if next.is_some() {
                self.text.push(',');
            }
        }
        self.text.push(']');
        Ok(())
    }

    fn write_object(&mut self, jiter: &mut Jiter<'_>, depth: usize, allowed: Members) -> Result<(), JsonError> {
        self.text.push('{');
        let (from, first_member) = (self.text.len(), self.members.len());
        let mut sorted = true;
        let mut is_first = true;
        loop {
            let step = if is_first { jiter.known_object() } else { jiter.next_key() };
            let at = match step {
                Ok(None) => break,
                Ok(Some(name)) => {
                    if !is_first {
                        self.text.push(',');
                    }
                    let at = self.text.len();
                    write_string(name, &mut self.text);
                    self.escaped_name |= self.text.len() - at != name.len() + 2;
                    at
                }
                Err(error) => return Err(syntax(jiter, &error)),
            };
            is_first = false;
            let name = at + 1..self.text.len() - 1;
            self.text.push(':');
            let peek = jiter.peek().map_err(|error| syntax(jiter, &error))?;
            if allowed == Members::Strings && peek != Peek::String {
                let name = self.text.get(name).unwrap_or_default();
                return Err(JsonError {
                    offset: jiter.current_index(),
                    message: format!("expected member {name:?} to be a string, found {}", kind(peek.into_inner()).unwrap_or("no value")),
                });
            }
            self.write(jiter, peek, depth - 1)?;
            sorted = sorted && self.is_after_last(first_member, &name);
            self.members.push(Member { whole: at..self.text.len(), name });
        }
        if !sorted {
            self.sort(from, first_member).map_err(|message| JsonError { offset: jiter.current_index(), message })?;
        }
        self.members.truncate(first_member);
        self.text.push('}');
        Ok(())
    }

    fn is_after_last(&self, first_member: usize, name: &Range<usize>) -> bool {
        let last = self.members.get(first_member..).and_then(<[Member]>::last);
        last.is_none_or(|last| self.text.get(last.name.clone()) < self.text.get(name.clone()))
    }

    /// Puts the members of one object, written from a place on, in order.
    fn sort(&mut self, from: usize, first_member: usize) -> Result<(), String> {
        let text = &self.text;
        let name = |member: &Member| text.get(member.name.clone()).unwrap_or_default();
        let members = self.members.get_mut(first_member..).unwrap_or_default();
        members.sort_by(|left, right| name(left).cmp(name(right)));
        let twice = members.windows(2).find_map(|pair| match pair {
            [left, right] if name(left) == name(right) => Some(name(left)),
            _ => None,
        });
        if let Some(name) = twice {
            return Err(format!("member {name:?} stands twice in one object"));
        }
        self.sorted.clear();
        for member in members {
            if !self.sorted.is_empty() {
                self.sorted.push(',');
            }
            self.sorted.push_str(text.get(member.whole.clone()).unwrap_or_default());
        }
        self.text.truncate(from);
        self.text.push_str(&self.sorted);
        Ok(())
    }
}

/// Whether all members of a canonical object are strings.
fn holds_strings(object: &str) -> bool {
    each_member(object, |member| member.value.starts_with('"').then_some(())).is_some()
}

/// What a value with this first byte is, for messages; `None` if no value begins like that.
pub(super) fn kind(first: u8) -> Option<&'static str> {
    match first {
        b'n' => Some("null"),
        b't' | b'f' => Some("a boolean"),
        b'"' => Some("a string"),
        b'[' => Some("an array"),
        b'{' => Some("an object"),
        b'-' | b'0'..=b'9' => Some("a number"),
        _ => None,
    }
}

/// An error of the reader without its own line number: there is one line.
pub(super) fn syntax(jiter: &Jiter<'_>, error: &JiterError) -> JsonError {
    JsonError { offset: error.index, message: error.description(jiter).split(" at line ").next().unwrap_or("not JSON").to_owned() }
}

fn write_string(text: &str, out: &mut String) {
    let escaped = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    // Without an early exit within a block, so that the compiler can compare many bytes at once.
    if text.as_bytes().chunks(32).any(|block| block.iter().fold(false, |found, byte| found | escaped(byte))) {
        Json::String(text.into()).write(out);
        return;
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}
