//! `blame(resource, at)`: for every attribute of a resource as it was at a point, what last changed it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::{LogicalPlan, ident};
use futures::future::BoxFuture;

use super::events::{Events, column, resource_argument};
use super::history::Found;
use super::{Call, Relation, number, revision, text, time};
use crate::error::Error;
use crate::model::{Attribute, Change, Revision, attributes};
use crate::query::relation::scan;
use crate::store::content_columns::{CONTENT_COLUMNS, ContentColumns, content_arrays};
use crate::store::texts;

/// The columns: those of an attribute, and those of the change.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let attribute = ["resource_key", "path", "value"].map(|name| text(name, false));
    let change = [number("revision", false), time("changed_at", false), text("change", false), text("scan_id", false)];
    Arc::new(Schema::new(attribute.into_iter().chain(change).collect::<Vec<Field>>()))
});

/// Columns of events that say which change it was.
const TOLD: [&str; 4] = ["revision", "changed_at", "change", "scan_id"];

/// What last changed each attribute of a resource, named by its key, else its ARN, else its id.
#[derive(Debug)]
pub(super) struct Blame;

impl Relation for Blame {
    fn name(&self) -> &'static str {
        "blame"
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        Some(&["resource", "at"])
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    fn look_up<'a>(&'a self, call: &'a Call<'_>) -> Result<Option<BoxFuture<'a, Result<Vec<RecordBatch>>>>> {
        Ok(Some(Box::pin(find(call, resource_argument(self, call)?, revision(self, call, 1)?))))
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let found = Found { schema: Arc::clone(&COLUMNS), rows: call.looked_up.clone() };
        let columns = call.only_wanted(COLUMNS.fields().iter().map(|field| ident(field.name())).collect());
        scan("attributes", found)?.project(columns)?.build()
    }
}

/// The attributes of the resources that a name stands for, as they were at a revision.
async fn find(call: &Call<'_>, name: String, at: Revision) -> Result<Vec<RecordBatch>> {
    let mut columns = vec!["resource_key", "resource_type", "changed_paths"];
    columns.extend(TOLD.iter().chain(&CONTENT_COLUMNS));
    let events = Events::new(call, at).await?.of(&name, &columns).await?;
    let (keys, changes) = (texts(&events, "resource_key")?, texts(&events, "change")?);
    let (mut rows, mut found) = (Vec::new(), Vec::new());
    let mut first = 0;
    for row in 0..keys.len() {
        if changes.value(row) == Change::Created.as_str() || (row > 0 && keys.value(row) != keys.value(row - 1)) {
            first = row;
        }
        let is_last = row + 1 == keys.len() || keys.value(row) != keys.value(row + 1);
        if is_last && changes.value(row) != Change::Deleted.as_str() {
            let attributes = attributes_of(call, &events, row)?;
            rows.extend(last_changes(&attributes, &events, first, row)?);
            found.extend(attributes);
        }
    }
    Ok(vec![batch(&events, &rows, &found)?])
}

/// The attributes of a resource after an event.
fn attributes_of(call: &Call<'_>, events: &RecordBatch, row: usize) -> Result<Vec<Attribute>> {
    let contents = content_arrays(events)?;
    let resource_type = texts(events, "resource_type")?.value(row);
    Ok(attributes(&ContentColumns::new(&contents)?.content(row), call.view.source().rules().comparing(resource_type)))
}

/// For each attribute the last of the events of a life that changed it: the paths of a change name it, what it is part of
/// or, of an object or array that is empty, what was in it.
fn last_changes(attributes: &[Attribute], events: &RecordBatch, first: usize, last: usize) -> Result<Vec<u64>> {
    let paths = column(events, "changed_paths")?.as_list_opt::<i32>();
    let paths = paths.ok_or_else(|| Error::internal("changed_paths is no list"))?;
    let mut changed: BTreeMap<String, usize> = BTreeMap::new();
    for row in first + 1..=last {
        let paths = paths.value(row);
        let paths = paths.as_string_view_opt().ok_or_else(|| Error::internal("changed_paths is no list of texts"))?;
        changed.extend(paths.iter().flatten().map(|path| (path.to_owned(), row)));
    }
    Ok(attributes.iter().map(|attribute| last_change(&attribute.path, &changed).unwrap_or(first) as u64).collect())
}

fn last_change(path: &str, changed: &BTreeMap<String, usize>) -> Option<usize> {
    let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
    let around = ends.filter_map(|end| changed.get(path.get(..end)?));
    let inside = format!("{path}/");
    let below = changed.range::<str, _>((Bound::Included(inside.as_str()), Bound::Unbounded));
    around.chain(below.take_while(|(path, _)| path.starts_with(&inside)).map(|(_, row)| row)).max().copied()
}

/// Attributes, each with the event that is its own.
fn batch(events: &RecordBatch, rows: &[u64], attributes: &[Attribute]) -> Result<RecordBatch> {
    let rows = UInt64Array::from(rows.to_vec());
    let told = |name: &str| Ok::<_, datafusion::error::DataFusionError>(take(column(events, name)?, &rows, None)?);
    let paths: StringViewArray = attributes.iter().map(|attribute| Some(&attribute.path)).collect();
    let values: StringViewArray = attributes.iter().map(|attribute| Some(&attribute.value)).collect();
    let mut columns: Vec<ArrayRef> = vec![told("resource_key")?, Arc::new(paths), Arc::new(values)];
    for name in TOLD {
        columns.push(told(name)?);
    }
    Ok(RecordBatch::try_new(Arc::clone(&COLUMNS), columns)?)
}
