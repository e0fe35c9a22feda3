//! The JSON text of a line, read from left to right; what can be is borrowed from it.

use std::borrow::Cow;

use jiter::Jiter;

use super::canonical::{Canonical, Members, syntax};
use crate::model::{JsonError, plain_string};

/// A text and a place in it.
#[derive(Debug)]
pub(super) struct JsonText<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> JsonText<'t> {
    /// Stands at the beginning of a text.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The first byte of what comes next, blanks passed over; `None` at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Passes over a byte, if it comes next.
    pub(super) fn passes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads the string that comes next, if it holds no escapes and nothing is wrong with it.
    pub(super) fn plain_string(&mut self) -> Option<&'t str> {
        let plain = plain_string(self.text, self.at)?;
        self.at += plain.len() + 2;
        Some(plain)
    }

    /// Reads the string that comes next.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn string(&mut self) -> Result<String, JsonError> {
        self.read(|jiter| jiter.next_str().map(str::to_owned))
    }

    /// Reads the `null` that comes next.
    ///
    /// # Errors
    /// If it is something else.
    pub(super) fn null(&mut self) -> Result<(), JsonError> {
        self.read(Jiter::next_null)
    }

    /// Reads the object that comes next, as canonical text: that of the line where it is canonical.
    ///
    /// # Errors
    /// As [`Canonical::object`].
    pub(super) fn object(&mut self, canonical: &mut Canonical, allowed: Members) -> Result<Cow<'t, str>, JsonError> {
        let (object, end) = canonical.object(self.text, self.at, allowed)?;
        self.at = end;
        Ok(object)
    }

    /// That something else comes next than was expected.
    pub(super) fn expected(&mut self, expected: &str) -> JsonError {
        let found = match self.peek() {
            Some(_) => self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or_else(String::new, |found| format!("{found:?}")),
            None => "the end of the line".to_owned(),
        };
        JsonError { offset: self.at, message: format!("expected {expected}, found {found}") }
    }

    fn read<T>(&mut self, value: impl FnOnce(&mut Jiter<'t>) -> Result<T, jiter::JiterError>) -> Result<T, JsonError> {
        let mut jiter = Jiter::new(self.text.as_bytes().get(self.at..).unwrap_or_default());
        let read = value(&mut jiter).map_err(|error| syntax(&jiter, &error));
        let read = read.map_err(|error| JsonError { offset: self.at + error.offset, ..error })?;
        self.at += jiter.current_index();
        Ok(read)
    }
}
