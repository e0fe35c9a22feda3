//! What one check's query finds at a session's point.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::json::LineDelimitedWriter;
use futures::StreamExt;
use serde_json::{Map, Value};

use super::outcome::{Finding, Resource, Since};
use super::rows;
use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::query::{Parameters, QuerySession, told};

/// The most findings of a check that are held: more than anyone mends, little to hold.
pub const FINDINGS_MAX: usize = 100_000;
/// The most reasons that are told of one resource.
const REASONS_MAX: usize = 10;

/// The columns that every check has.
pub(super) const KEY: &str = "resource_key";
pub(super) const REASON: &str = "reason";
/// The column by which a check itself says since when.
const SINCE: &str = "since";

/// The findings of a check.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Findings {
    /// By resource key.
    pub(super) held: Vec<Finding>,
    /// How many rows were found beyond those that are held.
    pub(super) more: usize,
    /// Whether the check itself says since when.
    pub(super) tells_since: bool,
}

/// Runs a check's query.
///
/// # Errors
/// Whatever the query runs into; `Invalid` if it lacks a column, or a row its key or reason.
pub(super) async fn find(session: &QuerySession, sql: &str, parameters: &Parameters) -> Result<Findings> {
    let mut stream = session.execute_with(sql, parameters).await?;
    let mut found = Gathered { tells_since: stream.schema().column_with_name(SINCE).is_some(), ..Gathered::default() };
    while let Some(batch) = stream.next().await {
        found.add(&batch?)?;
    }
    found.finish()
}

/// Findings by resource key, each with its reasons.
#[derive(Default)]
struct Gathered {
    by_key: BTreeMap<String, (Finding, Reasons)>,
    more: usize,
    tells_since: bool,
}

/// What several rows say of one resource.
#[derive(Default)]
pub(super) struct Reasons {
    texts: BTreeSet<String>,
    has_more: bool,
}

impl Reasons {
    /// One reason.
    pub(super) fn of(reason: String) -> Self {
        Self { texts: BTreeSet::from([reason]), has_more: false }
    }

    fn add(&mut self, reason: String) {
        self.texts.insert(reason);
        if self.texts.len() > REASONS_MAX {
            self.texts.pop_last();
            self.has_more = true;
        }
    }

    /// Those of both.
    pub(super) fn add_all(&mut self, others: Self) {
        self.has_more |= others.has_more;
        others.texts.into_iter().for_each(|reason| self.add(reason));
    }

    /// All of them as one text.
    pub(super) fn joined(self) -> String {
        let text = self.texts.into_iter().collect::<Vec<_>>().join("; ");
        if self.has_more { format!("{text}; and more") } else { text }
    }
}

impl Gathered {
    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let (keys, reasons) = (rows::texts(batch, KEY)?, rows::texts(batch, REASON)?);
        let since = if self.tells_since { Some(since(batch)?) } else { None };
        let mut details = details(batch)?.into_iter();
        for row in 0..batch.num_rows() {
            let key = required(&keys, row, KEY)?;
            let reason = required(&reasons, row, REASON)?;
            let details = details.next();
            if let Some((_, reasons)) = self.by_key.get_mut(key) {
                reasons.add(reason.to_owned());
                continue;
            }
            let finding = Finding {
                resource: Resource::of(key.to_owned(), None)?,
                reason: String::new(),
                since: since.as_ref().and_then(|since| since.get(row).copied().flatten()),
                details,
                exemption: None,
                is_new: None,
            };
            self.by_key.insert(key.to_owned(), (finding, Reasons::of(reason.to_owned())));
            if self.by_key.len() > FINDINGS_MAX {
                self.by_key.pop_last();
                self.more += 1;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Findings> {
        let held = self.by_key.into_values().map(|(finding, reasons)| Finding { reason: reasons.joined(), ..finding });
        Ok(Findings { held: held.collect(), more: self.more, tells_since: self.tells_since })
    }
}

/// The text of a row, which must have one.
///
/// # Errors
/// `Invalid` if it has none.
pub(super) fn required<'a>(column: &'a StringArray, row: usize, name: &str) -> Result<&'a str> {
    column
        .is_valid(row)
        .then(|| column.value(row))
        .ok_or_else(|| Error::invalid(format!("{name}: expected a text in every row, found NULL")))
}

fn since(batch: &RecordBatch) -> Result<Vec<Option<Since>>> {
    let times = rows::times(batch, SINCE)?;
    let told = |at: Timestamp| Since { revision: None, at: Some(at), or_before: false };
    Ok(times.into_iter().map(|at| at.map(told)).collect())
}

/// What the other columns say, a JSON object for each row; nothing if there are none.
fn details(batch: &RecordBatch) -> Result<Vec<Value>> {
    let schema = batch.schema();
    let others = (0..).zip(schema.fields()).filter(|(_, field)| ![KEY, REASON, SINCE].contains(&field.name().as_str()));
    let (places, fields): (Vec<usize>, Vec<_>) = others.unzip();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let mut writer = LineDelimitedWriter::new(Vec::new());
    let written = batch.project(&places).and_then(|others| writer.write(&others)).and_then(|()| writer.finish());
    written.map_err(|error| told(error.into()).context("the columns beside resource_key and reason"))?;
    let is_json = |name: &str| fields.iter().any(|field| field.name() == name && field.extension_type_name() == Some("arrow.json"));
    let written = writer.into_inner();
    let lines = serde_json::Deserializer::from_slice(&written).into_iter::<Map<String, Value>>();
    let objects = lines.map(|line| {
        let mut object = line.map_err(|error| Error::internal("details cannot be read").with_source(error))?;
        for (_, value) in object.iter_mut().filter(|(name, _)| is_json(name)) {
            nest(value);
        }
        Ok(Value::Object(object))
    });
    objects.collect()
}

/// JSON that is a text becomes what it says.
fn nest(value: &mut Value) {
    if let Some(read) = value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
        *value = read;
    }
}
