//! Goes through the body of an answer by the shapes of its operation, and makes the JSON of it that the AWS command line
//! prints.
//!
//! - What is absent on the wire is absent, an empty list is `[]`, an empty structure `{}`, an empty string `""`.
//! - Request ids are left out.
//! - An element that the shape does not know is kept under its name on the wire, and reported: text as a string, elements
//!   as an object, a list of `item` or `member` as an array.
//! - A text that does not fit its type is kept as a string, elements in place of a text as an object; both are reported.
//! - A member that stands several times and is no list is an array of all its values, and reported.
//!
//! Reported and not kept: attributes that no shape knows, and text between elements.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::scalar::read_scalar;
use super::shapes::{Answer, Kind, Member, Operation, Shape};
use super::xml::{Attribute, Limits, Piece, Xml, broken, excerpt, is_blank, text_of};
use crate::error::Result;
use crate::model::{Json, parse_json};

/// Elements beside the result that say which request it answers.
const ENVELOPE: [&str; 2] = ["ResponseMetadata", "requestId"];
/// What the elements of a list are named.
const LIST_ITEMS: [&str; 2] = ["item", "member"];

/// One answer as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The answer, an object.
    pub document: Json,
    /// What the table of shapes does not know, sorted and counted.
    pub unknown: Vec<Unknown>,
}

/// Something that the table of shapes does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// Where it stands on the wire: the names of the elements from the root on, each after a `/`.
    pub path: String,
    /// What it is.
    pub what: What,
    /// How often it stands there.
    pub count: usize,
}

/// What is not as the table of shapes says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// An element, kept under its name on the wire.
    Element,
    /// A value that does not fit its type, kept as it is on the wire.
    Value,
    /// A member that is no list and stands again, kept as an array.
    Repeated,
    /// An attribute, not kept.
    Attribute,
    /// Text between elements, not kept.
    Text,
}

/// Decodes the body of the answer to an operation.
///
/// # Errors
/// `Unavailable` if the body is not an answer to this operation: not well formed, cut off, another document. `Invalid` if
/// it is larger than the limits of what is read.
pub fn decode(operation: &Operation, body: &[u8]) -> Result<Decoded> {
    decode_within(operation, body, Limits::default())
}

/// As [`decode`], within other limits.
pub(super) fn decode_within(operation: &Operation, body: &[u8], limits: Limits) -> Result<Decoded> {
    let decoded = match operation.answer() {
        Answer::Element { root, wrapper, payload, output } => {
            Walk::new(operation, body, limits).and_then(|walk| walk.answer(root, wrapper.as_deref(), payload.as_deref(), *output))
        }
        Answer::Text { root, member } => Walk::new(operation, body, limits).and_then(|walk| walk.text(root, member)),
        Answer::Document { member } => document(body, limits).map(|(text, _)| known(object(member, Json::String(text.into())))),
        Answer::Json => document(body, limits).map(|(_, answer)| known(without_nulls(answer))),
    };
    decoded.map_err(|error| error.context(format!("the answer to {} {}", operation.service(), operation.name())))
}

/// A walk through one body.
struct Walk<'o, 'b> {
    operation: &'o Operation,
    xml: Xml<'b>,
    unknown: BTreeMap<(String, What), usize>,
}

impl<'o, 'b> Walk<'o, 'b> {
    fn new(operation: &'o Operation, body: &'b [u8], limits: Limits) -> Result<Self> {
        Ok(Self { operation, xml: Xml::new(body, limits)?, unknown: BTreeMap::new() })
    }

    fn answer(mut self, root: &str, wrapper: Option<&str>, payload: Option<&str>, output: Kind) -> Result<Decoded> {
        let attributes = self.xml.root(root, self.operation.name())?;
        let result = match wrapper {
            Some(wrapper) => self.wrapped(&attributes, wrapper, output)?,
            None => self.value(&attributes, output)?,
        };
        if !matches!(result, Json::Object(_)) {
            return Err(self.xml.broken("elements", "nothing but text"));
        }
        let document = match payload {
            Some(payload) => object(payload, result),
            None => result,
        };
        self.finish(document)
    }

    fn text(mut self, root: &str, member: &str) -> Result<Decoded> {
        let attributes = self.xml.root(root, self.operation.name())?;
        let text = match self.value(&attributes, Kind::String)? {
            Json::String(text) if text.is_empty() => Json::Null,
            text => text,
        };
        self.finish(object(member, text))
    }

    fn finish(self, document: Json) -> Result<Decoded> {
        self.xml.finish()?;
        let unknown = self.unknown.into_iter().map(|((path, what), count)| Unknown { path, what, count }).collect();
        Ok(Decoded { document, unknown })
    }

    /// The root's content: the result in its wrapper, and what stands beside it.
    fn wrapped(&mut self, attributes: &[Attribute], wrapper: &str, output: Kind) -> Result<Json> {
        self.unknown_attributes(attributes);
        let (mut result, mut beside, mut text) = (None, Members::default(), String::new());
        while let Some(attributes) = self.element(&mut text)? {
            if self.xml.name() == wrapper && result.is_none() {
                result = Some(self.value(&attributes, output)?);
            } else {
                self.unknown_element(&BTreeMap::new(), &mut beside)?;
            }
        }
        self.text_beside(text, false);
        match result {
            Some(Json::Object(members)) => Ok(Json::object(beside.values.into_iter().chain(members))),
            Some(other) => Ok(other),
            None => Err(self.xml.broken(&format!("<{wrapper}>"), "the end of the answer")),
        }
    }

    /// The element that was entered last, by its type.
    fn value(&mut self, attributes: &[Attribute], kind: Kind) -> Result<Json> {
        let Kind::Shape(id) = kind else {
            self.unknown_attributes(attributes);
            return self.scalar(kind);
        };
        match self.operation.shape(id)? {
            Shape::Structure(known) => self.structure(attributes, known),
            Shape::List { item, kind } => {
                self.unknown_attributes(attributes);
                self.list(item, *kind)
            }
            Shape::Map { key, value, kind } => {
                self.unknown_attributes(attributes);
                self.map(key, value, *kind)
            }
        }
    }

    fn scalar(&mut self, kind: Kind) -> Result<Json> {
        let content = self.untyped()?;
        if let Some(value) = content.as_str().and_then(|text| read_scalar(kind, text)) {
            return Ok(value);
        }
        self.report(What::Value);
        Ok(content)
    }

    fn structure(&mut self, attributes: &[Attribute], known: &BTreeMap<Box<str>, Member>) -> Result<Json> {
        let (mut members, mut text) = (Members::default(), String::new());
        for attribute in attributes {
            match member_of_attribute(known, &attribute.0) {
                Some(member) => members.add(&member.name, Json::String(attribute.1.as_str().into())),
                None => self.unknown_attributes(std::slice::from_ref(attribute)),
            }
        }
        while let Some(attributes) = self.element(&mut text)? {
            match known.get(self.xml.name()) {
                Some(member) => self.member(&attributes, member, &mut members)?,
                None => self.unknown_element(known, &mut members)?,
            }
        }
        Ok(self.text_beside(text, members.values.is_empty()).unwrap_or_else(|| members.into_object()))
    }

    fn member(&mut self, attributes: &[Attribute], member: &Member, members: &mut Members) -> Result<()> {
        if !member.flattened && members.values.contains_key(&member.name) {
            self.report(What::Repeated);
        }
        let value = self.value(attributes, member.kind)?;
        if member.flattened {
            members.push(&member.name, value);
        } else {
            members.add(&member.name, value);
        }
        Ok(())
    }

    /// A list: whatever its elements are called, they are its items.
    fn list(&mut self, item: &str, kind: Kind) -> Result<Json> {
        let (mut values, mut text) = (Vec::new(), String::new());
        while let Some(attributes) = self.element(&mut text)? {
            if self.xml.name() != item {
                self.report(What::Element);
            }
            values.push(self.value(&attributes, kind)?);
        }
        Ok(self.text_beside(text, values.is_empty()).unwrap_or(Json::Array(values)))
    }

    fn map(&mut self, key: &str, value: &str, kind: Kind) -> Result<Json> {
        let (mut entries, mut text) = (Members::default(), String::new());
        while self.element(&mut text)?.is_some() {
            let (name, value) = self.map_entry(key, value, kind)?;
            if entries.values.contains_key(name.as_str()) {
                self.report(What::Repeated);
            }
            entries.add(&name, value);
        }
        Ok(self.text_beside(text, entries.values.is_empty()).unwrap_or_else(|| entries.into_object()))
    }

    /// One entry of a map; without a key it goes by `""`, without a value it is null.
    fn map_entry(&mut self, key: &str, value: &str, kind: Kind) -> Result<(String, Json)> {
        let (mut found_key, mut found_value, mut text) = (None, None, String::new());
        while let Some(attributes) = self.element(&mut text)? {
            match self.xml.name() {
                name if name == key => found_key = self.value(&attributes, Kind::String)?.as_str().map(str::to_owned),
                name if name == value => found_value = Some(self.value(&attributes, kind)?),
                _ => {
                    self.report(What::Element);
                    self.untyped()?;
                }
            }
        }
        self.text_beside(text, false);
        if found_key.is_none() || found_value.is_none() {
            self.report(What::Value);
        }
        Ok((found_key.unwrap_or_default(), found_value.unwrap_or(Json::Null)))
    }

    /// An element that a structure does not know, unless it only says which request is answered.
    fn unknown_element(&mut self, known: &BTreeMap<Box<str>, Member>, members: &mut Members) -> Result<()> {
        if self.xml.depth() == 2 && ENVELOPE.contains(&self.xml.name()) {
            return self.untyped().map(drop);
        }
        self.report(What::Element);
        let mut name = self.xml.name().to_owned();
        // A name on the wire may be the JSON name of another member.
        if known.values().any(|member| *member.name == *name) {
            name.insert_str(0, "wire:");
        }
        let value = self.untyped()?;
        members.add(&name, value);
        Ok(())
    }

    /// The content of an element of no known type.
    fn untyped(&mut self) -> Result<Json> {
        let (mut elements, mut text) = (Vec::new(), String::new());
        while self.element(&mut text)?.is_some() {
            let name = self.xml.name().to_owned();
            elements.push((name, self.untyped()?));
        }
        if elements.is_empty() {
            return Ok(Json::String(text.into()));
        }
        self.text_beside(text, false);
        let is_list = LIST_ITEMS.iter().any(|item| elements.iter().all(|(name, _)| name == item));
        if is_list {
            return Ok(Json::Array(elements.into_iter().map(|(_, value)| value).collect()));
        }
        let mut members = Members::default();
        for (name, value) in elements {
            members.add(&name, value);
        }
        Ok(members.into_object())
    }

    /// Enters the next element inside the innermost one; `None` at its end. Text on the way is added.
    fn element(&mut self, text: &mut String) -> Result<Option<Vec<Attribute>>> {
        loop {
            match self.xml.next()? {
                Piece::Start(attributes) => return Ok(Some(attributes)),
                Piece::Text(part) => text.push_str(&part),
                Piece::End => return Ok(None),
            }
        }
    }

    /// What becomes of text where elements are expected: the value, if there is nothing else.
    fn text_beside(&mut self, text: String, alone: bool) -> Option<Json> {
        if is_blank(&text) {
            return None;
        }
        self.report(if alone { What::Value } else { What::Text });
        alone.then(|| Json::String(text.into()))
    }

    fn unknown_attributes(&mut self, attributes: &[Attribute]) {
        for (name, _) in attributes {
            let path = format!("{}/@{name}", self.xml.path());
            *self.unknown.entry((path, What::Attribute)).or_default() += 1;
        }
    }

    fn report(&mut self, what: What) {
        *self.unknown.entry((self.xml.path().to_owned(), what)).or_default() += 1;
    }
}

/// The members of one object while they are read.
#[derive(Default)]
struct Members {
    values: BTreeMap<Box<str>, Json>,
    /// Those that are arrays because they stood several times.
    repeated: Vec<Box<str>>,
}

impl Members {
    /// Adds a value; of several with one name it makes an array.
    fn add(&mut self, name: &str, value: Json) {
        match self.values.entry(name.into()) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Json::Array(values) if self.repeated.iter().any(|repeated| **repeated == *name) => values.push(value),
                first => {
                    let first_value = std::mem::replace(first, Json::Null);
                    *first = Json::Array(vec![first_value, value]);
                    self.repeated.push(name.into());
                }
            },
        }
    }

    /// Adds a value to an array.
    fn push(&mut self, name: &str, value: Json) {
        match self.values.entry(name.into()).or_insert_with(|| Json::Array(Vec::new())) {
            Json::Array(values) => values.push(value),
            other => *other = Json::Array(vec![value]),
        }
    }

    fn into_object(self) -> Json {
        Json::Object(self.values.into_iter().collect())
    }
}

/// The member that an attribute is, whichever prefix its namespace has.
fn member_of_attribute<'m>(known: &'m BTreeMap<Box<str>, Member>, name: &str) -> Option<&'m Member> {
    let (_, local) = name.split_once(':')?;
    let same = |wire: &str| wire.starts_with('@') && wire.split_once(':').is_some_and(|(_, of_wire)| of_wire == local);
    known.iter().find(|(wire, _)| same(wire)).map(|(_, member)| member)
}

/// A body that is a JSON object: its text, and the object.
fn document(body: &[u8], limits: Limits) -> Result<(&str, Json)> {
    let text = text_of(body, limits)?;
    let json = parse_json(text.as_bytes()).map_err(|error| {
        let found = format!("{} (the body starts with {})", error.message, excerpt(text));
        broken("a JSON document", &found, error.offset as u64, "")
    })?;
    match json {
        Json::Object(_) => Ok((text, json)),
        other => Err(broken("a JSON object", other.kind(), 0, "")),
    }
}

/// Without the members of objects that are null: the command line prints none of them.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| *value != Json::Null);
            Json::Object(members.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Json::Array(values) => Json::Array(values.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

fn object(member: &str, value: Json) -> Json {
    Json::Object(vec![(member.into(), value)])
}

fn known(document: Json) -> Decoded {
    Decoded { document, unknown: Vec::new() }
}
