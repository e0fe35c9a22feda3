//! Lists of spans of revisions, as functions of our own plans. A span is half-open.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit};

use crate::error::Error;
use crate::model::Revision;

/// The fields of a span, and of a piece.
pub(super) const FROM: &str = "from";
pub(super) const TO: &str = "to";
/// Whether a piece is in one of the spans.
pub(super) const MATCHED: &str = "matched";
/// How many spans a piece is in.
pub(super) const COUNT: &str = "count";

/// The fields of a span.
static SPAN: LazyLock<Fields> = LazyLock::new(|| fields(&[(FROM, DataType::Int64), (TO, DataType::Int64)]));
/// The fields of a piece.
static PIECE: LazyLock<Fields> = LazyLock::new(|| fields(&[(FROM, DataType::Int64), (TO, DataType::Int64), (MATCHED, DataType::Boolean)]));
/// The fields of a piece that is counted.
static COUNTED: LazyLock<Fields> = LazyLock::new(|| fields(&[(FROM, DataType::Int64), (TO, DataType::Int64), (COUNT, DataType::Int64)]));

fn fields(fields: &[(&str, DataType)]) -> Fields {
    fields.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true)).collect()
}

/// Spans in order, with those that meet made one.
pub(super) fn united(spans: Expr) -> Expr {
    SpansUdf::call(Makes::United, vec![spans])
}

/// A span cut where others begin and end: what is in one of them, and what is in none. NULL is none.
pub(super) fn pieces(from: Expr, to: Expr, spans: Expr) -> Expr {
    SpansUdf::call(Makes::Pieces, vec![spans, from, to])
}

/// The pieces into which spans cut each other, each with how many it is in.
pub(super) fn counted(spans: Expr) -> Expr {
    SpansUdf::call(Makes::Counted, vec![spans])
}

/// An empty list of spans.
pub(super) fn no_spans() -> Expr {
    lit(ScalarValue::List(ScalarValue::new_list_nullable(&[], &DataType::Struct(SPAN.clone()))))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Makes {
    United,
    Pieces,
    Counted,
}

impl Makes {
    fn fields(self) -> &'static Fields {
        match self {
            Self::United => &SPAN,
            Self::Pieces => &PIECE,
            Self::Counted => &COUNTED,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SpansUdf {
    signature: Signature,
    makes: Makes,
}

impl SpansUdf {
    fn call(makes: Makes, arguments: Vec<Expr>) -> Expr {
        ScalarUDF::from(Self { signature: Signature::any(arguments.len(), Volatility::Immutable), makes }).call(arguments)
    }
}

impl ScalarUDFImpl for SpansUdf {
    fn name(&self) -> &'static str {
        match self.makes {
            Makes::United => "spans_united",
            Makes::Pieces => "spans_pieces",
            Makes::Counted => "spans_counted",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(item(self.makes)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (spans, whole) = arrays.split_first().ok_or_else(no_spans_given)?;
        let (spans, mut made) = (Lists::new(spans)?, Made::default());
        match (self.makes, whole) {
            (Makes::Pieces, [from, to]) => {
                let (from, to) = (numbers(from)?, numbers(to)?);
                (0..args.number_rows).for_each(|row| made.pieces(from.value(row), to.value(row), &spans.row(row)));
            }
            (Makes::Counted, _) => (0..args.number_rows).for_each(|row| made.counted(&spans.row(row))),
            _ => (0..args.number_rows).for_each(|row| made.united(&spans.row(row))),
        }
        Ok(ColumnarValue::Array(made.into_lists(self.makes)?))
    }
}

fn item(makes: Makes) -> Arc<Field> {
    Arc::new(Field::new_list_field(DataType::Struct(makes.fields().clone()), true))
}

fn no_spans_given() -> DataFusionError {
    Error::internal("what is to be a list of spans is none").into()
}

fn numbers(array: &ArrayRef) -> Result<&Int64Array> {
    array.as_primitive_opt::<Int64Type>().ok_or_else(no_spans_given)
}

/// Lists of spans, as they are handed in.
struct Lists<'a> {
    lists: &'a ListArray,
    from: &'a Int64Array,
    to: &'a Int64Array,
}

impl<'a> Lists<'a> {
    fn new(array: &'a ArrayRef) -> Result<Self> {
        let lists = array.as_list_opt::<i32>().ok_or_else(no_spans_given)?;
        let spans = lists.values().as_struct_opt().ok_or_else(no_spans_given)?;
        let [from, to] = spans.columns() else { return Err(no_spans_given()) };
        Ok(Self { lists, from: numbers(from)?, to: numbers(to)? })
    }

    /// The spans of a row, by where they begin.
    fn row(&self, row: usize) -> Vec<(Revision, Revision)> {
        if self.lists.is_null(row) {
            return Vec::new();
        }
        let offset = |nth: usize| self.lists.offsets().get(nth).map_or(0, |offset| *offset as usize);
        let mut spans: Vec<_> = (offset(row)..offset(row + 1)).map(|at| (self.from.value(at), self.to.value(at))).collect();
        if !spans.is_sorted() {
            spans.sort_unstable();
        }
        spans
    }
}

/// Lists as they are made.
#[derive(Default)]
struct Made {
    lengths: Vec<usize>,
    from: Vec<Revision>,
    to: Vec<Revision>,
    matched: Vec<bool>,
    counts: Vec<i64>,
}

impl Made {
    fn push(&mut self, from: Revision, to: Revision, matched: bool) {
        self.from.push(from);
        self.to.push(to);
        self.matched.push(matched);
    }

    /// Ends a list that began at an item.
    fn end(&mut self, start: usize) {
        self.lengths.push(self.from.len() - start);
    }

    fn united(&mut self, spans: &[(Revision, Revision)]) {
        let start = self.from.len();
        for (from, to) in spans {
            match self.to.last_mut() {
                Some(last) if self.from.len() > start && *from <= *last => *last = *to.max(last),
                _ => self.push(*from, *to, true),
            }
        }
        self.end(start);
    }

    fn pieces(&mut self, from: Revision, to: Revision, spans: &[(Revision, Revision)]) {
        let (start, mut at) = (self.from.len(), from);
        for (begins, ends) in spans {
            let (begins, ends) = (at.max(*begins), to.min(*ends));
            if begins < ends {
                if at < begins {
                    self.push(at, begins, false);
                }
                self.push(begins, ends, true);
                at = ends;
            }
        }
        if at < to {
            self.push(at, to, false);
        }
        self.end(start);
    }

    fn counted(&mut self, spans: &[(Revision, Revision)]) {
        let start = self.from.len();
        let mut steps: Vec<(Revision, i64)> =
            spans.iter().filter(|(from, to)| from < to).flat_map(|(from, to)| [(*from, 1), (*to, -1)]).collect();
        steps.sort_unstable();
        let (mut at, mut count) = (Revision::MIN, 0);
        for (revision, step) in steps {
            if count > 0 && at < revision {
                self.push(at, revision, true);
                self.counts.push(count);
            }
            (at, count) = (revision, count + step);
        }
        self.end(start);
    }

    fn into_lists(self, makes: Makes) -> Result<ArrayRef> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(self.from)), Arc::new(Int64Array::from(self.to))];
        match makes {
            Makes::United => {}
            Makes::Pieces => columns.push(Arc::new(BooleanArray::from(self.matched))),
            Makes::Counted => columns.push(Arc::new(Int64Array::from(self.counts))),
        }
        let spans = StructArray::try_new(makes.fields().clone(), columns, None)?;
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Ok(Arc::new(ListArray::try_new(item(makes), offsets, Arc::new(spans), None)?))
    }
}
