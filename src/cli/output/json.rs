//! Rows as JSON objects, on arrow's own encoders; what differs from them is here.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, GenericStringArray, OffsetSizeTrait, RecordBatch, StringArray, StringBuilder, StringViewArray, StructArray,
    UnionArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{ArrowNativeType, DataType, Field, FieldRef, Int64Type, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::json::writer::{NullableEncoder, make_encoder};
use arrow::json::{Encoder, EncoderFactory, EncoderOptions};
use serde::de::IgnoredAny;

use super::text::{DATE_FORMAT, timestamp_text};
use super::{Encode, OutputError, binary};

/// The arrow extension type of a text column that holds JSON.
const JSON_EXTENSION: &str = "arrow.json";

/// How columns that hold JSON text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextColumns {
    /// As a JSON string with exactly the stored text.
    AsText,
    /// As JSON. Text that is not JSON stays a string.
    AsJson,
}

/// Every column of every row, NULL as null.
pub(super) struct Rows {
    schema: SchemaRef,
    options: EncoderOptions,
    array: bool,
    first: bool,
}

impl Rows {
    /// One array, one object a line.
    pub(super) fn array(schema: &SchemaRef, nested: bool) -> Self {
        Self::new(schema, nested, true)
    }

    /// One object a line.
    pub(super) fn lines(schema: &SchemaRef, nested: bool) -> Self {
        Self::new(schema, nested, false)
    }

    fn new(schema: &SchemaRef, nested: bool, array: bool) -> Self {
        let text_columns = if nested { TextColumns::AsJson } else { TextColumns::AsText };
        Self { schema: binary::nameable(schema), options: encoder_options(text_columns), array, first: true }
    }
}

impl Encode for Rows {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        if self.array {
            out.push(b'[');
        }
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let fields = self.schema.fields().clone();
        let rows: ArrayRef = Arc::new(StructArray::try_new(fields, batch.columns().to_vec(), None)?);
        let row: FieldRef = Arc::new(Field::new("row", rows.data_type().clone(), false));
        let mut encoder = make_encoder(&row, rows.as_ref(), &self.options)?;
        for index in 0..batch.num_rows() {
            if self.array && !self.first {
                out.extend_from_slice(b",\n");
            }
            self.first = false;
            encoder.encode(index, out);
            if !self.array {
                out.push(b'\n');
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        if self.array {
            out.extend_from_slice(b"]\n");
        }
        Ok(())
    }
}

/// Each value of the column as JSON text; NULL stays NULL.
pub(super) fn column(field: &FieldRef, array: &ArrayRef, text_columns: TextColumns) -> Result<StringArray, ArrowError> {
    let options = encoder_options(text_columns);
    let mut encoder = make_encoder(field, array.as_ref(), &options)?;
    let mut texts = StringBuilder::new();
    let mut value = Vec::new();
    for row in 0..array.len() {
        if encoder.is_null(row) {
            texts.append_null();
            continue;
        }
        value.clear();
        encoder.encode(row, &mut value);
        texts.append_value(String::from_utf8_lossy(&value));
    }
    Ok(texts.finish())
}

fn encoder_options(text_columns: TextColumns) -> EncoderOptions {
    EncoderOptions::default()
        .with_explicit_nulls(true)
        .with_datetime_format(DATE_FORMAT.to_owned())
        .with_encoder_factory(Arc::new(Encoders { text_columns }))
}

/// The encoders that replace or complete arrow's.
#[derive(Debug)]
struct Encoders {
    text_columns: TextColumns,
}

impl EncoderFactory for Encoders {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Timestamp(unit, _) => Box::new(Timestamps::try_new(array, *unit)?),
            DataType::Dictionary(..) => Box::new(Dictionary::try_new(field, array, options)?),
            DataType::Union(..) => Box::new(Union::try_new(array.as_union(), options)?),
            DataType::Map(entries, _) if has_foreign_keys(entries) => Box::new(Map::try_new(field, array, options)?),
            data_type if data_type.is_string() && self.holds_json(field) => match data_type {
                DataType::Utf8 => Box::new(JsonText(array.as_string::<i32>())),
                DataType::LargeUtf8 => Box::new(JsonText(array.as_string::<i64>())),
                _ => Box::new(JsonText(array.as_string_view())),
            },
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.logical_nulls())))
    }
}

impl Encoders {
    fn holds_json(&self, field: &Field) -> bool {
        self.text_columns == TextColumns::AsJson && field.extension_type_name() == Some(JSON_EXTENSION)
    }
}

struct Timestamps {
    values: ArrayRef,
    unit: TimeUnit,
}

impl Timestamps {
    fn try_new(array: &dyn Array, unit: TimeUnit) -> Result<Self, ArrowError> {
        Ok(Self { values: cast(array, &DataType::Int64)?, unit })
    }
}

impl Encoder for Timestamps {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let value = self.values.as_primitive::<Int64Type>().value(row);
        match timestamp_text(value, self.unit) {
            Some(text) => encode_text(&text, out),
            None => encode_text(&value.to_string(), out),
        }
    }
}

/// Arrow's own encoder overlooks NULL among a dictionary's values.
struct Dictionary<'a> {
    keys: Vec<usize>,
    values: NullableEncoder<'a>,
}

impl<'a> Dictionary<'a> {
    fn try_new(field: &'a FieldRef, array: &'a dyn Array, options: &'a EncoderOptions) -> Result<Self, ArrowError> {
        let dictionary = array.as_any_dictionary();
        Ok(Self {
            keys: if dictionary.values().is_empty() { Vec::new() } else { dictionary.normalized_keys() },
            values: make_encoder(field, dictionary.values().as_ref(), options)?,
        })
    }
}

impl Encoder for Dictionary<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        match self.keys.get(row) {
            Some(key) => encode_or_null(&mut self.values, *key, out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

/// The chosen member alone, without its name.
struct Union<'a> {
    array: &'a UnionArray,
    members: Vec<(i8, NullableEncoder<'a>)>,
}

impl<'a> Union<'a> {
    fn try_new(array: &'a UnionArray, options: &'a EncoderOptions) -> Result<Self, ArrowError> {
        let DataType::Union(fields, _) = array.data_type() else {
            return Err(ArrowError::JsonError("expected a union".to_owned()));
        };
        let members = fields
            .iter()
            .map(|(id, field)| {
                let member = make_encoder(field, array.child(id).as_ref(), options)?;
                Ok((id, member))
            })
            .collect::<Result<_, ArrowError>>()?;
        Ok(Self { array, members })
    }
}

impl Encoder for Union<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let id = self.array.type_id(row);
        let offset = self.array.value_offset(row);
        match self.members.iter_mut().find(|(member, _)| *member == id) {
            Some((_, member)) => encode_or_null(member, offset, out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

/// A map whose keys are not plain text: they are written as text.
struct Map<'a> {
    offsets: OffsetBuffer<i32>,
    keys: ArrayRef,
    values: NullableEncoder<'a>,
}

fn has_foreign_keys(entries: &Field) -> bool {
    match entries.data_type() {
        DataType::Struct(fields) => fields.first().is_some_and(|key| !key.data_type().is_string()),
        _ => false,
    }
}

impl<'a> Map<'a> {
    fn try_new(field: &'a FieldRef, array: &'a dyn Array, options: &'a EncoderOptions) -> Result<Self, ArrowError> {
        let map = array.as_map();
        let key_field: FieldRef = Arc::new(Field::new("key", map.keys().data_type().clone(), false));
        Ok(Self {
            offsets: map.offsets().clone(),
            keys: Arc::new(super::text::text_column(&key_field, map.keys())?),
            values: make_encoder(field, map.values().as_ref(), options)?,
        })
    }
}

impl Encoder for Map<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let end = self.offsets.get(row + 1).map_or(0, |end| end.as_usize());
        let start = self.offsets.get(row).map_or(end, |start| start.as_usize());
        out.push(b'{');
        for entry in start..end {
            if entry > start {
                out.push(b',');
            }
            encode_text(self.keys.as_string::<i32>().value(entry), out);
            out.push(b':');
            encode_or_null(&mut self.values, entry, out);
        }
        out.push(b'}');
    }
}

/// JSON text written as JSON: the same tokens, so numbers keep their digits; only space between them goes.
struct JsonText<A>(A);

trait TextAt {
    fn text_at(&self, row: usize) -> &str;
}

impl<O: OffsetSizeTrait> TextAt for &GenericStringArray<O> {
    fn text_at(&self, row: usize) -> &str {
        self.value(row)
    }
}

impl TextAt for &StringViewArray {
    fn text_at(&self, row: usize) -> &str {
        self.value(row)
    }
}

impl<A: TextAt> Encoder for JsonText<A> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let text = self.0.text_at(row);
        if serde_json::from_str::<IgnoredAny>(text).is_ok() {
            append_without_space(text, out);
        } else {
            encode_text(text, out);
        }
    }
}

/// Copies valid JSON without the space outside its strings, so that it stays on one line.
fn append_without_space(json: &str, out: &mut Vec<u8>) {
    let mut in_string = false;
    let mut escaped = false;
    for byte in json.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_string = byte == b'"';
        }
        out.push(byte);
    }
}

fn encode_or_null(encoder: &mut NullableEncoder<'_>, row: usize, out: &mut Vec<u8>) {
    if encoder.is_null(row) {
        out.extend_from_slice(b"null");
    } else {
        encoder.encode(row, out);
    }
}

fn encode_text(text: &str, out: &mut Vec<u8>) {
    // Writing a string to memory has no way to fail.
    let _ = write!(out, "{}", serde_json::Value::from(text));
}
