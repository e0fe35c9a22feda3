//! `history(resource)`: the versions of a resource, oldest first.
//!
//! They are made from its changes: the files of those hold each version once, whereas every epoch that a version lived in
//! holds a row of it.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take, take_record_batch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, ident, lit};
use futures::future::BoxFuture;

use super::changes::{ChangeRows, tail_changes};
use super::versions::VERSION_COLUMNS;
use super::{Call, Relation};
use crate::error::Error;
use crate::model::{Change, ResourceKey};
use crate::query::leaf::{Leaf, Parts, Rows, RowsTable, Scan, read};
use crate::query::relation::{place_of, scan};
use crate::query::rows::{Read, VersionRows};
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
        let argument = call.arguments.first().unwrap_or(&ScalarValue::Null);
        let Some(resource) = argument.try_as_str().flatten() else {
            let message = format!("{}: {argument} is no text; accepted are a resource key, an ARN or an id", place_of(self, 0));
            return Err(Error::invalid(message).into());
        };
        Ok(Some(Box::pin(find(call, resource.to_owned()))))
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
    let events = Events::new(call).await?;
    if let Ok(key) = ResourceKey::from_stored(&name) {
        let versions = events.versions_of(BTreeSet::from([key])).await?;
        if versions.num_rows() > 0 {
            return Ok(vec![versions]);
        }
    }
    let named = events.named(&name).await?;
    // All versions of a resource have its id; their ARNs may differ.
    let versions =
        if named.is_empty() { events.versions(ident("resource_id").eq(lit(name))).await } else { events.versions_of(named).await };
    Ok(vec![versions?])
}

/// Everything that happened to resources: what was alive at the floor, and the changes since. An event has the columns of
/// changes, and when the life began that it begins.
struct Events<'a> {
    call: &'a Call<'a>,
    alive: Option<RowsTable<VersionRows>>,
    changes: RowsTable<ChangeRows>,
}

impl<'a> Events<'a> {
    async fn new(call: &'a Call<'_>) -> Result<Self> {
        let view = &call.view;
        let (after, until) = (view.floor(), view.head());
        let alive = (after > 0).then(|| RowsTable(VersionRows::new(view, Read::AliveAt(after))));
        let tail = tail_changes(view, after, until).await?;
        Ok(Self { call, alive, changes: RowsTable(ChangeRows { view: Arc::clone(view), after, until, tail }) })
    }

    /// The versions of resources.
    async fn versions_of(&self, resources: BTreeSet<ResourceKey>) -> Result<RecordBatch> {
        // Ids are shorter than keys: what is looked through first is a third as long.
        let ids: BTreeSet<&str> = resources.iter().map(|key| key.parts()[4]).collect();
        let ids = ident("resource_id").in_list(ids.into_iter().map(lit).collect(), false);
        let keys = ident("resource_key").in_list(resources.iter().map(|key| lit(key.as_str())).collect(), false);
        self.versions(ids.and(keys)).await
    }

    /// The versions that the events tell of which fulfil a filter: all events of a resource must, or none.
    async fn versions(&self, filter: Expr) -> Result<RecordBatch> {
        let schema = versions_schema(self.call)?;
        let mut columns: BTreeSet<&str> = ["resource_key", "revision", "change"].into();
        columns.extend(schema.fields().iter().map(|field| told_by(field.name()).0));
        let events = self.read(&columns.into_iter().collect::<Vec<_>>(), filter).await?;
        versions(&events, &schema)
    }

    /// The keys of the resources of which a version has this ARN. Reads no payload.
    async fn named(&self, arn: &str) -> Result<BTreeSet<ResourceKey>> {
        let rows = self.read(&["resource_key"], ident("arn").eq(lit(arn))).await?;
        Ok(texts(&rows, "resource_key")?.iter().flatten().map(ResourceKey::from_stored).collect::<Result<_, _>>()?)
    }

    /// Columns of the events that fulfil a filter.
    async fn read(&self, columns: &[&str], filter: Expr) -> Result<RecordBatch> {
        let changes = columns.iter().map(|name| in_changes(name)).collect::<Vec<_>>();
        let changes = rows_of(self.call, &self.changes, columns, &changes, filter.clone()).await?;
        let Some(alive) = &self.alive else { return Ok(changes) };
        let versions = columns.iter().map(|name| in_versions(name)).collect::<Vec<_>>();
        let alive = rows_of(self.call, alive, columns, &versions, filter).await?;
        Ok(concat_batches(alive.schema_ref(), [&alive, &changes])?)
    }
}

/// Columns of the rows that fulfil a filter, under other names.
async fn rows_of<R: Rows>(call: &Call<'_>, rows: &RowsTable<R>, names: &[&str], stored: &[&str], filter: Expr) -> Result<RecordBatch> {
    let batch = rows.collect(call.state, stored, filter).await?;
    let columns = stored.iter().map(|name| column(&batch, name).map(Arc::clone)).collect::<Result<Vec<_>>>()?;
    let fields = names.iter().zip(&columns).map(|(name, column)| Field::new(*name, column.data_type().clone(), true));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)?)
}

/// The column of changes that tells a column of events.
fn in_changes(column: &str) -> &str {
    match column {
        "first_seen_revision" => "revision",
        "first_seen_at" => "changed_at",
        same => same,
    }
}

/// The column of versions that tells a column of events.
fn in_versions(column: &str) -> &str {
    match column {
        "revision" => "valid_from_revision",
        "changed_at" => "valid_from",
        same => same,
    }
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
    let order = [column(events, "resource_key")?, column(events, "revision")?];
    let order = order.map(|values| SortColumn { values: Arc::clone(values), options: None });
    let events = take_record_batch(events, &lexsort_to_indices(&order, None)?)?;
    let (keys, changes) = (texts(&events, "resource_key")?, texts(&events, "change")?);
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
        Ok(take(column(&events, name)?, rows, None)?)
    };
    let columns = schema.fields().iter().map(told).collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    Ok(batch.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?)
}

/// Versions that were read.
#[derive(Debug)]
struct Found {
    schema: SchemaRef,
    rows: Vec<RecordBatch>,
}

impl Rows for Found {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn parts(&self, scan: &Scan<'_>) -> Result<Parts> {
        Ok(vec![read(scan.state, &Leaf::Memory(self.rows.clone()), &self.schema, scan.filters, scan.columns)?])
    }
}
