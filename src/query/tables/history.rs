//! `history(resource)`: the versions of a resource, oldest first.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ident, lit};
use datafusion::physical_plan::{ExecutionPlan, collect};
use futures::future::BoxFuture;

use super::versions::{WITH_PATHS, versions};
use super::{Call, Relation};
use crate::error::Error;
use crate::model::ResourceKey;
use crate::query::inner::optimized;
use crate::query::leaf::{Rows, RowsTable};
use crate::query::relation::{LookedUp, place_of};
use crate::query::rows::{Read, VersionRows};

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
        &["resource_key", "resource_type", "valid_from_revision"]
    }

    fn look_up<'a>(&'a self, call: &'a Call<'_>) -> Result<Option<BoxFuture<'a, Result<LookedUp>>>> {
        Ok(Some(Box::pin(async move { self.named(call).await.map(LookedUp::Resources) })))
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let LookedUp::Resources(found) = &call.looked_up else { return Err(Error::internal("no resource was looked up").into()) };
        let keys = found.iter().map(|key| lit(key.as_str())).collect();
        // A key names its type, by which files are sorted.
        let types: BTreeSet<&str> = found.iter().map(ResourceKey::resource_type).collect();
        let types = types.into_iter().map(lit).collect();
        let name = ident("resource_key").in_list(keys, false).and(ident("resource_type").in_list(types, false));
        let versions = LogicalPlanBuilder::from(versions(call)?).filter(name)?;
        versions.sort([ident("valid_from_revision").sort(true, false)])?.build()
    }
}

impl History {
    /// The keys of the resources that the argument names.
    async fn named(&self, call: &Call<'_>) -> Result<BTreeSet<ResourceKey>> {
        let argument = call.arguments.first().unwrap_or(&ScalarValue::Null);
        let Some(resource) = argument.try_as_str().flatten() else {
            let message = format!("{}: {argument} is no text; accepted are a resource key, an ARN or an id", place_of(self, 0));
            return Err(Error::invalid(message).into());
        };
        if let Ok(key) = ResourceKey::from_stored(resource) {
            let exact = [ident("resource_key").eq(lit(resource)), ident("resource_type").eq(lit(key.resource_type()))];
            if !keys(call, &exact).await?.is_empty() {
                return Ok(BTreeSet::from([key]));
            }
        }
        let found = keys(call, &[ident("arn").eq(lit(resource))]).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        keys(call, &[ident("resource_id").eq(lit(resource))]).await
    }
}

/// The keys of the resources of which a version fulfils the filters. Reads no payload.
fn keys<'a>(call: &'a Call<'_>, filters: &[Expr]) -> BoxFuture<'a, Result<BTreeSet<ResourceKey>>> {
    let plan = key_plan(call, filters);
    Box::pin(async move {
        let mut keys = BTreeSet::new();
        for batch in collect(plan?, call.state.task_ctx()).await? {
            let texts = batch.column(0).as_string_view_opt().ok_or_else(|| Error::internal("resource_key is no text"))?;
            for text in texts.iter().flatten() {
                keys.insert(ResourceKey::from_stored(text)?);
            }
        }
        Ok(keys)
    })
}

/// Made at once, without a logical plan: that would take longer than reading the keys.
fn key_plan(call: &Call<'_>, filters: &[Expr]) -> Result<Arc<dyn ExecutionPlan>> {
    let rows = VersionRows::new(&call.view, Read::Versions { after: call.view.floor(), until: call.view.head() });
    let key = rows.schema().index_of("resource_key")?;
    optimized(call.state, RowsTable(rows).plan(call.state, Some(&vec![key]), filters)?)
}
