//! Contents of resources as SQL functions of our own plans: as JSON text, and the paths in which two differ.

use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringViewArray, StringViewBuilder, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, TimestampMicrosecondType};
use datafusion::common::Column;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::source::HistorySource;
use crate::error::Error;
use crate::model::{CanonicalJson, Content, Json, Timestamp, changed_paths};
use crate::store::schema::text_list_type;

/// The columns of a content, after the key that tells whether there is one.
const COLUMNS: [&str; 8] = ["resource_key", "native_type", "arn", "name", "state", "created_at", "tags", "properties"];

/// The content of a scan's rows as JSON text; NULL where an outer join found no row.
pub(super) fn content_json(scan: &str) -> Expr {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::from(ContentJson { signature: Signature::any(COLUMNS.len(), Volatility::Immutable) })));
    FUNCTION.call(columns_of(scan).collect())
}

/// The paths in which the contents of two scans' rows differ; none where one of them has no row.
pub(super) fn differing_paths(source: &Arc<dyn HistorySource>, before: &str, after: &str) -> Expr {
    let signature = Signature::any(2 * COLUMNS.len() + 1, Volatility::Immutable);
    let function = Arc::new(ScalarUDF::from(DifferingPaths { signature, source: Arc::clone(source) }));
    let resource_type = Expr::Column(Column::new(Some(after), "resource_type"));
    function.call(columns_of(before).chain(columns_of(after)).chain([resource_type]).collect())
}

fn columns_of(scan: &str) -> impl Iterator<Item = Expr> {
    COLUMNS.map(|name| Expr::Column(Column::new(Some(scan), name))).into_iter()
}

/// The columns of contents, as arrays.
struct Contents<'a> {
    key: &'a dyn Array,
    texts: [&'a StringViewArray; 6],
    created_at: &'a TimestampMicrosecondArray,
}

impl<'a> Contents<'a> {
    fn new(arrays: &'a [ArrayRef]) -> Result<Self> {
        let missing = || DataFusionError::from(Error::internal("the columns of a content have other types than they are stored with"));
        let text = |at: usize| arrays.get(at).and_then(|array| array.as_string_view_opt()).ok_or_else(missing);
        let created_at = arrays.get(5).and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>()).ok_or_else(missing)?;
        let key = arrays.first().ok_or_else(missing)?;
        Ok(Self { key, texts: [text(1)?, text(2)?, text(3)?, text(4)?, text(6)?, text(7)?], created_at })
    }

    fn text(&self, column: usize, row: usize) -> Option<&'a str> {
        self.texts.get(column).filter(|array| array.is_valid(row)).map(|array| array.value(row))
    }

    fn created_at(&self, row: usize) -> Option<Timestamp> {
        self.created_at.is_valid(row).then(|| Timestamp::from_micros(self.created_at.value(row)))
    }

    fn content(&self, row: usize) -> Content {
        let owned = |column| self.text(column, row).map(Into::into);
        Content {
            native_type: owned(0),
            arn: owned(1),
            name: owned(2),
            state: owned(3),
            created_at: self.created_at(row),
            tags: self.text(4, row).map(CanonicalJson::from_stored),
            properties: CanonicalJson::from_stored(self.text(5, row).unwrap_or("{}")),
        }
    }

    /// The content as a canonical JSON object.
    fn write(&self, row: usize, out: &mut String) {
        out.push('{');
        let created_at = self.created_at(row).map(|time| time.to_string());
        let members = [
            ("arn", self.text(1, row), true),
            ("created_at", created_at.as_deref(), true),
            ("name", self.text(2, row), true),
            ("native_type", self.text(0, row), true),
            ("properties", self.text(5, row), false),
            ("state", self.text(3, row), true),
            ("tags", self.text(4, row), false),
        ];
        for (nth, (name, value, quoted)) in members.into_iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            let _ = write!(out, "{comma}\"{name}\":");
            match value {
                None => out.push_str("null"),
                Some(text) if quoted => Json::String(text.into()).write(out),
                Some(json) => out.push_str(json),
            }
        }
        out.push('}');
    }
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
        let contents = Contents::new(&arrays)?;
        let mut rows = StringViewBuilder::with_capacity(args.number_rows);
        let mut text = String::new();
        for row in 0..contents.key.len() {
            if contents.key.is_null(row) {
                rows.append_null();
                continue;
            }
            text.clear();
            contents.write(row, &mut text);
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
        let (before, rest) = arrays.split_at(COLUMNS.len().min(arrays.len()));
        let (before, after) = (Contents::new(before)?, Contents::new(rest)?);
        let types = rest.last().and_then(|array| array.as_string_view_opt());
        let mut rows = ListBuilder::new(StringViewBuilder::new()).with_field(Field::new("item", DataType::Utf8View, false));
        for row in 0..after.key.len() {
            if before.key.is_valid(row) && after.key.is_valid(row) {
                let resource_type = types.filter(|types| types.is_valid(row)).map_or("", |types| types.value(row));
                let rules = self.source.rules().comparing(resource_type);
                changed_paths(&before.content(row), &after.content(row), rules).iter().for_each(|path| rows.values().append_value(path));
            }
            rows.append(true);
        }
        Ok(ColumnarValue::Array(Arc::new(rows.finish())))
    }
}
