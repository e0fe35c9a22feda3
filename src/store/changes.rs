//! Changes: the rows of the tail by revision, each with what it replaced.
//!
//! An epoch is sorted by key, so the few rows that some scans changed are spread over all of it. Changes are a copy of
//! them in order of time: those of any stretch of history lie side by side, with what was there before.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, ListBuilder, RecordBatch, StringViewBuilder};
use arrow::compute::{concat_batches, filter_record_batch, interleave};
use arrow::datatypes::{Field, SchemaRef};
use hashbrown::HashMap;

use super::content_columns::{ContentColumns, content_arrays};
use super::history::History;
use super::schema::{self, CHANGES};
use super::segment::{numbers, texts};
use super::versions::read_rows;
use crate::error::{Error, Result};
use crate::model::{Change, Revision};

/// The changes of the tail, in order of revisions: rows of [`CHANGES`]. What they replaced is read from the tail and from the
/// open epoch.
///
/// # Errors
/// `Corrupt` if a version is not where it must be.
pub async fn changes_of_tail(history: &History) -> Result<RecordBatch> {
    let segments = || history.tail.iter();
    let opened = concat_batches(&schema::VERSIONS, segments().map(|segment| &segment.versions))?;
    let change = texts(&opened, "change")?;
    let told: BooleanArray = (0..opened.num_rows()).map(|row| Some(change.value(row) != Change::Late.as_str())).collect();
    let opened = filter_record_batch(&opened, &told)?;
    let closings = concat_batches(&schema::CLOSINGS, segments().map(|segment| &segment.closings))?;
    let resource: Vec<String> = schema::resource_fields().iter().map(|field| field.name().clone()).collect();
    let columns: Vec<&str> = resource.iter().map(String::as_str).chain(["valid_from_revision"]).collect();
    let closed = numbers(&closings, "valid_from_revision")?.values().to_vec();
    let replaced = Replaced { rows: read_rows(history, closed, &columns).await?, closings };
    Events::new(&opened, &replaced)?.rows(&opened, &replaced)
}

/// The versions that ended, and how.
struct Replaced {
    rows: RecordBatch,
    closings: RecordBatch,
}

/// A table, 0 for the opened versions and 1 for those that ended, and a row of it.
type Place = (usize, usize);

/// What happened, in order of revisions.
struct Events {
    /// For each where its facts are: in the opened versions or in the closings.
    facts: Vec<Place>,
    /// For each where its resource is: in the opened versions or in the replaced ones.
    resources: Vec<Place>,
    /// For each the row of the version that it updated.
    updated: Vec<Option<usize>>,
}

impl Events {
    fn new(opened: &RecordBatch, replaced: &Replaced) -> Result<Self> {
        let versions = numbers(&replaced.rows, "valid_from_revision")?.values().iter().zip(0..);
        let row_of: HashMap<Revision, usize> = versions.map(|(version, row)| (*version, row)).collect();
        let missing = || Error::internal("a version that ended was not read");
        let (version, ended_at) = (numbers(&replaced.closings, "valid_from_revision")?, numbers(&replaced.closings, "valid_to_revision")?);
        let ended_by = texts(&replaced.closings, "ended_by")?;
        let mut events: Vec<(Revision, Place, Place)> = Vec::with_capacity(opened.num_rows());
        let mut updated: HashMap<Revision, usize> = HashMap::new();
        for closing in 0..replaced.closings.num_rows() {
            let row = *row_of.get(&version.value(closing)).ok_or_else(missing)?;
            let at = ended_at.value(closing);
            match ended_by.value(closing) == Change::Deleted.as_str() {
                true => events.push((at, (1, closing), (1, row))),
                false => drop(updated.insert(at, row)),
            }
        }
        let began = numbers(opened, "valid_from_revision")?.values().iter().zip(0..);
        events.extend(began.map(|(revision, row)| (*revision, (0, row), (0, row))));
        events.sort_unstable_by_key(|(revision, ..)| *revision);
        Ok(Self {
            facts: events.iter().map(|(_, facts, _)| *facts).collect(),
            resources: events.iter().map(|(.., resource)| *resource).collect(),
            updated: events.iter().map(|(revision, ..)| updated.get(revision).copied()).collect(),
        })
    }

    fn rows(&self, opened: &RecordBatch, replaced: &Replaced) -> Result<RecordBatch> {
        let facts = [
            ("valid_from_revision", "valid_to_revision"),
            ("valid_from", "valid_to"),
            ("scan_id", "ending_scan_id"),
            ("change", "ended_by"),
        ];
        let mut columns = Vec::with_capacity(CHANGES.fields().len());
        for (began, ended) in facts {
            columns.push(interleave(&[column(opened, began)?, column(&replaced.closings, ended)?], &self.facts)?);
        }
        for field in schema::resource_fields() {
            columns.push(interleave(&[column(opened, field.name())?, column(&replaced.rows, field.name())?], &self.resources)?);
        }
        let (no_paths, nowhere) = (no_paths(), |(table, row): &Place| if *table == 0 { (0, *row) } else { (1, 0) });
        let paths: Vec<Place> = self.facts.iter().map(nowhere).collect();
        columns.push(interleave(&[column(opened, "changed_paths")?, &*no_paths], &paths)?);
        columns.push(self.before(&replaced.rows)?);
        Ok(RecordBatch::try_new(SchemaRef::clone(&CHANGES), columns)?)
    }

    /// The contents that updates replaced, as JSON.
    fn before(&self, replaced: &RecordBatch) -> Result<ArrayRef> {
        let arrays = content_arrays(replaced)?;
        let contents = ContentColumns::new(&arrays)?;
        let mut before = StringViewBuilder::with_capacity(self.updated.len());
        let mut text = String::new();
        for row in &self.updated {
            text.clear();
            match row {
                None => before.append_null(),
                Some(row) => {
                    contents.write_json(*row, &mut text);
                    before.append_value(&text);
                }
            }
        }
        Ok(Arc::new(before.finish()))
    }
}

/// One row without paths.
fn no_paths() -> ArrayRef {
    let item = Field::new("item", arrow::datatypes::DataType::Utf8View, false);
    let mut paths = ListBuilder::new(StringViewBuilder::new()).with_field(item);
    paths.append(true);
    Arc::new(paths.finish())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array> {
    batch.column_by_name(name).map(|column| &**column).ok_or_else(|| Error::internal(format!("no column {name}")))
}
