//! The table of shapes: for each operation what its answer is on the wire, and for each element of it what it becomes.
//!
//! `data/aws/shapes.json` is part of the program. It is read once, when the first operation is looked up, and checked as
//! a whole: after that each type in it leads to a shape. `data/aws/generate_shapes.py` makes it, and says what is in it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::service::Service;
use crate::error::{Error, Result};

const TABLE: &str = include_str!("../../../data/aws/shapes.json");

/// One operation of one service: how it is asked, and how its answer is read.
#[derive(Debug, Clone)]
pub struct Operation {
    service: Arc<Service>,
    name: Box<str>,
    path: Option<Box<str>>,
    answer: Answer,
    headers: BTreeMap<Box<str>, Box<str>>,
    shapes: Arc<[Shape]>,
}

impl Operation {
    /// Looks up an operation by the service's name in the AWS command line and by its own: `ec2`, `DescribeVpcs`.
    ///
    /// # Errors
    /// `NotFound` if the table has no such operation. `Internal` if the table cannot be read.
    pub fn find(service: &str, name: &str) -> Result<&'static Operation> {
        let found = Self::all()?.iter().find(|operation| (operation.service(), &*operation.name) == (service, name));
        found.ok_or_else(|| {
            let hint = "list the operation in data/aws/generate_shapes.py and run it";
            Error::not_found(format!("the table of shapes has no operation {service} {name}")).with_hint(hint)
        })
    }

    /// All operations, by service and name.
    ///
    /// # Errors
    /// `Internal` if the table cannot be read.
    pub fn all() -> Result<&'static [Operation]> {
        static OPERATIONS: OnceLock<Result<Vec<Operation>, String>> = OnceLock::new();
        OPERATIONS.get_or_init(|| read_table(TABLE)).as_deref().map_err(|error| Error::internal(error.as_str()))
    }

    /// The service's name in the AWS command line: `ec2`.
    pub fn service(&self) -> &str {
        &self.service.name
    }

    pub(super) fn of_service(&self) -> &Service {
        &self.service
    }

    /// What is asked, of a service that tells operations apart by it, with `{Member}` for members of the request.
    pub(super) fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The permission to call it.
    pub(super) fn permission(&self) -> String {
        format!("{}:{}", self.service.signing, self.name)
    }

    /// The operation's name in AWS's reference: `DescribeVpcs`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Members of the answer that are not in its body: their name, and that of the HTTP header that holds the text.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(member, header)| (&**member, &**header))
    }

    pub(super) fn answer(&self) -> &Answer {
        &self.answer
    }

    pub(super) fn shape(&self, id: ShapeId) -> Result<&Shape> {
        self.shapes.get(id.0).ok_or_else(|| Error::internal(format!("the table of shapes has no shape {}", id.0)))
    }
}

/// What the body of an answer is.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// XML of known shape.
    Element {
        /// The element that it is.
        root: Box<str>,
        /// The element in the root that holds the result; without one the root does.
        wrapper: Option<Box<str>>,
        /// The member of the answer that the result is; without one the result is the whole answer.
        payload: Option<Box<str>>,
        /// The result.
        output: Kind,
    },
    /// XML whose root holds nothing but text.
    Text {
        /// The element that it is.
        root: Box<str>,
        /// The member that the text is; null if there is none.
        member: Box<str>,
    },
    /// A JSON document, which is one member of the answer, as text.
    Document {
        /// The member.
        member: Box<str>,
    },
    /// JSON: the answer itself.
    Json,
}

/// Where a shape is in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShapeId(usize);

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Integer,
    Float,
    Boolean,
    /// Base64 text.
    Blob,
    /// ISO 8601 text.
    Timestamp,
    /// Percent-encoded JSON.
    Policy,
    /// Holds others.
    Shape(ShapeId),
}

/// A type that holds others.
#[derive(Debug)]
pub(super) enum Shape {
    /// Members by their name on the wire; that of an attribute starts with `@`.
    Structure(BTreeMap<Box<str>, Member>),
    /// Elements of one name.
    List {
        /// The name.
        item: Box<str>,
        /// What each is.
        kind: Kind,
    },
    /// Entries of a key and a value.
    Map {
        /// The element that holds the key, a string.
        key: Box<str>,
        /// The element that holds the value.
        value: Box<str>,
        /// What the value is.
        kind: Kind,
    },
}

/// One member of a structure.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name in JSON.
    pub(super) name: Box<str>,
    /// What it is, or each of its elements.
    pub(super) kind: Kind,
    /// It is a list without an element of its own: the member itself stands as often as the list is long.
    pub(super) flattened: bool,
}

#[derive(Deserialize)]
struct TableText {
    #[serde(default)]
    suffixes: BTreeMap<Box<str>, Box<str>>,
    services: BTreeMap<Box<str>, ServiceText>,
}

#[derive(Deserialize)]
struct ServiceText {
    #[serde(flatten)]
    service: Service,
    operations: BTreeMap<Box<str>, OperationText>,
    shapes: BTreeMap<Box<str>, ShapeText>,
}

#[derive(Deserialize)]
struct OperationText {
    path: Option<Box<str>>,
    root: Option<Box<str>>,
    wrapper: Option<Box<str>>,
    payload: Option<Box<str>>,
    output: Option<Box<str>>,
    text: Option<Box<str>>,
    body: Option<Box<str>>,
    #[serde(default)]
    headers: BTreeMap<Box<str>, Box<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ShapeText {
    Members(BTreeMap<Box<str>, Box<str>>),
    List([Box<str>; 2]),
    Map([Box<str>; 4]),
}

/// Reads and checks a table.
pub(super) fn read_table(text: &str) -> Result<Vec<Operation>, String> {
    let table: TableText = serde_json::from_str(text).map_err(|error| format!("the table of shapes cannot be read: {error}"))?;
    let (mut operations, suffixes) = (Vec::new(), Arc::new(table.suffixes));
    for (name, text) in table.services {
        let mut service = text.service;
        service.name.clone_from(&name);
        service.suffixes = Arc::clone(&suffixes);
        read_service(Arc::new(service), text.operations, text.shapes, &mut operations)
            .map_err(|error| format!("the table of shapes, service {name}: {error}"))?;
    }
    Ok(operations)
}

fn read_service(
    service: Arc<Service>,
    named: BTreeMap<Box<str>, OperationText>,
    shapes: BTreeMap<Box<str>, ShapeText>,
    operations: &mut Vec<Operation>,
) -> Result<(), String> {
    let names: BTreeMap<&str, ShapeId> = shapes.keys().enumerate().map(|(at, name)| (&**name, ShapeId(at))).collect();
    let shapes: Result<Vec<Shape>, String> = shapes.values().map(|shape| read_shape(shape, &names)).collect();
    let shapes: Arc<[Shape]> = shapes?.into();
    for (name, operation) in named {
        let (path, headers) = (operation.path.clone(), operation.headers.clone());
        let answer = read_answer(&service.protocol, operation, &names).map_err(|error| format!("{name}: {error}"))?;
        operations.push(Operation { service: Arc::clone(&service), name, path, answer, headers, shapes: Arc::clone(&shapes) });
    }
    Ok(())
}

fn read_answer(protocol: &str, text: OperationText, names: &BTreeMap<&str, ShapeId>) -> Result<Answer, String> {
    match (text.root, text.output, text.text, text.body) {
        (Some(root), Some(output), None, None) => {
            let output = read_kind(&output, names)?;
            Ok(Answer::Element { root, wrapper: text.wrapper, payload: text.payload, output })
        }
        (Some(root), None, Some(member), None) => Ok(Answer::Text { root, member }),
        (None, None, None, Some(member)) => Ok(Answer::Document { member }),
        (None, None, None, None) if matches!(protocol, "json" | "rest-json") => Ok(Answer::Json),
        _ => Err("expected root and output, root and text, or body".to_owned()),
    }
}

fn read_shape(text: &ShapeText, names: &BTreeMap<&str, ShapeId>) -> Result<Shape, String> {
    match text {
        ShapeText::Members(members) => {
            let members = members.iter().map(|(wire, text)| Ok((wire.clone(), read_member(wire, text, names)?)));
            members.collect::<Result<_, String>>().map(Shape::Structure)
        }
        ShapeText::List([item, kind]) => Ok(Shape::List { item: item.clone(), kind: read_kind(kind, names)? }),
        ShapeText::Map([key, key_kind, value, kind]) => match read_kind(key_kind, names)? {
            Kind::String => Ok(Shape::Map { key: key.clone(), value: value.clone(), kind: read_kind(kind, names)? }),
            _ => Err(format!("expected keys that are strings, found {key_kind}")),
        },
    }
}

fn read_member(wire: &str, text: &str, names: &BTreeMap<&str, ShapeId>) -> Result<Member, String> {
    let (name, kind) = text.split_once(' ').unwrap_or((wire, text));
    let (kind, flattened) = kind.strip_suffix("[]").map_or((kind, false), |kind| (kind, true));
    Ok(Member { name: name.into(), kind: read_kind(kind, names)?, flattened })
}

fn read_kind(name: &str, names: &BTreeMap<&str, ShapeId>) -> Result<Kind, String> {
    match name {
        "string" => Ok(Kind::String),
        "integer" => Ok(Kind::Integer),
        "float" => Ok(Kind::Float),
        "boolean" => Ok(Kind::Boolean),
        "blob" => Ok(Kind::Blob),
        "timestamp" => Ok(Kind::Timestamp),
        "policy" => Ok(Kind::Policy),
        shape => names.get(shape).copied().map(Kind::Shape).ok_or_else(|| format!("no shape {shape:?}")),
    }
}
