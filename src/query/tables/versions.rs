//! `resource_versions`: one row per version, with how it began and ended.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ident, lit};

use super::state::STATE;
use super::{Call, Relation, number, resource_columns, text, time};
use crate::query::apart::copy;
use crate::query::relation::scan;
use crate::query::rows::{Read, VersionRows};
use crate::store::schema::{text_list_type, time_type};
use arrow::datatypes::{DataType, Field};

/// The columns of versions.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
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

/// The columns of versions with `changed_paths`.
pub(super) static WITH_PATHS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields: Vec<_> = COLUMNS.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("changed_paths", text_list_type(), false)));
    Arc::new(Schema::new(fields))
});

/// The versions of a view, with `changed_paths`: those that ended, and those alive at its head.
pub(super) fn versions(call: &Call<'_>) -> Result<LogicalPlan> {
    let (floor, head) = (call.view.floor(), call.view.head());
    let ended = VersionRows::new(&call.view, Read::Ended { after: floor, until: head });
    let ended =
        scan("ended versions", ended)?.project(version_columns([ident("valid_to_revision"), ident("valid_to"), ident("ended_by")]))?;
    let null = |name: &str, value: &DataType| Ok::<_, datafusion::error::DataFusionError>(lit(ScalarValue::try_from(value)?).alias(name));
    let live = scan(&format!("state at {head}"), VersionRows::new(&call.view, Read::AliveAt(head)))?.project(version_columns([
        null("valid_to_revision", &DataType::Int64)?,
        null("valid_to", &time_type())?,
        null("ended_by", &DataType::Utf8View)?,
    ]))?;
    LogicalPlanBuilder::from(ended.build()?).union(live.build()?)?.build()
}

fn version_columns([to_revision, to, ended_by]: [Expr; 3]) -> Vec<Expr> {
    let mut columns: Vec<Expr> = resource_columns().map(ident).collect();
    columns.extend([
        copy(ident("valid_from_revision")).alias("revision"),
        copy(ident("valid_from")).alias("changed_at"),
        ident("first_seen_revision"),
        ident("first_seen_at"),
    ]);
    columns.extend([ident("valid_from_revision"), to_revision, ident("valid_from"), to, ident("change"), ended_by, ident("changed_paths")]);
    columns
}

/// All versions.
#[derive(Debug)]
pub(super) struct ResourceVersions;

#[async_trait]
impl Relation for ResourceVersions {
    fn name(&self) -> &'static str {
        "resource_versions"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    async fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        versions(call)
    }
}
