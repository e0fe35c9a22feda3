//! `resources` and `resources_as_of(at)`: the resources alive at a point.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, ident};

use super::versions::ResourceVersions;
use super::{Call, Relation, number, resource_columns, revision, time};
use crate::model::Revision;
use crate::query::relation::scan;
use crate::query::rows::{Read, VersionRows};
use crate::query::view::View;
use crate::store::schema::resource_fields;

/// The columns of a state.
pub(super) static STATE: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = resource_fields();
    fields.extend([
        number("revision", false),
        time("changed_at", false),
        number("first_seen_revision", false),
        time("first_seen_at", false),
    ]);
    Arc::new(Schema::new(fields))
});

/// The columns of a state, from version rows.
fn state_columns() -> Vec<Expr> {
    let mut columns: Vec<Expr> = resource_columns().map(ident).collect();
    columns.extend([
        ident("valid_from_revision").alias("revision"),
        ident("valid_from").alias("changed_at"),
        ident("first_seen_revision"),
        ident("first_seen_at"),
    ]);
    columns
}

/// The state at a revision, with all its columns.
pub(super) fn whole_state(view: &Arc<View>, at: Revision) -> Result<LogicalPlan> {
    state(view, at, state_columns())
}

fn state_at(call: &Call<'_>, at: Revision) -> Result<LogicalPlan> {
    state(&call.view, at, call.only_wanted(state_columns()))
}

fn state(view: &Arc<View>, at: Revision, columns: Vec<Expr>) -> Result<LogicalPlan> {
    scan(&format!("state at {at}"), VersionRows::new(view, Read::AliveAt(at)))?.project(columns)?.build()
}

/// The present.
#[derive(Debug)]
pub(super) struct Resources;

impl Relation for Resources {
    fn name(&self) -> &'static str {
        "resources"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&STATE)
    }

    fn versions(&self) -> Option<Arc<dyn Relation>> {
        Some(Arc::new(ResourceVersions))
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        state_at(call, call.view.head())
    }
}

/// The state at a point.
#[derive(Debug)]
pub(super) struct ResourcesAsOf;

impl Relation for ResourcesAsOf {
    fn name(&self) -> &'static str {
        "resources_as_of"
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        Some(&["at"])
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&STATE)
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        state_at(call, revision(self, call, 0)?)
    }
}
