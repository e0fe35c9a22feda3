//! XML of an answer, piece by piece, with where in the body each is.
//!
//! Namespaces are left out: an element goes by its local name, as there are no two of one name in an answer. What is not
//! well formed, is cut off, or is larger than the limits is an error that says what was expected and found, and where.
//! A document type is one too: answers of AWS have none, and pages of proxies do.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::error::{Error, Result};

/// How large a body may be, so that a body that does not end is no end of the memory. The largest answers are those of
/// EC2 without pages: tens of megabytes for a hundred thousand snapshots.
const BODY_BYTES_MAX: usize = 256 << 20;
/// How many elements a body may have: each takes some hundred bytes of memory, however few it has on the wire.
const ELEMENTS_MAX: usize = 4_000_000;
/// How deep elements may be nested: answers have a dozen levels. Each gives at most two in JSON, so that half of what
/// JSON may have is left for the policies in them.
const DEPTH_MAX: usize = 32;

/// How much of an answer is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The size of the body.
    pub(super) body_bytes_max: usize,
    /// The number of elements.
    pub(super) elements_max: usize,
    /// The nesting of elements.
    pub(super) depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes_max: BODY_BYTES_MAX, elements_max: ELEMENTS_MAX, depth_max: DEPTH_MAX }
    }
}

/// An attribute: its whole name, and its value.
pub(super) type Attribute = (String, String);

/// One piece of an element's content.
#[derive(Debug)]
pub(super) enum Piece<'b> {
    /// An element in it starts; [`Xml::name`] is its name. Declarations of namespaces are no attributes.
    Start(Vec<Attribute>),
    /// Part of its text.
    Text(Cow<'b, str>),
    /// It ends; [`Xml::path`] is still its own until the next piece.
    End,
}

/// A body that is being read.
pub(super) struct Xml<'b> {
    reader: Reader<&'b [u8]>,
    limits: Limits,
    /// `/` and a name for each element that is open.
    path: String,
    depth: usize,
    elements: usize,
    /// Where the last piece starts, in bytes.
    offset: u64,
    /// The innermost element has ended, and is still in the path.
    ended: bool,
}

impl<'b> Xml<'b> {
    /// Starts to read a body.
    ///
    /// # Errors
    /// `Invalid` if it is too large, `Unavailable` if it is not UTF-8.
    pub(super) fn new(body: &'b [u8], limits: Limits) -> Result<Self> {
        let text = text_of(body, limits)?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { reader, limits, path: String::new(), depth: 0, elements: 0, offset: 0, ended: false })
    }

    /// The local name of the innermost element.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The names of the elements that are open, each after a `/`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Enters the root, which has this name or that of the operation: some emulators of S3 name it so.
    ///
    /// # Errors
    /// `Unavailable` if there is none or it has another name.
    pub(super) fn root(&mut self, name: &str, operation: &str) -> Result<Vec<Attribute>> {
        loop {
            match self.next()? {
                Piece::Start(attributes)
                    if self.name() == name
                        || self.name().strip_suffix("Response").is_some_and(|stem| operation.starts_with(stem) && !stem.is_empty()) =>
                {
                    return Ok(attributes);
                }
                Piece::Start(_) => {
                    let found = format!("<{}>", self.name());
                    self.leave();
                    return Err(self.broken(&format!("<{name}>"), &found));
                }
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(text) => return Err(self.broken(&format!("<{name}>"), &excerpt(&text))),
                Piece::End => return Err(self.broken(&format!("<{name}>"), "the end of the body")),
            }
        }
    }

    /// Makes sure that nothing follows the root.
    ///
    /// # Errors
    /// `Unavailable` if something does.
    pub(super) fn finish(mut self) -> Result<()> {
        loop {
            match self.next()? {
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(text) => return Err(self.broken("the end of the body", &excerpt(&text))),
                Piece::Start(_) => {
                    let found = format!("<{}>", self.name());
                    self.leave();
                    return Err(self.broken("the end of the body", &found));
                }
                Piece::End => return Ok(()),
            }
        }
    }

    /// The next piece of the innermost element; outside of the root `End` is the end of the body.
    ///
    /// # Errors
    /// `Unavailable` if the body is not well formed or ends inside an element, `Invalid` beyond a limit.
    pub(super) fn next(&mut self) -> Result<Piece<'b>> {
        if std::mem::take(&mut self.ended) {
            self.leave();
        }
        loop {
            self.offset = self.reader.buffer_position();
            let event = self.reader.read_event().map_err(|error| self.not_well_formed(&error, self.reader.error_position()))?;
            match event {
                Event::Start(start) => return self.enter(&start).map(Piece::Start),
                Event::End(_) => {
                    self.ended = true;
                    return Ok(Piece::End);
                }
                Event::Text(text) => return text.xml10_content().map(Piece::Text).map_err(|error| self.malformed(&error)),
                Event::CData(text) => return text.xml10_content().map(Piece::Text).map_err(|error| self.malformed(&error)),
                Event::GeneralRef(reference) => return self.resolve(&reference).map(Piece::Text),
                Event::DocType(_) => return Err(self.broken("an answer of AWS", "a document type, as of an HTML page")),
                Event::Eof if self.depth == 0 => return Ok(Piece::End),
                Event::Eof => return Err(self.broken(&format!("</{}>", self.name()), "the end of the body")),
                // `expand_empty_elements` makes two events of an empty one.
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// An error about the body at this place.
    pub(super) fn broken(&self, expected: &str, found: &str) -> Error {
        broken(expected, found, self.offset, &self.path)
    }

    fn enter(&mut self, start: &BytesStart<'_>) -> Result<Vec<Attribute>> {
        let name = String::from_utf8_lossy(start.local_name().into_inner()).into_owned();
        if name.is_empty() || !name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.')) {
            return Err(self.broken("an element", &excerpt(&format!("<{name}>"))));
        }
        if self.depth >= self.limits.depth_max {
            return Err(too_large(&format!("{} levels of elements", self.limits.depth_max), &self.path));
        }
        if self.elements >= self.limits.elements_max {
            return Err(too_large(&format!("{} elements", self.limits.elements_max), &self.path));
        }
        let attributes = if start.attributes_raw().is_empty() { Vec::new() } else { self.attributes(start)? };
        self.depth += 1;
        self.elements += 1;
        self.path.push('/');
        self.path.push_str(&name);
        Ok(attributes)
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.path.truncate(self.path.rfind('/').unwrap_or(0));
    }

    fn attributes(&self, start: &BytesStart<'_>) -> Result<Vec<Attribute>> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.malformed(&error))?;
            let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            if attribute.key.as_namespace_binding().is_none() {
                let value = attribute.unescape_value().map_err(|error| self.malformed(&error))?;
                attributes.push((name, value.into_owned()));
            }
        }
        Ok(attributes)
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<Cow<'b, str>> {
        if let Some(letter) = reference.resolve_char_ref().map_err(|error| self.malformed(&error))? {
            return Ok(Cow::Owned(letter.to_string()));
        }
        let name = reference.decode().map_err(|error| self.malformed(&error))?;
        match resolve_predefined_entity(&name) {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => Err(self.broken("one of XML's own entities", &format!("&{name};"))),
        }
    }

    fn malformed(&self, error: &dyn std::fmt::Display) -> Error {
        self.not_well_formed(error, self.offset)
    }

    fn not_well_formed(&self, error: &dyn std::fmt::Display, offset: u64) -> Error {
        broken("XML that is well formed", &format!("an error ({error})"), offset, &self.path)
    }
}

/// Whether a text is nothing but the space between elements.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// A body as text, without a byte order mark.
///
/// # Errors
/// As [`Xml::new`].
pub(super) fn text_of(body: &[u8], limits: Limits) -> Result<&str> {
    if body.len() > limits.body_bytes_max {
        return Err(too_large(&format!("{} bytes", limits.body_bytes_max), ""));
    }
    let text = std::str::from_utf8(body).map_err(|error| broken("UTF-8", "other bytes", error.valid_up_to() as u64, ""))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// An error about a body: what was expected and found, at which byte (from 0) and in which element.
pub(super) fn broken(expected: &str, found: &str, offset: u64, path: &str) -> Error {
    let place = if path.is_empty() { String::new() } else { format!(" in {path}") };
    Error::unavailable(format!("expected {expected}, found {found} at byte {}{place}", offset + 1))
        .with_hint("ask again; if it stays so, something between here and AWS answers in its place or changes what it answers")
}

/// The start of a text, for messages.
pub(super) fn excerpt(text: &str) -> String {
    const EXCERPT_CHARS_MAX: usize = 40;
    let text = text.trim();
    let start: String = text.chars().take(EXCERPT_CHARS_MAX).collect();
    let more = if start.len() < text.len() { ".." } else { "" };
    format!("{start:?}{more}")
}

fn too_large(limit: &str, path: &str) -> Error {
    let place = if path.is_empty() { String::new() } else { format!(" in {path}") };
    Error::invalid(format!("expected an answer of at most {limit}, found more{place}"))
        .with_hint("ask for less at once, by pages or filters")
}
