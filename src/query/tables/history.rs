//! `history(resource)`: the versions of a resource, oldest first.
//!
//! They are made from its changes: the files of those hold each version once, whereas every epoch that a version lived in
//! holds a row of it.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::{LogicalPlan, ident};
use futures::future::BoxFuture;

use super::events::{Events, column, resource_argument};
use super::versions::VERSION_COLUMNS;
use super::{Call, Relation};
use crate::model::Change;
use crate::query::leaf::{Leaf, Parts, Rows, Scan, read};
use crate::query::relation::scan;
use crate::store::schema::text_list_type;
use crate::store::texts;

/// The columns of versions with `changed_paths`.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields: Vec<_> = VERSION_COLUMNS.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("changed_paths", text_list_type(), false)));
    Arc::new(Schema::new(fields))
});

/// Oldest first.
const SORTED_BY: &str = "valid_from_revision";

/// The versions of a resource, named by its key, else its ARN, else its id.
#[derive(Debug)]
pub(super) struct History;

impl Relation for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        Some(&["resource"])
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    /// The versions themselves: to find what an argument names takes as long as to read it.
    fn look_up<'a>(&'a self, call: &'a Call<'_>) -> Result<Option<BoxFuture<'a, Result<Vec<RecordBatch>>>>> {
        Ok(Some(Box::pin(find(call, resource_argument(self, call)?))))
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let found = Found { schema: versions_schema(call)?, rows: call.looked_up.clone() };
        let columns = call.only_wanted(COLUMNS.fields().iter().map(|field| ident(field.name())).collect());
        scan("versions", found)?.sort([ident(SORTED_BY).sort(true, false)])?.project(columns)?.build()
    }
}

/// The columns of the versions that are looked up: the wanted ones, and that by which they are sorted.
fn versions_schema(call: &Call<'_>) -> Result<SchemaRef> {
    let fields = COLUMNS.fields().iter().enumerate();
    let wanted = fields.filter(|(_, field)| field.name() == SORTED_BY || call.wants(field.name()));
    Ok(Arc::new(COLUMNS.project(&wanted.map(|(at, _)| at).collect::<Vec<_>>())?))
}

/// The versions of the resources that a name stands for.
async fn find(call: &Call<'_>, name: String) -> Result<Vec<RecordBatch>> {
    let schema = versions_schema(call)?;
    let mut columns: BTreeSet<&str> = ["resource_key", "revision", "change"].into();
    columns.extend(schema.fields().iter().map(|field| told_by(field.name()).0));
    let events = Events::new(call, call.view.head()).await?;
    let events = events.of(&name, &columns.into_iter().collect::<Vec<_>>()).await?;
    Ok(vec![versions(&events, &schema)?])
}

/// The event that tells a column of a version.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// That with which the version began.
    Began,
    /// That with which the resource's life began.
    Created,
    /// That with which it ended.
    Ended,
}

/// What tells a column of a version: a column of an event.
fn told_by(column: &str) -> (&str, Event) {
    match column {
        "valid_from_revision" => ("revision", Event::Began),
        "valid_from" => ("changed_at", Event::Began),
        "first_seen_revision" | "first_seen_at" => (column, Event::Created),
        "valid_to_revision" => ("revision", Event::Ended),
        "valid_to" => ("changed_at", Event::Ended),
        "ended_by" => ("change", Event::Ended),
        same => (same, Event::Began),
    }
}

/// The versions that events tell of: each is what a resource was from one event to its next.
fn versions(events: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let (keys, changes) = (texts(events, "resource_key")?, texts(events, "change")?);
    let same = |row: usize, other: usize| other < keys.len() && keys.value(row) == keys.value(other);
    let (mut began, mut created, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    let mut life = 0;
    for row in 0..keys.len() {
        let change = changes.value(row);
        if change == Change::Created.as_str() || !same(row, row.wrapping_sub(1)) {
            life = row as u64;
        }
        if change != Change::Deleted.as_str() {
            began.push(row as u64);
            created.push(life);
            ended.push(same(row, row + 1).then_some(row as u64 + 1));
        }
    }
    let (began, created, ended) = (UInt64Array::from(began), UInt64Array::from(created), UInt64Array::from(ended));
    let told = |field: &Arc<Field>| {
        let (name, event) = told_by(field.name());
        let rows = match event {
            Event::Began => &began,
            Event::Created => &created,
            Event::Ended => &ended,
        };
        Ok(take(column(events, name)?, rows, None)?)
    };
    let columns = schema.fields().iter().map(told).collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Rows that were read before the plan was made.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) schema: SchemaRef,
    pub(super) rows: Vec<RecordBatch>,
}

impl Rows for Found {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn parts(&self, scan: &Scan<'_>) -> Result<Parts> {
        Ok(vec![read(scan.state, &Leaf::Memory(self.rows.clone()), &self.schema, scan.filters, scan.columns)?])
    }
}
