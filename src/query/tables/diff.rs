//! `diff(from, to)`: the states at two points compared, by content.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::JoinType;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, cast, lit, when};

use super::changes::{compared_fields, no_json};
use super::{Call, Relation, number, of, range, resource_columns, text, time};
use crate::model::Revision;
use crate::query::compact::compact;
use crate::query::content::{content_json, differing_paths};
use crate::query::relation::scan;
use crate::query::rows::{Read, VersionRows};
use crate::store::schema::resource_fields;

/// The columns of a difference. An outer join makes them, so that all may be NULL as far as types can tell.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![number("revision", true), time("changed_at", true), text("change", true)];
    fields.extend(resource_fields().into_iter().map(|field| field.with_nullable(true)));
    fields.extend(compared_fields());
    Arc::new(Schema::new(fields.into_iter().collect::<Vec<Field>>()))
});

/// Two states compared.
#[derive(Debug)]
pub(super) struct Diff;

impl Relation for Diff {
    fn name(&self) -> &'static str {
        "diff"
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        Some(&["from", "to"])
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let (from, to) = range(self, call)?;
        let (before, after) = (before(call, from, to)?, after(call, from, to)?);
        let on = (vec!["before.resource_key"], vec!["after.resource_key"]);
        let is_new = || of("before", "resource_key").is_null();
        let is_gone = || of("after", "resource_key").is_null();
        let differs = is_new().or(is_gone()).or(of("before", "content_hash").not_eq(of("after", "content_hash")));
        let mut rows = before.join(after.build()?, JoinType::Full, on, None)?.filter(differs)?;
        let (mut revision, mut changed_at) = (of("after", "valid_from_revision"), of("after", "valid_from"));
        if call.wants("revision") || call.wants("changed_at") {
            let on = (vec!["before.resource_key"], vec!["gone.resource_key"]);
            rows = rows.join(last_deletions(call, from, to)?, JoinType::Left, on, None)?;
            revision = when(is_gone(), of("gone", "revision")).otherwise(revision)?;
            changed_at = when(is_gone(), of("gone", "changed_at")).otherwise(changed_at)?;
        }
        let change = when(is_new(), lit("created")).when(is_gone(), lit("deleted")).otherwise(lit("updated"))?;
        let mut columns =
            vec![revision.alias("revision"), changed_at.alias("changed_at"), cast(change, DataType::Utf8View).alias("change")];
        for name in resource_columns() {
            let value = when(is_gone(), of("before", &name)).otherwise(of("after", &name))?;
            // What is computed has lost that it is JSON.
            let value = if ["tags", "properties"].contains(&name.as_str()) { compact(value) } else { value };
            columns.push(value.alias(name));
        }
        let json = |wanted: &str| if call.wants(wanted) { content_json(wanted) } else { no_json() };
        columns.extend([
            differing_paths(call.view.source(), "before", "after").alias("changed_paths"),
            json("before").alias("before"),
            json("after").alias("after"),
        ]);
        rows.project(columns)?.build()
    }
}

/// The versions alive at the first point that ended up to the second. One that did not end is in both states.
fn before(call: &Call<'_>, from: Revision, to: Revision) -> Result<LogicalPlanBuilder> {
    let ended = VersionRows::new(&call.view, Read::Ended { after: from, until: to });
    scan("before", ended)?.filter(of("before", "valid_from_revision").lt_eq(lit(from)))
}

/// The versions alive at the second point that began after the first.
fn after(call: &Call<'_>, from: Revision, to: Revision) -> Result<LogicalPlanBuilder> {
    let alive = VersionRows::new(&call.view, Read::AliveAt(to));
    scan("after", alive)?.filter(of("after", "valid_from_revision").gt(lit(from)))
}

/// When each resource was deleted last. A resource may have come back in between, and gone again.
fn last_deletions(call: &Call<'_>, from: Revision, to: Revision) -> Result<LogicalPlan> {
    let ended = scan("ended", VersionRows::new(&call.view, Read::Ended { after: from, until: to }))?;
    let (revision, changed_at) =
        (max(of("ended", "valid_to_revision")).alias("revision"), max(of("ended", "valid_to")).alias("changed_at"));
    let deleted = ended.filter(of("ended", "ended_by").eq(lit("deleted")))?;
    deleted.aggregate(vec![of("ended", "resource_key")], vec![revision, changed_at])?.alias("gone")?.build()
}
