//! Everything that happened to a resource, found by its name.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{Field, Schema};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ident, lit};

use super::changes::{ChangeRows, tail_changes};
use super::{Call, Relation};
use crate::error::Error;
use crate::model::{ResourceKey, Revision};
use crate::query::leaf::{Rows, RowsTable};
use crate::query::relation::place_of;
use crate::query::rows::{Read, VersionRows};
use crate::store::texts;

/// The text by which the first argument names a resource.
pub(super) fn resource_argument(relation: &dyn Relation, call: &Call<'_>) -> Result<String> {
    let argument = call.arguments.first().unwrap_or(&ScalarValue::Null);
    argument.try_as_str().flatten().map(ToOwned::to_owned).ok_or_else(|| {
        let message = format!("{}: {argument} is no text; accepted are a resource key, an ARN or an id", place_of(relation, 0));
        Error::invalid(message).into()
    })
}

/// Everything that happened to resources up to a revision: what was alive at the floor, and the changes since. An event has
/// the columns of changes, and when the life began that it begins.
pub(super) struct Events<'a> {
    call: &'a Call<'a>,
    alive: Option<RowsTable<VersionRows>>,
    changes: RowsTable<ChangeRows>,
}

impl<'a> Events<'a> {
    pub(super) async fn new(call: &'a Call<'_>, until: Revision) -> Result<Self> {
        let view = &call.view;
        let after = view.floor();
        let alive = (after > 0).then(|| RowsTable(VersionRows::new(view, Read::AliveAt(after))));
        let tail = tail_changes(view, after, until).await?;
        Ok(Self { call, alive, changes: RowsTable(ChangeRows { view: Arc::clone(view), after, until, tail }) })
    }

    /// Columns of the events of the resources that a name stands for, a key, else an ARN, else an id, in the order of keys
    /// and revisions. Both are among the columns.
    pub(super) async fn of(&self, name: &str, columns: &[&str]) -> Result<RecordBatch> {
        if let Ok(key) = ResourceKey::from_stored(name) {
            let events = self.read(columns, of_resources(&BTreeSet::from([key]))).await?;
            if events.num_rows() > 0 {
                return sorted(&events);
            }
        }
        let named = self.named(name).await?;
        // All versions of a resource have its id; their ARNs may differ.
        let filter = if named.is_empty() { ident("resource_id").eq(lit(name)) } else { of_resources(&named) };
        sorted(&self.read(columns, filter).await?)
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

/// A filter that all rows of some resources fulfil, and no others.
fn of_resources(resources: &BTreeSet<ResourceKey>) -> Expr {
    // Ids are shorter than keys: what is looked through first is a third as long.
    let ids: BTreeSet<&str> = resources.iter().map(|key| key.parts()[4]).collect();
    let ids = ident("resource_id").in_list(ids.into_iter().map(lit).collect(), false);
    ids.and(ident("resource_key").in_list(resources.iter().map(|key| lit(key.as_str())).collect(), false))
}

/// Events in the order of keys and revisions.
fn sorted(events: &RecordBatch) -> Result<RecordBatch> {
    let order = [column(events, "resource_key")?, column(events, "revision")?];
    let order = order.map(|values| SortColumn { values: Arc::clone(values), options: None });
    Ok(take_record_batch(events, &lexsort_to_indices(&order, None)?)?)
}

/// A column of events.
pub(super) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    Ok(batch.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?)
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
