//! Redaction: what was recorded of a resource is replaced by a token, since it must not be kept.
//!
//! An entry of the log is the act: of all versions of a resource that began up to the end of its segment, the content is replaced
//! by `{"redacted":"<token>-<revision>"}`, another for each version, so that versions still differ and equal contents are not told
//! by equal tokens. The key stays, with all that it is made of, and so does what happened when. The tables have it so from the
//! manifest on that covers the entry ([`super::redacting`]), and writers compare with it from the entry on. What replaces a version
//! follows from the first redaction that covers it, so to replace it again alters nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, FixedSizeBinaryBuilder, ListBuilder, RecordBatch, StringViewBuilder};
use arrow::compute::nullif;
use arrow::datatypes::{DataType, Field};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entries::{Entry, EntryKind};
use super::history::History;
use super::index::told;
use super::segment::{content_hashes, numbers, text_at, texts};
use crate::error::{Error, Result};
use crate::model::{CanonicalJson, Change, Content, ContentHash, ResourceKey, Revision, Scope, Timestamp};

/// The path by which redacted versions differ.
const CHANGED_PATH: &str = "/properties/redacted";
/// What a finding says of a redacted resource.
const REASON: &str = "redacted";

/// A redaction that is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// The resource.
    pub resource_key: String,
    /// What its contents are replaced by, in hexadecimal.
    pub token: String,
    /// Versions that began up to and including this revision are replaced.
    pub up_to: Revision,
    /// The segment whose end that is. What a reader must not see is in this one or before it.
    pub seq: u64,
}

/// The details of a `redacted` entry.
#[derive(Debug, Serialize, Deserialize)]
pub struct RedactionDetails {
    /// The resource.
    pub resource_key: String,
    /// Why.
    pub reason: String,
    /// By chance, in hexadecimal.
    pub token: String,
}

impl RedactionDetails {
    /// # Errors
    /// `Invalid` if the resource key is none.
    pub(super) fn to_entry(&self, at: Timestamp) -> Result<Entry> {
        let mut entry = told(EntryKind::Redacted, at, self);
        entry.scope = Some(Scope::from_stored(ResourceKey::from_stored(&self.resource_key)?.scope_str()));
        Ok(entry)
    }

    /// The redaction of an entry in a segment that ends with a revision.
    pub(super) fn in_force(self, up_to: Revision, seq: u64) -> Redaction {
        Redaction { resource_key: self.resource_key, token: self.token, up_to, seq }
    }
}

/// The details of a `redaction_applied` entry.
#[derive(Debug, Serialize)]
pub struct AppliedDetails {
    /// The manifest whose tables hold nothing more of what was redacted.
    pub manifest: u64,
}

impl AppliedDetails {
    pub(super) fn to_entry(&self, at: Timestamp) -> Entry {
        told(EntryKind::RedactionApplied, at, self)
    }
}

/// Redactions by resource, those of each oldest first.
#[derive(Debug, Clone, Default)]
pub struct Redactions(HashMap<String, Vec<Redaction>>);

/// For versions that ended: the revision that each began with, by that at which it ended.
pub type Ended = HashMap<Revision, Revision>;

impl Redactions {
    /// From those of a log, oldest first.
    pub fn new(all: &[Redaction]) -> Self {
        let mut by_resource: HashMap<String, Vec<Redaction>> = HashMap::new();
        for redaction in all {
            by_resource.entry(redaction.resource_key.clone()).or_default().push(redaction.clone());
        }
        Self(by_resource)
    }

    /// Those of a log, if its tables do not follow all of them yet; else none.
    pub fn pending(history: &History) -> Self {
        if history.lags_redactions() { Self::new(&history.index.redactions) } else { Self::default() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The content that replaces that of a version, if it is redacted.
    pub fn content(&self, key: &str, version: Revision) -> Option<Content> {
        let redaction = self.0.get(key)?.iter().find(|redaction| version <= redaction.up_to)?;
        let properties = CanonicalJson::from_stored(&format!(r#"{{"redacted":"{}-{version}"}}"#, redaction.token));
        Some(Content { native_type: None, arn: None, name: None, state: None, created_at: None, tags: None, properties })
    }

    /// The hash of what replaces a version, if it is redacted. No rule of a type has a say in it.
    pub fn hash(&self, key: &str, version: Revision) -> Option<ContentHash> {
        self.content(key, version).map(|content| content.hash(None))
    }

    /// Whether a finding that a segment tells of is redacted.
    pub fn holds_finding(&self, key: &str, seq: u64) -> bool {
        self.0.get(key).is_some_and(|redactions| redactions.iter().any(|redaction| seq <= redaction.seq))
    }

    /// Rows of versions, or columns of them with their keys and the revisions that they began with.
    ///
    /// # Errors
    /// `Internal` if a column is missing.
    pub fn versions(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        if self.is_empty() {
            return Ok(rows.clone());
        }
        let (keys, began) = (texts(rows, "resource_key")?, numbers(rows, "valid_from_revision")?);
        let contents = (0..rows.num_rows()).map(|row| self.content(keys.value(row), began.value(row)));
        replace_contents(rows, &contents.collect::<Vec<_>>())
    }

    /// Rows of changes.
    ///
    /// # Errors
    /// `Internal` if a column is missing.
    pub fn changes(&self, rows: &RecordBatch, ended: &Ended) -> Result<RecordBatch> {
        let (keys, revisions) = (texts(rows, "resource_key")?, numbers(rows, "revision")?);
        let contents = keys.iter().zip(versions_of_changes(rows, ended)?).map(|(key, version)| self.content(key?, version));
        let rows = replace_contents(rows, &contents.collect::<Vec<_>>())?;
        let replaced = texts(&rows, "before")?;
        let mut column = StringViewBuilder::with_capacity(rows.num_rows());
        for row in 0..rows.num_rows() {
            let told = text_at(replaced, row);
            match told.and_then(|_| self.content(keys.value(row), version_before(revisions.value(row), ended))) {
                Some(content) => column.append_value(in_json(&content)),
                None => column.append_option(told),
            }
        }
        with_column(&rows, "before", Arc::new(column.finish()))
    }

    /// Rows of log entries, each of a segment: what findings say of redacted resources goes.
    ///
    /// # Errors
    /// `Internal` if a column is missing, `Corrupt` if a finding cannot be read.
    pub fn entries(&self, rows: &RecordBatch, seq: impl Fn(usize) -> u64) -> Result<RecordBatch> {
        if self.is_empty() {
            return Ok(rows.clone());
        }
        let (kinds, details) = (texts(rows, "entry")?, texts(rows, "details")?);
        let mut column = StringViewBuilder::with_capacity(rows.num_rows());
        for row in 0..rows.num_rows() {
            let told = text_at(details, row);
            match told.filter(|_| kinds.value(row) == EntryKind::Finding.as_str()) {
                Some(finding) => column.append_value(self.finding(finding, seq(row))?),
                None => column.append_option(told),
            }
        }
        with_column(rows, "details", Arc::new(column.finish()))
    }

    /// What is left of the details of a finding in a segment.
    fn finding(&self, details: &str, seq: u64) -> Result<String> {
        if !self.holds_finding(&resource_of_finding(details)?, seq) {
            return Ok(details.to_owned());
        }
        let mut finding: Map<String, Value> = serde_json::from_str(details).map_err(no_finding)?;
        finding.insert("reason".to_owned(), REASON.into());
        finding.insert("details".to_owned(), Value::Null);
        Ok(Value::Object(finding).to_string())
    }
}

/// The resource that a finding is about, from its details.
///
/// # Errors
/// `Corrupt` if they cannot be read.
pub fn resource_of_finding(details: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct About {
        resource_key: String,
    }
    serde_json::from_str(details).map(|About { resource_key }| resource_key).map_err(no_finding)
}

fn no_finding(error: serde_json::Error) -> Error {
    Error::corrupt("the details of a finding entry cannot be read").with_source(error)
}

/// For each row of changes the version whose content it shows: that of a deletion ended with it.
///
/// # Errors
/// `Internal` if a column is missing.
pub fn versions_of_changes(rows: &RecordBatch, ended: &Ended) -> Result<Vec<Revision>> {
    let (revisions, changes) = (numbers(rows, "revision")?, texts(rows, "change")?);
    let version = |(revision, change): (&Revision, Option<&str>)| match change == Some(Change::Deleted.as_str()) {
        true => version_before(*revision, ended),
        false => *revision,
    };
    Ok(revisions.values().iter().zip(changes).map(version).collect())
}

/// The version that ended at a revision. What ended at or below the floor may be in no epoch any more, and is shown no more.
fn version_before(revision: Revision, ended: &Ended) -> Revision {
    ended.get(&revision).copied().unwrap_or(revision)
}

/// Rows with other contents in the place of those of some; of a content only the columns that are there.
fn replace_contents(rows: &RecordBatch, contents: &[Option<Content>]) -> Result<RecordBatch> {
    if contents.iter().all(Option::is_none) {
        return Ok(rows.clone());
    }
    let is_replaced: BooleanArray = contents.iter().map(|content| Some(content.is_some())).collect();
    let columns = rows.schema_ref().fields().iter().zip(rows.columns()).map(|(field, column)| match field.name().as_str() {
        "native_type" | "arn" | "name" | "state" | "created_at" | "tags" => Ok(nullif(column, &is_replaced)?),
        "properties" => properties(rows, contents),
        "content_hash" => hashes(rows, contents),
        "changed_paths" => paths(rows, contents),
        _ => Ok(Arc::clone(column)),
    });
    Ok(RecordBatch::try_new(rows.schema(), columns.collect::<Result<_>>()?)?)
}

fn properties(rows: &RecordBatch, contents: &[Option<Content>]) -> Result<ArrayRef> {
    let before = texts(rows, "properties")?;
    let mut column = StringViewBuilder::with_capacity(rows.num_rows());
    for (row, content) in contents.iter().enumerate() {
        column.append_value(content.as_ref().map_or(before.value(row), |content| content.properties.as_str()));
    }
    Ok(Arc::new(column.finish()))
}

fn hashes(rows: &RecordBatch, contents: &[Option<Content>]) -> Result<ArrayRef> {
    let before = content_hashes(rows)?;
    let mut column = FixedSizeBinaryBuilder::with_capacity(rows.num_rows(), before.value_length());
    for (row, content) in contents.iter().enumerate() {
        match content {
            Some(content) => column.append_value(content.hash(None).0)?,
            None => column.append_value(before.value(row))?,
        }
    }
    Ok(Arc::new(column.finish()))
}

/// The paths that a change names tell of the content, too.
fn paths(rows: &RecordBatch, contents: &[Option<Content>]) -> Result<ArrayRef> {
    let changes = texts(rows, "change")?;
    let missing = || Error::internal("no column changed_paths");
    let before = rows.column_by_name("changed_paths").and_then(|column| column.as_list_opt::<i32>());
    let before = before.ok_or_else(missing)?;
    let item = Field::new("item", DataType::Utf8View, false);
    let mut column = ListBuilder::new(StringViewBuilder::new()).with_field(item);
    for (row, content) in contents.iter().enumerate() {
        match content {
            Some(_) if changes.value(row) == Change::Updated.as_str() => column.values().append_value(CHANGED_PATH),
            Some(_) => {}
            None => {
                let of_row = before.value(row);
                let of_row = of_row.as_string_view_opt().ok_or_else(missing)?;
                of_row.iter().for_each(|path| column.values().append_option(path));
            }
        }
        column.append(true);
    }
    Ok(Arc::new(column.finish()))
}

/// A content that has nothing but properties, as [`super::content_columns::ContentColumns::write_json`] writes it.
fn in_json(content: &Content) -> String {
    let properties = content.properties.as_str();
    format!(r#"{{"arn":null,"created_at":null,"name":null,"native_type":null,"properties":{properties},"state":null,"tags":null}}"#)
}

fn with_column(rows: &RecordBatch, name: &str, column: ArrayRef) -> Result<RecordBatch> {
    let at = rows.schema_ref().index_of(name)?;
    let mut columns = rows.columns().to_vec();
    if let Some(place) = columns.get_mut(at) {
        *place = column;
    }
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}
