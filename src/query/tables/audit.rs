//! `audit_log`: the entries of the write-ahead log, as rows. Findings are told by the entry of their run, as observations are
//! by that of their batch; one by one they are in `finding_changes`.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, ident, lit,
    when,
};

use super::{Call, Relation, number, text, time};
use crate::model::{Json, parse_json};
use crate::query::leaf::{Kept, Leaf, Parts, Placed, Rows, Scan, read};
use crate::query::relation::scan;
use crate::query::view::View;
use crate::store::EntryKind;
use crate::store::schema::ENTRIES;

/// The columns of the log.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        number("seq", false),
        number("entry_no", false),
        text("entry", false),
        time("at", false),
        text("writer", false),
        text("scan_id", true),
        number("first_revision", true),
        number("last_revision", true),
        text("details", true),
        text("segment_hash", false),
    ]))
});

/// Columns that only some kinds of entries have: they are told in `details`.
const DETAILS: [&str; 17] = [
    "details",
    "provider",
    "account_id",
    "region",
    "resource_type",
    "status",
    "error_code",
    "error",
    "token",
    "listed",
    "missing",
    "created",
    "updated",
    "unchanged",
    "deleted",
    "late",
    "duration_ms",
];

/// The log.
#[derive(Debug)]
pub(super) struct AuditLog;

impl Relation for AuditLog {
    fn name(&self) -> &'static str {
        "audit_log"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let details = ScalarUDF::from(EntryDetails { signature: Signature::any(DETAILS.len() + 1, Volatility::Immutable) });
        let details = details.call(DETAILS.iter().chain(&["api_calls"]).map(|name| ident(*name)).collect());
        let own = |name: &'static str| if name == "details" { details.clone().alias(name) } else { ident(name) };
        let columns: Vec<Expr> =
            ["seq", "entry_no", "entry", "at", "writer", "scan_id", "first_revision", "last_revision", "details", "segment_hash"]
                .map(own)
                .to_vec();
        LogicalPlanBuilder::from(entries(&call.view)?)
            .filter(ident("entry").not_eq(lit(EntryKind::Finding.as_str())))?
            .project(columns)?
            .sort([ident("seq").sort(true, false), ident("entry_no").sort(true, false)])?
            .build()
    }
}

/// The entries that a view sees: those that were in the log before the next revision after its head. Of a batch of
/// observations that goes beyond the head, only the part up to it is seen.
pub(super) fn entries(view: &Arc<View>) -> Result<LogicalPlan> {
    let rows = scan("log", EntryRows { view: Arc::clone(view) })?;
    let Some(pin) = view.pin() else { return rows.build() };
    let head = lit(pin.revision);
    let begun = ident("entry").eq(lit("resource_observed")).and(ident("first_revision").lt_eq(head.clone()));
    let cut = |name: &str| -> Result<Expr> { Ok(when(ident(name).gt(head.clone()), head.clone()).otherwise(ident(name))?.alias(name)) };
    let mut columns = Vec::new();
    for field in ENTRIES.fields() {
        columns.push(match field.name().as_str() {
            name @ ("last_revision" | "head") => cut(name)?,
            name => ident(name),
        });
    }
    rows.filter(ident("head").lt_eq(head.clone()).or(begun))?.project(columns)?.build()
}

/// All stored entries.
#[derive(Debug)]
struct EntryRows {
    view: Arc<View>,
}

impl Rows for EntryRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&ENTRIES)
    }

    fn parts(&self, scan: &Scan<'_>) -> Result<Parts> {
        let source = self.view.source();
        let mut parts = Parts::new();
        if !source.entry_files().is_empty() {
            let files = source.entry_files().iter().map(Placed::plain).collect();
            parts.push(read(scan.state, &Leaf::Files(source.as_ref(), files, Kept::Few), &ENTRIES, scan.filters, scan.columns)?);
        }
        if !source.tail_entries().is_empty() {
            let entries = Leaf::Memory(source.tail_entries().to_vec());
            parts.push(read(scan.state, &entries, &ENTRIES, scan.filters, scan.columns)?);
        }
        Ok(parts)
    }
}

/// What an entry tells beyond the columns of `audit_log`, as one JSON object; NULL if it tells nothing more.
#[derive(Debug, PartialEq, Eq, Hash)]
struct EntryDetails {
    signature: Signature,
}

impl ScalarUDFImpl for EntryDetails {
    fn name(&self) -> &'static str {
        "entry_details"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let mut rows = StringViewBuilder::with_capacity(args.number_rows);
        for row in 0..arrays.first().map_or(0, Array::len) {
            let mut members: Vec<(Box<str>, Json)> = Vec::new();
            for (name, array) in DETAILS.iter().chain(&["api_calls"]).zip(&arrays) {
                match value(array, row) {
                    Some(Json::String(text)) if *name == "details" => match parse_json(text.as_bytes()) {
                        Ok(Json::Object(own)) => members.extend(own),
                        Ok(other) => members.push(("details".into(), other)),
                        Err(_) => members.push(("details".into(), Json::String(text))),
                    },
                    Some(value) => members.push(((*name).into(), value)),
                    None => {}
                }
            }
            match members.is_empty() {
                true => rows.append_null(),
                false => rows.append_value(Json::object(members).canonical().as_str()),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(rows.finish())))
    }
}

fn value(array: &ArrayRef, row: usize) -> Option<Json> {
    if array.is_null(row) {
        return None;
    }
    let text = array.as_string_view_opt().map(|texts| Json::String(texts.value(row).into()));
    text.or_else(|| array.as_primitive_opt::<Int64Type>().map(|numbers| Json::Number(numbers.value(row).to_string().into())))
}
