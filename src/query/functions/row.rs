//! Functions that are worked out row by row: each has to read the text of its row anyway.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, ListBuilder, StringViewArray, StringViewBuilder};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion_functions_json::json_field_metadata;

/// What a function makes of a row; `None` is NULL.
#[derive(Clone, Copy)]
pub(super) enum Makes {
    Bool(fn(&Row<'_>) -> Option<bool>),
    Integer(fn(&Row<'_>) -> Option<i64>),
    Text(fn(&Row<'_>) -> Option<String>),
    /// Text that is JSON.
    Json(fn(&Row<'_>) -> Option<String>),
    Texts(fn(&Row<'_>) -> Option<Vec<Option<String>>>),
}

/// What a function takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    /// So many texts.
    Texts(usize),
    /// A text and a list of texts.
    TextAndList,
    /// A text, and a list of texts or the texts themselves. Other values than text are taken as it.
    TextAndPath,
}

/// A function of texts.
pub(super) struct RowFunction {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
    makes: Makes,
}

impl RowFunction {
    /// A function of the first of these names, by which alone it is told from others; the other names are aliases.
    pub(super) fn udf(names: &[&'static str], takes: Takes, makes: Makes) -> Arc<ScalarUDF> {
        let signature = match takes {
            Takes::Texts(count) => TypeSignature::String(count),
            Takes::TextAndList => TypeSignature::Any(2),
            Takes::TextAndPath => TypeSignature::VariadicAny,
        };
        let signature = Signature::new(signature, Volatility::Immutable);
        let (name, aliases) = names.split_first().map_or(("", &[][..]), |(name, aliases)| (*name, aliases));
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        Arc::new(ScalarUDF::from(Self { name, aliases, signature, makes }))
    }
}

impl std::fmt::Debug for RowFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for RowFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for RowFunction {}

impl Hash for RowFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.makes {
            Makes::Bool(_) => DataType::Boolean,
            Makes::Integer(_) => DataType::Int64,
            Makes::Text(_) | Makes::Json(_) => DataType::Utf8View,
            Makes::Texts(_) => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true))),
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let field = Field::new(self.name, self.return_type(&types)?, true);
        let is_json = matches!(self.makes, Makes::Json(_));
        Ok(Arc::new(if is_json { field.with_metadata(json_field_metadata()) } else { field }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut columns = Vec::with_capacity(args.args.len());
        for (nth, argument) in args.args.iter().enumerate() {
            match Column::new(&argument.to_array(args.number_rows)?)? {
                Some(column) => columns.push(column),
                None => return exec_err!("{}: argument {} is {}, not text", self.name, nth + 1, argument.data_type()),
            }
        }
        let rows = (0..args.number_rows).map(|at| Row { columns: &columns, at });
        Ok(ColumnarValue::Array(match self.makes {
            Makes::Bool(of) => Arc::new(rows.map(|row| of(&row)).collect::<BooleanArray>()) as ArrayRef,
            Makes::Integer(of) => Arc::new(rows.map(|row| of(&row)).collect::<Int64Array>()),
            Makes::Text(of) | Makes::Json(of) => Arc::new(rows.map(|row| of(&row)).collect::<StringViewArray>()),
            Makes::Texts(of) => {
                let mut lists = ListBuilder::new(StringViewBuilder::new());
                rows.for_each(|row| lists.append_option(of(&row)));
                Arc::new(lists.finish())
            }
        }))
    }
}

/// An argument, for all rows.
enum Column {
    Texts(StringViewArray),
    Lists(ListArray),
}

impl Column {
    /// The texts, or lists of texts, of an array; `None` if it holds something else that is no text either.
    fn new(array: &ArrayRef) -> Result<Option<Self>> {
        Ok(match array.data_type() {
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
                let lists = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true)));
                Some(Self::Lists(cast(array, &lists)?.as_list().clone()))
            }
            other if can_cast_types(other, &DataType::Utf8View) => {
                Some(Self::Texts(cast(array, &DataType::Utf8View)?.as_string_view().clone()))
            }
            _ => None,
        })
    }

    /// The text of a row, the texts of a list.
    fn texts(&self, at: usize) -> Vec<Option<String>> {
        match self {
            Self::Texts(texts) => vec![texts.is_valid(at).then(|| texts.value(at).to_owned())],
            Self::Lists(lists) if lists.is_null(at) => vec![None],
            Self::Lists(lists) => lists.value(at).as_string_view().iter().map(|text| text.map(ToOwned::to_owned)).collect(),
        }
    }
}

/// The arguments of one row.
pub(super) struct Row<'a> {
    columns: &'a [Column],
    at: usize,
}

impl<'a> Row<'a> {
    /// The text that an argument is, if it is one.
    pub(super) fn text(&self, nth: usize) -> Option<&'a str> {
        match self.columns.get(nth)? {
            Column::Texts(texts) => texts.is_valid(self.at).then(|| texts.value(self.at)),
            Column::Lists(_) => None,
        }
    }

    /// The texts of all arguments from the `nth`, lists with all that is in them; `None` if any of it is NULL.
    pub(super) fn texts_from(&self, nth: usize) -> Option<Vec<String>> {
        self.values_from(nth).into_iter().collect()
    }

    /// The same, with NULL where it is.
    pub(super) fn values_from(&self, nth: usize) -> Vec<Option<String>> {
        self.columns.iter().skip(nth).flat_map(|column| column.texts(self.at)).collect()
    }
}
