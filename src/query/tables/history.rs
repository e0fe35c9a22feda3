//! `history(resource)`: the versions of a resource, oldest first.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ident, lit};
use datafusion::physical_plan::collect;

use super::versions::{WITH_PATHS, versions};
use super::{Call, Relation};
use crate::error::Error;
use crate::model::ResourceKey;
use crate::query::inner::whole;
use crate::query::relation::place_of;

/// The versions of a resource, named by its key, else its ARN, else its id.
#[derive(Debug)]
pub(super) struct History;

#[async_trait]
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

    async fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let resource = match call.arguments.first() {
            Some(value) if !value.is_null() => value.try_as_str().flatten().map(ToOwned::to_owned),
            _ => None,
        };
        let Some(resource) = resource else {
            let found = call.arguments.first().unwrap_or(&ScalarValue::Null);
            let message = format!("{}: {found} is no text; accepted are a resource key, an ARN or an id", place_of(self, 0));
            return Err(Error::invalid(message).into());
        };
        let versions = versions(call)?;
        let name = lit(resource.as_str());
        // A key names its type, by which files are sorted.
        if let Ok(key) = ResourceKey::from_stored(&resource) {
            let exact = of_type(ident("resource_key").eq(name.clone()), key.resource_type());
            if !keys(call, &versions, exact.clone()).await?.is_empty() {
                return oldest_first(versions, exact);
            }
        }
        let mut found = keys(call, &versions, ident("arn").eq(name.clone())).await?;
        if found.is_empty() {
            found = keys(call, &versions, ident("resource_id").eq(name)).await?;
        }
        let types: BTreeSet<&str> = found.iter().map(ResourceKey::resource_type).collect();
        let any = found.iter().map(|key| lit(key.as_str())).collect();
        let types = types.into_iter().map(lit).collect();
        oldest_first(versions, ident("resource_key").in_list(any, false).and(ident("resource_type").in_list(types, false)))
    }
}

fn of_type(name: Expr, resource_type: &str) -> Expr {
    name.and(ident("resource_type").eq(lit(resource_type)))
}

fn oldest_first(versions: LogicalPlan, name: Expr) -> Result<LogicalPlan> {
    LogicalPlanBuilder::from(versions).filter(name)?.sort([ident("valid_from_revision").sort(true, false)])?.build()
}

/// The keys of the resources that ever had a name. Reads no payload.
async fn keys(call: &Call<'_>, versions: &LogicalPlan, name: Expr) -> Result<Vec<ResourceKey>> {
    let key = vec![ident("resource_key")];
    let plan = LogicalPlanBuilder::from(versions.clone()).filter(name)?.aggregate(key, Vec::<Expr>::new())?.build()?;
    let state = whole(call.state);
    let mut keys = Vec::new();
    for batch in collect(state.create_physical_plan(&plan).await?, state.task_ctx()).await? {
        let texts = batch.column(0).as_string_view_opt().ok_or_else(|| Error::internal("resource_key is no text"))?;
        for text in texts.iter().flatten() {
            keys.push(ResourceKey::from_stored(text)?);
        }
    }
    Ok(keys)
}
