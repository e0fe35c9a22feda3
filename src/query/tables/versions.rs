//! `resource_versions`: one row per version, with how it began and ended.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, ident};

use super::state::STATE;
use super::{Call, Relation, number, resource_columns, text, time};
use crate::query::apart::copy;
use crate::query::relation::scan;
use crate::query::rows::{Read, VersionRows};
use crate::query::view::View;

/// The columns of versions.
pub(super) static VERSION_COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields: Vec<_> = STATE.fields().iter().cloned().collect();
    let own = [
        number("valid_from_revision", false),
        number("valid_to_revision", true),
        time("valid_from", false),
        time("valid_to", true),
        text("change", false),
        text("ended_by", true),
    ];
    fields.extend(own.map(Arc::new));
    Arc::new(Schema::new(fields))
});

/// The columns of versions, from stored rows.
fn version_columns() -> Vec<Expr> {
    let mut columns: Vec<Expr> = resource_columns().map(ident).collect();
    columns.extend([
        copy(ident("valid_from_revision")).alias("revision"),
        copy(ident("valid_from")).alias("changed_at"),
        ident("first_seen_revision"),
        ident("first_seen_at"),
    ]);
    let interval = ["valid_from_revision", "valid_to_revision", "valid_from", "valid_to", "change", "ended_by"];
    columns.extend(interval.map(ident));
    columns
}

/// The versions of a view, with all their columns.
pub(super) fn whole_versions(view: &Arc<View>) -> Result<LogicalPlan> {
    versions(view, version_columns())
}

fn versions(view: &Arc<View>, columns: Vec<Expr>) -> Result<LogicalPlan> {
    let (after, until) = (view.floor(), view.head());
    scan("versions", VersionRows::new(view, Read::Versions { after, until }))?.project(columns)?.build()
}

/// All versions.
#[derive(Debug)]
pub(super) struct ResourceVersions;

impl Relation for ResourceVersions {
    fn name(&self) -> &'static str {
        "resource_versions"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&VERSION_COLUMNS)
    }

    /// The versions of a view: those that ended, and those alive at its head.
    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        versions(&call.view, call.only_wanted(version_columns()))
    }
}
