//! CSV and TSV.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchOptions};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::text::text_columns;
use super::{Encode, OutputError};

/// RFC 4180 by arrow's writer, with `\n` at the end of a line as Unix tools expect.
pub(super) struct Csv {
    schema: SchemaRef,
}

impl Csv {
    pub(super) fn new(schema: &SchemaRef) -> Self {
        Self { schema: Arc::clone(schema) }
    }
}

impl Encode for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let empty = RecordBatch::new_empty(Arc::new(text_schema(&self.schema)));
        Ok(WriterBuilder::new().build(out).write(&empty)?)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let columns = text_columns(&self.schema, batch)?;
        let texts = RecordBatch::try_new_with_options(
            Arc::new(text_schema(&self.schema)),
            columns.into_iter().map(|column| Arc::new(column) as _).collect(),
            &RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
        )?;
        Ok(WriterBuilder::new().with_header(false).build(out).write(&texts)?)
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        Ok(())
    }
}

/// Tab-separated, one line a row whatever the values hold.
pub(super) struct Tsv {
    schema: SchemaRef,
}

impl Tsv {
    pub(super) fn new(schema: &SchemaRef) -> Self {
        Self { schema: Arc::clone(schema) }
    }
}

impl Encode for Tsv {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        for (index, field) in self.schema.fields().iter().enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            append_escaped(field.name(), out);
        }
        out.push(b'\n');
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let columns = text_columns(&self.schema, batch)?;
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(b'\t');
                }
                if column.is_valid(row) {
                    append_escaped(column.value(row), out);
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        Ok(())
    }
}

fn text_schema(schema: &Schema) -> Schema {
    let fields = schema.fields().iter();
    Schema::new(fields.map(|field| Field::new(field.name(), DataType::Utf8, true)).collect::<Vec<_>>())
}

fn append_escaped(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            _ => out.push(byte),
        }
    }
}
