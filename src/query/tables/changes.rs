//! `changes(from, to)`: what was created, updated and deleted after one point, up to and including another.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{ScalarValue, UnnestOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_nested::make_array::make_array;
use datafusion::functions_window::expr_fn::lag;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, cast, ident, lit, when};

use super::{Call, Relation, number, range, resource_columns, text, time};
use crate::model::Revision;
use crate::query::content::content_json;
use crate::query::relation::scan;
use crate::query::rows::{EPOCH_START, Read, VersionRows};
use crate::store::schema::{resource_fields, text_list_type};

/// The columns of changes. What ended a version, and what a row tells, may be NULL as far as types can tell.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![number("revision", true), time("changed_at", true), text("scan_id", true), text("change", true)];
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

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let (after, until) = range(self, call)?;
        let before = call.wants("before");
        let rows = of_resource(scan("changed", VersionRows::new(&call.view, Read::Changed { after, until, before }))?, call)?;
        let rows = if before { with_before(rows)? } else { rows };
        told(rows, after, until, before)?.build()
    }
}

/// Columns that all versions of a resource have in common.
const OF_RESOURCE: [&str; 6] = ["resource_key", "provider", "account_id", "region", "resource_type", "resource_id"];

/// Only the resources that are asked for: filters of them may go below what looks at neighbouring rows.
fn of_resource(rows: LogicalPlanBuilder, call: &Call<'_>) -> Result<LogicalPlanBuilder> {
    let of_resource = |filter: &&Expr| filter.column_refs().iter().all(|column| OF_RESOURCE.contains(&column.name.as_str()));
    match conjunction(call.filters.iter().filter(of_resource).cloned()) {
        Some(filter) => rows.filter(filter),
        None => Ok(rows),
    }
}

/// A row's content, and that of the version before it, if that ended where the row began. Both are of one life and
/// follow one another; a version that is in two epochs comes first as the one that began, then as the one that ended.
fn with_before(rows: LogicalPlanBuilder) -> Result<LogicalPlanBuilder> {
    let mut columns: Vec<Expr> = rows.schema().fields().iter().map(|field| ident(field.name())).collect();
    columns.push(content_json("changed").alias("content"));
    let in_life = || {
        vec![
            ident("first_seen_revision").sort(true, true),
            ident("valid_from_revision").sort(true, true),
            ident("valid_to_revision").sort(true, true),
        ]
    };
    let last =
        |column: &str, name: &str| Ok::<_, DataFusionError>(lag(ident(column), Some(1), None).order_by(in_life()).build()?.alias(name));
    rows.project(columns)?.window([last("valid_to_revision", "last_ended")?, last("content", "last_content")?])
}

/// What each row tells: that a version began, that it was deleted, both or, where it is there for the one after it,
/// nothing.
fn told(rows: LogicalPlanBuilder, after: Revision, until: Revision, before: bool) -> Result<LogicalPlanBuilder> {
    let within = |column: &str| ident(column).gt(lit(after)).and(ident(column).lt_eq(lit(until)));
    let began = within("valid_from_revision").and(ident("valid_from_revision").gt(ident(EPOCH_START)));
    let deleted = within("valid_to_revision").and(ident("ended_by").eq(lit("deleted")));
    let (change, gone) = (ident("change"), cast(lit("deleted"), DataType::Utf8View));
    let events = when(began.clone().and(deleted.clone()), make_array(vec![change.clone(), gone.clone()]))
        .when(began, make_array(vec![change]))
        .when(deleted, make_array(vec![gone]))
        .end()?;
    let mut columns: Vec<Expr> = rows.schema().fields().iter().map(|field| ident(field.name())).collect();
    columns.push(events.alias("event"));
    let told = UnnestOptions::new().with_preserve_nulls(false);
    let rows = rows.project(columns)?.unnest_column_with_options("event", told)?;

    let is_deleted = || ident("event").eq(lit("deleted"));
    let either = |deleted: &str, began: &str| when(is_deleted(), ident(deleted)).otherwise(ident(began));
    let mut columns = vec![
        either("valid_to_revision", "valid_from_revision")?.alias("revision"),
        either("valid_to", "valid_from")?.alias("changed_at"),
        either("ending_scan_id", "scan_id")?.alias("scan_id"),
        ident("event").alias("change"),
    ];
    columns.extend(resource_columns().map(ident));
    columns.push(when(is_deleted(), no_paths()).otherwise(ident("changed_paths"))?.alias("changed_paths"));
    let follows = ident("last_ended").eq(ident("valid_from_revision"));
    columns.extend(match before {
        true => [
            when(is_deleted(), ident("content")).when(follows, ident("last_content")).end()?.alias("before"),
            when(!is_deleted(), ident("content")).end()?.alias("after"),
        ],
        false => [no_json().alias("before"), when(!is_deleted(), content_json("changed")).end()?.alias("after")],
    });
    rows.project(columns)
}
