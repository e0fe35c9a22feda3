//! One line of the import format: read, checked and turned into what the store takes. Pure; runs on many threads.

use std::hash::BuildHasher;
use std::str::FromStr;
use std::sync::Arc;

use hashbrown::DefaultHashBuilder;
use jiter::{Jiter, Peek};

use super::canonical::{Canonical, Members, kind, syntax};
use super::convert::redact::{may_hold_secrets, redact};
use crate::error::Error;
use crate::model::{
    CanonicalJson, Content, CoverageStatus, JsonError, Observation, ResourceKey, Scope, ScopeReport, Sighting, Timestamp, TypeRulesSet,
    parse_json,
};

/// What a line says.
#[derive(Debug)]
pub(super) enum Line {
    /// A resource was seen.
    Observation(Seen),
    /// A scan begins.
    Started(Started),
    /// What the scan says about a scope.
    Scope(ScopeReport),
    /// The scan ends.
    Completed {
        /// When.
        at: Option<Timestamp>,
    },
}

/// An observation, with what the importer needs of it.
#[derive(Debug)]
pub(super) struct Seen {
    /// The observation.
    pub observation: Observation,
    /// A hash of its key, to find keys that come twice.
    pub key_hash: u64,
}

/// The beginning of a scan.
#[derive(Debug, Clone, Default)]
pub(super) struct Started {
    /// Its id, if it has one.
    pub scan_id: Option<String>,
    /// Its provider.
    pub provider: Option<String>,
    /// When it began.
    pub at: Option<Timestamp>,
}

/// How observations are read: the same for all lines of an import.
#[derive(Debug)]
pub(super) struct Rules {
    /// What is volatile, what is a set.
    pub types: TypeRulesSet,
    /// Secrets are replaced.
    pub redact: bool,
    /// Hashes keys.
    pub hasher: DefaultHashBuilder,
}

/// The fields of all kinds of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Field {
    Provider,
    AccountId,
    Region,
    ResourceType,
    ResourceId,
    NativeType,
    Arn,
    Name,
    State,
    CreatedAt,
    Tags,
    Properties,
    Change,
    ObservedAt,
    Scan,
    ScanId,
    At,
    Status,
    ErrorCode,
    Error,
}

use Field::{AccountId, Arn, At, Change, CreatedAt, ErrorCode, Name, NativeType, ObservedAt, Properties, Provider, Region};
use Field::{ResourceId, ResourceType, Scan, ScanId, State, Status, Tags};

/// Every field with its name.
const FIELDS: [(Field, &str); 20] = [
    (Provider, "provider"),
    (AccountId, "account_id"),
    (Region, "region"),
    (ResourceType, "resource_type"),
    (ResourceId, "resource_id"),
    (NativeType, "native_type"),
    (Arn, "arn"),
    (Name, "name"),
    (State, "state"),
    (CreatedAt, "created_at"),
    (Tags, "tags"),
    (Properties, "properties"),
    (Change, "change"),
    (ObservedAt, "observed_at"),
    (Scan, "scan"),
    (ScanId, "scan_id"),
    (At, "at"),
    (Status, "status"),
    (ErrorCode, "error_code"),
    (Field::Error, "error"),
];

const OBSERVATION_FIELDS: [Field; 14] =
    [Provider, AccountId, Region, ResourceType, ResourceId, NativeType, Arn, Name, State, CreatedAt, Tags, Properties, Change, ObservedAt];
const STARTED_FIELDS: [Field; 4] = [Scan, ScanId, Provider, At];
const SCOPE_FIELDS: [Field; 8] = [Scan, Provider, AccountId, Region, ResourceType, Status, ErrorCode, Field::Error];
const COMPLETED_FIELDS: [Field; 2] = [Scan, At];

impl Field {
    fn from_name(name: &str) -> Option<Self> {
        FIELDS.iter().find(|(_, known)| *known == name).map(|(field, _)| *field)
    }

    fn name(self) -> &'static str {
        FIELDS.get(self as usize).map_or("", |(_, name)| name)
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Reads lines one after the other; keeps its buffers.
#[derive(Debug)]
pub(super) struct LineParser<'r> {
    rules: &'r Rules,
    canonical: Canonical,
    texts: [Text; FIELDS.len()],
    seen: u32,
    tags: Option<CanonicalJson>,
    properties: Option<CanonicalJson>,
}

/// A string field of the line at hand.
#[derive(Debug, Default)]
struct Text {
    value: String,
    given: bool,
}

/// Why a line was refused.
type Refused = String;

impl<'r> LineParser<'r> {
    /// A reader under rules.
    pub(super) fn new(rules: &'r Rules) -> Self {
        Self { rules, canonical: Canonical::default(), texts: Default::default(), seen: 0, tags: None, properties: None }
    }

    /// Reads one line, which holds more than blanks.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(&mut self, line: &[u8]) -> Result<Line, Refused> {
        if let Err(error) = self.read(line) {
            return Err(match std::str::from_utf8(line) {
                Err(utf8) => format!("expected UTF-8, found byte 0x{:02x} at byte {}", bad_byte(line, utf8), utf8.valid_up_to() + 1),
                Ok(_) => error,
            });
        }
        if self.seen & Scan.bit() != 0 { self.steering() } else { self.observation() }
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Refused> {
        self.seen = 0;
        (self.tags, self.properties) = (None, None);
        self.texts.iter_mut().for_each(|text| text.given = false);
        let mut jiter = Jiter::new(line);
        let peek = jiter.peek().map_err(|error| not_json(&syntax(&jiter, &error)))?;
        if peek != Peek::Object {
            return Err(format!("expected a JSON object, found {}", kind(peek)));
        }
        let mut next = match jiter.known_object() {
            Ok(name) => name.map(field).transpose()?,
            Err(error) => return Err(not_json(&syntax(&jiter, &error))),
        };
        while let Some(field) = next {
            if self.seen & field.bit() != 0 {
                return Err(format!("field {:?} stands twice", field.name()));
            }
            self.seen |= field.bit();
            self.value(&mut jiter, field)?;
            next = match jiter.next_key() {
                Ok(name) => name.map(self::field).transpose()?,
                Err(error) => return Err(not_json(&syntax(&jiter, &error))),
            };
        }
        jiter.finish().map_err(|error| not_json(&syntax(&jiter, &error)))
    }

    fn value(&mut self, jiter: &mut Jiter<'_>, field: Field) -> Result<(), Refused> {
        let peek = jiter.peek().map_err(|error| not_json(&syntax(jiter, &error)))?;
        match (field, peek) {
            (_, Peek::Null) => jiter.known_null().map_err(|error| not_json(&syntax(jiter, &error))),
            (Tags, Peek::Object) => {
                let text = self.canonical.object(jiter, Members::Strings).map_err(|error| format!("field \"tags\": {error}"))?;
                self.tags = Some(CanonicalJson::from_stored(text));
                Ok(())
            }
            (Properties, Peek::Object) => {
                let text = self.canonical.object(jiter, Members::Any).map_err(|error| not_json(&error))?;
                self.properties = Some(CanonicalJson::from_stored(text));
                Ok(())
            }
            (Tags | Properties, _) => Err(format!("expected field {:?} to be an object, found {}", field.name(), kind(peek))),
            (_, Peek::String) => {
                let text = jiter.known_str().map(|text| self.texts.get_mut(field as usize).map(|slot| slot.set(text)));
                text.map(drop).map_err(|error| not_json(&syntax(jiter, &error)))
            }
            _ => Err(format!("expected field {:?} to be a string, found {}", field.name(), kind(peek))),
        }
    }

    fn text(&self, field: Field) -> Option<&str> {
        self.texts.get(field as usize).filter(|text| text.given).map(|text| text.value.as_str())
    }

    fn boxed(&self, field: Field) -> Option<Box<str>> {
        self.text(field).map(Box::from)
    }

    fn required(&self, field: Field) -> Result<&str, Refused> {
        self.text(field).ok_or_else(|| format!("field {:?} is missing", field.name()))
    }

    fn time(&self, field: Field) -> Result<Option<Timestamp>, Refused> {
        self.text(field).map(|text| Timestamp::parse(text).map_err(|error| format!("field {:?}: {error}", field.name()))).transpose()
    }

    /// Refuses fields that a kind of line does not have.
    fn only(&self, allowed: &[Field], kind: &str) -> Result<(), Refused> {
        let known = allowed.iter().fold(0, |bits, field| bits | field.bit());
        match FIELDS.iter().find(|(field, _)| self.seen & field.bit() & !known != 0) {
            None => Ok(()),
            Some((_, name)) => Err(format!("unknown field {name:?} in {kind}")),
        }
    }

    fn steering(&self) -> Result<Line, Refused> {
        let owned = |field| self.text(field).map(str::to_owned);
        match self.required(Scan)? {
            "started" => {
                self.only(&STARTED_FIELDS, "a `started` line")?;
                if self.text(ScanId) == Some("") {
                    return Err("field \"scan_id\" is empty".to_owned());
                }
                Ok(Line::Started(Started { scan_id: owned(ScanId), provider: owned(Provider), at: self.time(At)? }))
            }
            "scope" => {
                self.only(&SCOPE_FIELDS, "a `scope` line")?;
                let parts = [self.required(Provider)?, self.required(AccountId)?, self.required(Region)?, self.required(ResourceType)?];
                let scope = Scope::new(parts[0], parts[1], parts[2], parts[3]).map_err(|error| reason(&error))?;
                let status = CoverageStatus::from_str(self.required(Status)?).map_err(|error| format!("field \"status\": {error}"))?;
                let errors = (owned(ErrorCode), owned(Field::Error));
                Ok(Line::Scope(ScopeReport { error_code: errors.0, error: errors.1, ..ScopeReport::new(scope, status) }))
            }
            "completed" => {
                self.only(&COMPLETED_FIELDS, "a `completed` line")?;
                Ok(Line::Completed { at: self.time(At)? })
            }
            other => Err(format!("expected \"scan\" to be started, scope or completed, found {other:?}")),
        }
    }

    fn observation(&mut self) -> Result<Line, Refused> {
        self.only(&OBSERVATION_FIELDS, "an observation")?;
        let resource_type = self.required(ResourceType)?;
        let parts =
            [self.required(Provider)?, self.required(AccountId)?, self.required(Region)?, resource_type, self.required(ResourceId)?];
        let key = ResourceKey::new(parts[0], parts[1], parts[2], parts[3], parts[4]).map_err(|error| reason(&error))?;
        let observed_at = self.time(ObservedAt)?;
        let created_at = self.time(CreatedAt)?;
        let sighting = match self.text(Change) {
            Some("deleted") => Sighting::Deleted,
            Some(other) => return Err(format!("expected \"change\" to be deleted or not there, found {other:?}")),
            None => {
                let properties = self.properties.take().unwrap_or_else(CanonicalJson::empty_object);
                let content = Content {
                    native_type: self.boxed(NativeType),
                    arn: self.boxed(Arn),
                    name: self.boxed(Name),
                    state: self.boxed(State),
                    created_at,
                    tags: self.tags.take(),
                    properties,
                };
                present(content, key.resource_type(), self.rules)
            }
        };
        let key_hash = self.rules.hasher.hash_one(key.as_str());
        Ok(Line::Observation(Seen { observation: Observation { key, sighting, observed_at }, key_hash }))
    }
}

impl Text {
    fn set(&mut self, text: &str) {
        self.value.clear();
        self.value.push_str(text);
        self.given = true;
    }
}

/// A sighting of a content: secrets replaced, hashed under the rules of its type.
///
/// The hash is that of [`Content::hash`] under the type's rules; where there are any, the properties are read once for
/// both, since this runs for every line.
pub(super) fn present(mut content: Content, resource_type: &str, rules: &Rules) -> Sighting {
    let secret = rules.redact && may_hold_secrets(resource_type, content.properties.as_str());
    let comparing = rules.types.comparing(resource_type);
    if !secret && comparing.is_none() {
        let hash = content.hash(None);
        return Sighting::Present(Arc::new(content), hash);
    }
    let Ok(mut value) = parse_json(content.properties.as_str().as_bytes()) else {
        let hash = content.hash(comparing);
        return Sighting::Present(Arc::new(content), hash);
    };
    if secret && redact(resource_type, &mut value) > 0 {
        content.properties = value.canonical();
    }
    let Some(comparing) = comparing else {
        let hash = content.hash(None);
        return Sighting::Present(Arc::new(content), hash);
    };
    let comparable = comparing.comparable("/properties", value).canonical();
    let properties = std::mem::replace(&mut content.properties, comparable);
    let hash = content.hash(None);
    content.properties = properties;
    Sighting::Present(Arc::new(content), hash)
}

fn field(name: &str) -> Result<Field, Refused> {
    Field::from_name(name).ok_or_else(|| format!("unknown field {name:?}"))
}

fn not_json(error: &JsonError) -> Refused {
    format!("not JSON that can be taken: {error}")
}

fn reason(error: &Error) -> Refused {
    error.message().to_owned()
}

fn bad_byte(line: &[u8], error: std::str::Utf8Error) -> u8 {
    line.get(error.valid_up_to()).copied().unwrap_or_default()
}
