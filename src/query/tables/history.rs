//! `history(resource)`: the versions of a resource, oldest first.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, ident, lit};
use datafusion::physical_plan::collect;
use futures::future::BoxFuture;

use super::versions::{WITH_PATHS, version_columns};
use super::{Call, Relation};
use crate::error::Error;
use crate::model::ResourceKey;
use crate::query::inner::optimized;
use crate::query::leaf::{Leaf, Parts, Rows, RowsTable, Scan, read};
use crate::query::relation::{place_of, scan};
use crate::query::rows::{Read, VersionRows};
use crate::store::schema::VERSIONS;

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
        Arc::clone(&WITH_PATHS)
    }

    fn uses(&self) -> &'static [&'static str] {
        &["valid_from_revision"]
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
        let found = Found { schema: Arc::new(VERSIONS.project(&places(call)?)?), rows: call.looked_up.clone() };
        let versions = scan("versions", found)?.project(call.only_wanted(version_columns()))?;
        versions.sort([ident("valid_from_revision").sort(true, false)])?.build()
    }
}

/// The places in [`VERSIONS`] of the columns that a call wants.
fn places(call: &Call<'_>) -> Result<Vec<usize>> {
    let wanted = call.only_wanted(version_columns());
    let names: BTreeSet<&str> = wanted.iter().flat_map(Expr::column_refs).map(|column| column.name.as_str()).collect();
    Ok(names.into_iter().map(|name| VERSIONS.index_of(name)).collect::<Result<Vec<_>, _>>()?)
}

/// The versions of the resources that a name stands for.
async fn find(call: &Call<'_>, name: String) -> Result<Vec<RecordBatch>> {
    if let Ok(key) = ResourceKey::from_stored(&name) {
        let versions = versions_of(call, BTreeSet::from([key])).await?;
        if versions.iter().any(|batch| batch.num_rows() > 0) {
            return Ok(versions);
        }
    }
    let mut found = keys(call, "arn", &name).await?;
    if found.is_empty() {
        found = keys(call, "resource_id", &name).await?;
    }
    if found.is_empty() { Ok(Vec::new()) } else { versions_of(call, found).await }
}

/// The wanted columns of the versions of resources.
fn versions_of<'a>(call: &'a Call<'_>, resources: BTreeSet<ResourceKey>) -> BoxFuture<'a, Result<Vec<RecordBatch>>> {
    // A key names its type, by which files are sorted.
    let types: BTreeSet<&str> = resources.iter().map(ResourceKey::resource_type).collect();
    let types = types.into_iter().map(lit).collect();
    let keys = resources.iter().map(|key| lit(key.as_str())).collect();
    let filters = [ident("resource_key").in_list(keys, false), ident("resource_type").in_list(types, false)];
    rows_of(call, places(call), &filters)
}

/// The keys of the resources of which a version has this value in a column. Reads no payload.
fn keys<'a>(call: &'a Call<'_>, column: &str, value: &str) -> BoxFuture<'a, Result<BTreeSet<ResourceKey>>> {
    let key = VERSIONS.index_of("resource_key").map(|key| vec![key]);
    let rows = rows_of(call, key.map_err(Into::into), &[ident(column).eq(lit(value))]);
    Box::pin(async move {
        let mut keys = BTreeSet::new();
        for batch in rows.await? {
            let texts = batch.column(0).as_string_view_opt().ok_or_else(|| Error::internal("resource_key is no text"))?;
            for text in texts.iter().flatten() {
                keys.insert(ResourceKey::from_stored(text)?);
            }
        }
        Ok(keys)
    })
}

/// Columns of the versions that fulfil the filters. The plan is made at once, without a logical one: that would take longer
/// than reading the rows.
fn rows_of<'a>(call: &'a Call<'_>, places: Result<Vec<usize>>, filters: &[Expr]) -> BoxFuture<'a, Result<Vec<RecordBatch>>> {
    let rows = RowsTable(VersionRows::new(&call.view, Read::Versions { after: call.view.floor(), until: call.view.head() }));
    let plan = places.and_then(|places| optimized(call.state, rows.plan(call.state, Some(&places), filters)?));
    Box::pin(async move { collect(plan?, call.state.task_ctx()).await })
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
