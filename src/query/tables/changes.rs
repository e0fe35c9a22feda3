//! `changes(from, to)`: what was created, updated and deleted after one point, up to and including another.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, ident, lit, when};
use futures::future::BoxFuture;

use super::{Call, Relation, number, range, resource_columns, text, time};
use crate::model::Revision;
use crate::query::content::content_json;
use crate::query::leaf::{Kept, Leaf, Parts, Placed, Rows, Scan, int_bounds, read};
use crate::query::relation::scan;
use crate::query::view::View;
use crate::store::schema::{CHANGES, resource_fields, text_list_type};

/// The columns of changes.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![number("revision", false), time("changed_at", false), text("scan_id", false), text("change", false)];
    fields.extend(resource_fields());
    fields.extend(compared_fields());
    Arc::new(Schema::new(fields))
});

/// What is told of a difference besides the resource.
pub(super) fn compared_fields() -> [Field; 3] {
    [Field::new("changed_paths", text_list_type(), false), text("before", true), text("after", true)]
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

    /// The changes of the tail: what they replaced may have to be read from files.
    fn look_up<'a>(&'a self, call: &'a Call<'_>) -> Result<Option<BoxFuture<'a, Result<Vec<RecordBatch>>>>> {
        let (after, until) = range(self, call)?;
        Ok(Some(Box::pin(tail_changes(&call.view, after, until))))
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let (after, until) = range(self, call)?;
        let is_deleted = || ident("change").eq(lit("deleted"));
        let mut columns: Vec<Expr> = ["revision", "changed_at", "scan_id", "change"].map(ident).to_vec();
        columns.extend(resource_columns().map(ident));
        columns.extend([
            ident("changed_paths"),
            when(is_deleted(), content_json("changed")).otherwise(ident("before"))?.alias("before"),
            when(!is_deleted(), content_json("changed")).end()?.alias("after"),
        ]);
        let rows = ChangeRows { view: Arc::clone(&call.view), after, until, tail: call.looked_up.clone() };
        scan("changed", rows)?.project(call.only_wanted(columns))?.build()
    }
}

/// The changes of the tail, if there are any after a revision, up to and including another.
pub(super) async fn tail_changes(view: &View, after: Revision, until: Revision) -> Result<Vec<RecordBatch>> {
    let source = view.source();
    if until > after.max(source.compacted_head()) { Ok(vec![source.tail_changes().await?]) } else { Ok(Vec::new()) }
}

/// Changes after a revision, up to and including another.
#[derive(Debug)]
pub(super) struct ChangeRows {
    pub(super) view: Arc<View>,
    pub(super) after: Revision,
    pub(super) until: Revision,
    pub(super) tail: Vec<RecordBatch>,
}

impl Rows for ChangeRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&CHANGES)
    }

    fn parts(&self, scan: &Scan<'_>) -> Result<Parts> {
        let source = self.view.source().as_ref();
        let within = [ident("revision").gt(lit(self.after)), ident("revision").lt_eq(lit(self.until))];
        let filters = [&within, scan.filters].concat();
        let meets = |file| {
            let (min, max) = int_bounds(file, "revision");
            min <= self.until && max > self.after
        };
        let files: Vec<Placed<'_>> = source.change_files().iter().filter(|file| meets(file)).map(Placed::plain).collect();
        let mut leaves = Vec::new();
        if !files.is_empty() {
            leaves.push(Leaf::Files(source, files, Kept::Few));
        }
        if !self.tail.is_empty() {
            leaves.push(Leaf::Memory(self.tail.clone()));
        }
        leaves.iter().map(|leaf| read(scan.state, leaf, &CHANGES, &filters, scan.columns)).collect()
    }
}
