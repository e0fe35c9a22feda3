//! Contents of resources as SQL functions of our own plans: as JSON text, and the paths in which two differ.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::common::Column;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::source::HistorySource;
use crate::error::Error;
use crate::model::changed_paths;
use crate::store::content_columns::{CONTENT_COLUMNS, ContentColumns};
use crate::store::schema::text_list_type;

/// How many columns tell of a row's content: its key, which tells whether there is one, and those of the content.
const COLUMNS: usize = 1 + CONTENT_COLUMNS.len();

/// The content of a scan's rows as JSON text; NULL where an outer join found no row.
pub(super) fn content_json(scan: &str) -> Expr {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::from(ContentJson { signature: Signature::any(COLUMNS, Volatility::Immutable) })));
    FUNCTION.call(columns_of(scan).collect())
}

/// The paths in which the contents of two scans' rows differ; none where one of them has no row.
pub(super) fn differing_paths(source: &Arc<dyn HistorySource>, before: &str, after: &str) -> Expr {
    let signature = Signature::any(2 * COLUMNS + 1, Volatility::Immutable);
    let function = Arc::new(ScalarUDF::from(DifferingPaths { signature, source: Arc::clone(source) }));
    let resource_type = Expr::Column(Column::new(Some(after), "resource_type"));
    function.call(columns_of(before).chain(columns_of(after)).chain([resource_type]).collect())
}

fn columns_of(scan: &str) -> impl Iterator<Item = Expr> + '_ {
    std::iter::once("resource_key").chain(CONTENT_COLUMNS).map(move |name| Expr::Column(Column::new(Some(scan), name)))
}

/// The keys and the contents of rows.
fn keyed(arrays: &[ArrayRef]) -> Result<(&ArrayRef, ContentColumns<'_>)> {
    let (key, contents) = arrays.split_first().ok_or_else(|| Error::internal("a content without columns"))?;
    Ok((key, ContentColumns::new(contents)?))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ContentJson {
    signature: Signature,
}

impl ScalarUDFImpl for ContentJson {
    fn name(&self) -> &'static str {
        "content_json"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (keys, contents) = keyed(&arrays)?;
        let mut rows = StringViewBuilder::with_capacity(args.number_rows);
        let mut text = String::new();
        for row in 0..keys.len() {
            if keys.is_null(row) {
                rows.append_null();
                continue;
            }
            text.clear();
            contents.write_json(row, &mut text);
            rows.append_value(&text);
        }
        Ok(ColumnarValue::Array(Arc::new(rows.finish())))
    }
}

#[derive(Debug)]
struct DifferingPaths {
    signature: Signature,
    source: Arc<dyn HistorySource>,
}

impl PartialEq for DifferingPaths {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }
}

impl Eq for DifferingPaths {}

impl Hash for DifferingPaths {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.signature.hash(state);
    }
}

impl ScalarUDFImpl for DifferingPaths {
    fn name(&self) -> &'static str {
        "differing_paths"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(text_list_type())
    }

    fn return_field_from_args(&self, _: datafusion::logical_expr::ReturnFieldArgs<'_>) -> Result<Arc<Field>> {
        Ok(Arc::new(Field::new(self.name(), text_list_type(), false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (before, rest) = arrays.split_at(COLUMNS.min(arrays.len()));
        let ((old, before), (new, after)) = (keyed(before)?, keyed(rest)?);
        let types = rest.last().and_then(|array| array.as_string_view_opt());
        let mut rows = ListBuilder::new(StringViewBuilder::new()).with_field(Field::new("item", DataType::Utf8View, false));
        for row in 0..new.len() {
            if old.is_valid(row) && new.is_valid(row) {
                let resource_type = types.filter(|types| types.is_valid(row)).map_or("", |types| types.value(row));
                let rules = self.source.rules().comparing(resource_type);
                changed_paths(&before.content(row), &after.content(row), rules).iter().for_each(|path| rows.values().append_value(path));
            }
            rows.append(true);
        }
        Ok(ColumnarValue::Array(Arc::new(rows.finish())))
    }
}
