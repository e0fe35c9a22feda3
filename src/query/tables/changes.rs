//! `changes(from, to)`: what was created, updated and deleted after one point, up to and including another.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::common::{JoinType, ScalarValue};
use datafusion::error::Result;
use datafusion::functions_nested::make_array::make_array;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};

use super::{Call, Relation, number, of, range, resource_columns, text, time};
use crate::model::Revision;
use crate::query::content::content_json;
use crate::query::relation::scan;
use crate::query::rows::{Read, VersionRows};
use crate::store::schema::{resource_fields, text_list_type};

/// The columns of changes. What ended a version may be NULL as far as types can tell.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![number("revision", true), time("changed_at", true), text("scan_id", true), text("change", false)];
    fields.extend(resource_fields());
    fields.extend(compared_fields());
    Arc::new(Schema::new(fields))
});

/// What is told of a difference besides the resource.
pub(super) fn compared_fields() -> [Field; 3] {
    [Field::new("changed_paths", text_list_type(), false), text("before", true), text("after", true)]
}

/// An empty list of paths.
pub(super) fn no_paths() -> Expr {
    cast(make_array(vec![]), text_list_type())
}

/// A JSON column without a value.
pub(super) fn no_json() -> Expr {
    lit(ScalarValue::Utf8View(None))
}

/// Everything that changed.
#[derive(Debug)]
pub(super) struct Changes;

#[async_trait]
impl Relation for Changes {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        Some(&["from", "to"])
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    async fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let (from, to) = range(self, call)?;
        let began = began(call, from, to)?;
        LogicalPlanBuilder::from(began).union(deleted(call, from, to)?)?.build()
    }
}

/// What a revision created or updated: the version that it began. The version before ended at the same revision.
fn began(call: &Call<'_>, after: Revision, until: Revision) -> Result<LogicalPlan> {
    let rows = scan("began", VersionRows::new(&call.view, Read::Began { after, until }))?;
    let (rows, before) = if call.wants("before") {
        let ended = scan("before", VersionRows::new(&call.view, Read::Ended { after, until }))?.build()?;
        let on = (vec!["began.valid_from_revision"], vec!["before.valid_to_revision"]);
        (rows.join(ended, JoinType::Left, on, None)?, content_json("before"))
    } else {
        (rows, no_json())
    };
    let mut columns = vec![
        of("began", "valid_from_revision").alias("revision"),
        of("began", "valid_from").alias("changed_at"),
        of("began", "scan_id").alias("scan_id"),
        of("began", "change").alias("change"),
    ];
    columns.extend(resource_columns().map(|name| of("began", &name).alias(name)));
    let after = if call.wants("after") { content_json("began") } else { no_json() };
    columns.extend([of("began", "changed_paths").alias("changed_paths"), before.alias("before"), after.alias("after")]);
    rows.project(columns)?.build()
}

/// What a revision deleted: the version that it ended.
fn deleted(call: &Call<'_>, after: Revision, until: Revision) -> Result<LogicalPlan> {
    let rows = scan("deleted", VersionRows::new(&call.view, Read::Ended { after, until }))?;
    let mut columns = vec![
        of("deleted", "valid_to_revision").alias("revision"),
        of("deleted", "valid_to").alias("changed_at"),
        of("deleted", "ending_scan_id").alias("scan_id"),
        cast(lit("deleted"), DataType::Utf8View).alias("change"),
    ];
    columns.extend(resource_columns().map(|name| of("deleted", &name).alias(name)));
    let before = if call.wants("before") { content_json("deleted") } else { no_json() };
    columns.extend([no_paths().alias("changed_paths"), before.alias("before"), no_json().alias("after")]);
    rows.filter(of("deleted", "ended_by").eq(lit("deleted")))?.project(columns)?.build()
}
