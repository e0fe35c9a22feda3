//! One line of the import format: read, checked and turned into what the store takes. Pure; runs on many threads.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::str::FromStr;
use std::sync::Arc;

use super::canonical::{Canonical, Members, kind};
use super::json_text::JsonText;
use super::rules::{Rules, RulesOfType};
use crate::error::Error;
use crate::model::{
    CanonicalJson, Content, CoverageStatus, JsonError, Observation, ResourceKey, Scope, ScopeReport, Sighting, Text, Timestamp,
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

const FIELDS: [Field; 20] = [
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
    Field::Error,
];
const OBSERVATION_FIELDS: [Field; 14] =
    [Provider, AccountId, Region, ResourceType, ResourceId, NativeType, Arn, Name, State, CreatedAt, Tags, Properties, Change, ObservedAt];
const STARTED_FIELDS: [Field; 4] = [Scan, ScanId, Provider, At];
const SCOPE_FIELDS: [Field; 8] = [Scan, Provider, AccountId, Region, ResourceType, Status, ErrorCode, Field::Error];
const COMPLETED_FIELDS: [Field; 2] = [Scan, At];

impl Field {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "provider" => Provider,
            "account_id" => AccountId,
            "region" => Region,
            "resource_type" => ResourceType,
            "resource_id" => ResourceId,
            "native_type" => NativeType,
            "arn" => Arn,
            "name" => Name,
            "state" => State,
            "created_at" => CreatedAt,
            "tags" => Tags,
            "properties" => Properties,
            "change" => Change,
            "observed_at" => ObservedAt,
            "scan" => Scan,
            "scan_id" => ScanId,
            "at" => At,
            "status" => Status,
            "error_code" => ErrorCode,
            "error" => Field::Error,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Provider => "provider",
            AccountId => "account_id",
            Region => "region",
            ResourceType => "resource_type",
            ResourceId => "resource_id",
            NativeType => "native_type",
            Arn => "arn",
            Name => "name",
            State => "state",
            CreatedAt => "created_at",
            Tags => "tags",
            Properties => "properties",
            Change => "change",
            ObservedAt => "observed_at",
            Scan => "scan",
            ScanId => "scan_id",
            At => "at",
            Status => "status",
            ErrorCode => "error_code",
            Field::Error => "error",
        }
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Reads lines one after the other; keeps its buffers.
#[derive(Debug)]
pub(super) struct LineParser<'r> {
    rules: &'r Rules,
    /// Those for the type of the last observation.
    of_type: RulesOfType<'r>,
    canonical: Canonical,
}

/// The fields of the line at hand.
#[derive(Debug, Default)]
struct Fields<'t> {
    /// Those that were met, as bits.
    seen: u32,
    /// Of these, those that hold a string.
    texts: u32,
    /// Strings without escapes.
    plain: [&'t str; FIELDS.len()],
    /// Strings with escapes.
    unescaped: Vec<(Field, String)>,
    tags: Option<Cow<'t, str>>,
    properties: Option<Cow<'t, str>>,
}

/// Why a line was refused.
type Refused = String;

impl<'r> LineParser<'r> {
    /// A reader under rules.
    pub(super) fn new(rules: &'r Rules) -> Self {
        Self { rules, of_type: rules.of(""), canonical: Canonical::default() }
    }

    /// Reads one line of a text, which holds more than blanks. What it says shares the text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(&mut self, whole: &Arc<String>, line: &str) -> Result<Line, Refused> {
        let mut fields = Fields::default();
        self.read(line, &mut fields)?;
        if fields.seen & Scan.bit() != 0 { fields.steering() } else { self.observation(whole, fields) }
    }

    fn read<'t>(&mut self, line: &'t str, fields: &mut Fields<'t>) -> Result<(), Refused> {
        let mut text = JsonText::new(line);
        if !text.passes(b'{') {
            return Err(unexpected(&mut text, "a JSON object"));
        }
        if !text.passes(b'}') {
            loop {
                self.field(&mut text, fields)?;
                if !text.passes(b',') {
                    break;
                }
            }
            if !text.passes(b'}') {
                return Err(not_json(&text.expected("`,` or `}`")));
            }
        }
        match text.peek() {
            None => Ok(()),
            Some(_) => Err(not_json(&text.expected("the end of the line"))),
        }
    }

    /// Reads one field, name and value.
    fn field<'t>(&mut self, text: &mut JsonText<'t>, fields: &mut Fields<'t>) -> Result<(), Refused> {
        if text.peek() != Some(b'"') {
            return Err(not_json(&text.expected("a field's name")));
        }
        let field = match text.plain_string() {
            Some(name) => Field::from_name(name).ok_or_else(|| format!("unknown field {name:?}"))?,
            None => {
                let name = text.string().map_err(|error| not_json(&error))?;
                Field::from_name(&name).ok_or_else(|| format!("unknown field {name:?}"))?
            }
        };
        if fields.seen & field.bit() != 0 {
            return Err(format!("field {:?} stands twice", field.name()));
        }
        fields.seen |= field.bit();
        if !text.passes(b':') {
            return Err(not_json(&text.expected("`:`")));
        }
        match (field, text.peek()) {
            (_, Some(b'n')) => text.null().map_err(|error| not_json(&error)),
            (Tags, Some(b'{')) => {
                let tags = text.object(&mut self.canonical, Members::Strings).map_err(|error| format!("field \"tags\": {error}"))?;
                fields.tags = Some(tags);
                Ok(())
            }
            (Properties, Some(b'{')) => {
                fields.properties = Some(text.object(&mut self.canonical, Members::Any).map_err(|error| not_json(&error))?);
                Ok(())
            }
            (Tags | Properties, _) => Err(unexpected(text, &format!("field {:?} to be an object", field.name()))),
            (_, Some(b'"')) => {
                fields.texts |= field.bit();
                match text.plain_string().zip(fields.plain.get_mut(field as usize)) {
                    Some((value, slot)) => *slot = value,
                    None => fields.unescaped.push((field, text.string().map_err(|error| not_json(&error))?)),
                }
                Ok(())
            }
            _ => Err(unexpected(text, &format!("field {:?} to be a string", field.name()))),
        }
    }

    fn observation(&mut self, whole: &Arc<String>, fields: Fields<'_>) -> Result<Line, Refused> {
        fields.only(&OBSERVATION_FIELDS, "an observation")?;
        let resource_type = fields.required(ResourceType)?;
        let parts = [
            fields.required(Provider)?,
            fields.required(AccountId)?,
            fields.required(Region)?,
            resource_type,
            fields.required(ResourceId)?,
        ];
        let key = ResourceKey::new(parts[0], parts[1], parts[2], parts[3], parts[4]).map_err(|error| reason(&error))?;
        let observed_at = fields.time(ObservedAt)?;
        let created_at = fields.time(CreatedAt)?;
        if self.of_type.resource_type() != resource_type {
            self.of_type = self.rules.of(resource_type);
        }
        let sighting = match fields.text(Change) {
            Some("deleted") => Sighting::Deleted,
            Some(other) => return Err(format!("expected \"change\" to be deleted or not there, found {other:?}")),
            None => self.of_type.present(fields.content(whole, created_at)),
        };
        let key_hash = self.rules.hasher.hash_one(key.as_str());
        Ok(Line::Observation(Seen { observation: Observation { key, sighting, observed_at }, key_hash }))
    }
}

impl Fields<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        if self.texts & field.bit() == 0 {
            return None;
        }
        let unescaped = self.unescaped.iter().find(|(of, _)| *of == field).map(|(_, text)| text.as_str());
        unescaped.or_else(|| self.plain.get(field as usize).copied())
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
        match FIELDS.iter().find(|field| self.seen & field.bit() & !known != 0) {
            None => Ok(()),
            Some(field) => Err(format!("unknown field {:?} in {kind}", field.name())),
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

    fn content(self, whole: &Arc<String>, created_at: Option<Timestamp>) -> Content {
        let text = |field| self.text(field).map(|text| Text::share(whole, text.into()));
        let json = |text| CanonicalJson::from_text(Text::share(whole, text));
        Content {
            native_type: text(NativeType),
            arn: text(Arn),
            name: text(Name),
            state: text(State),
            created_at,
            tags: self.tags.map(json),
            properties: self.properties.map_or_else(CanonicalJson::empty_object, json),
        }
    }
}

/// That something else stands where a value was expected.
fn unexpected(text: &mut JsonText<'_>, expected: &str) -> Refused {
    match text.peek().and_then(kind) {
        Some(found) => format!("expected {expected}, found {found}"),
        None => not_json(&text.expected("a value")),
    }
}

fn not_json(error: &JsonError) -> Refused {
    format!("not JSON that can be taken: {error}")
}

fn reason(error: &Error) -> Refused {
    error.message().to_owned()
}
