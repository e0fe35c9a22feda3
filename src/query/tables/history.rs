//! `history(resource)`: the versions of a resource, oldest first.

use std::sync::Arc;

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

    fn description(&self) -> &'static str {
        "the versions of a resource, oldest first; takes an exact key, else an ARN, else an id (all matches)"
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
        let mut names = vec![ident("arn").eq(lit(resource.as_str())), ident("resource_id").eq(lit(resource.as_str()))];
        // A key names its type, by which files are sorted.
        if let Ok(key) = ResourceKey::from_stored(&resource) {
            names.insert(0, ident("resource_key").eq(lit(resource.as_str())).and(ident("resource_type").eq(lit(key.resource_type()))));
        }
        let last = names.pop();
        for name in names {
            if exists(call, &versions, &name).await? {
                return named(versions, name);
            }
        }
        named(versions, last.unwrap_or_else(|| lit(false)))
    }
}

fn named(versions: LogicalPlan, name: Expr) -> Result<LogicalPlan> {
    LogicalPlanBuilder::from(versions).filter(name)?.sort([ident("valid_from_revision").sort(true, false)])?.build()
}

/// Whether a name names any version. Reads key columns only.
async fn exists(call: &Call<'_>, versions: &LogicalPlan, name: &Expr) -> Result<bool> {
    let any = LogicalPlanBuilder::from(versions.clone()).filter(name.clone())?.project([lit(1)])?.limit(0, Some(1))?.build()?;
    let state = whole(call.state);
    let batches = collect(state.create_physical_plan(&any).await?, state.task_ctx()).await?;
    Ok(batches.iter().any(|batch| batch.num_rows() > 0))
}
