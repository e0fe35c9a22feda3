//! Parquet and Arrow, for other engines.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, Schema, SchemaRef};
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::text::text_column;
use super::{Encode, OutputError};

/// Rows of a Parquet row group: small enough that statistics prune.
const ROW_GROUP_ROWS_MAX: usize = 131_072;

/// Bytes of a row group, which the writer holds until it is complete.
const ROW_GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One Parquet file. Types that Parquet lacks (unions, month-day-nano intervals) are written as text.
pub(super) struct Parquet {
    fields: Vec<FieldRef>,
    schema: SchemaRef,
    writer: ArrowWriter<Vec<u8>>,
}

impl Parquet {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, OutputError> {
        let named = nameable(schema);
        let fields = named.fields().iter().map(|field| {
            if is_storable(field.data_type()) { Arc::clone(field) } else { Arc::new(Field::new(field.name(), DataType::Utf8, true)) }
        });
        let stored = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES_MAX))
            .build();
        Ok(Self {
            fields: schema.fields().to_vec(),
            schema: Arc::clone(&stored),
            writer: ArrowWriter::try_new(Vec::new(), stored, Some(properties))?,
        })
    }
}

impl Encode for Parquet {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let columns = self.fields.iter().zip(batch.columns()).map(|(field, column)| {
            if is_storable(field.data_type()) { Ok(Arc::clone(column)) } else { Ok(Arc::new(text_column(field, column)?) as ArrayRef) }
        });
        let columns = columns.collect::<Result<Vec<_>, OutputError>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.writer.write(&batch)?;
        out.append(self.writer.inner_mut());
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        self.writer.finish()?;
        out.append(self.writer.inner_mut());
        Ok(())
    }
}

/// The Arrow IPC stream format: it needs no seeking, so it goes through a pipe.
pub(super) struct ArrowStream {
    schema: SchemaRef,
    writer: StreamWriter<Vec<u8>>,
}

impl ArrowStream {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, OutputError> {
        let schema = nameable(schema);
        Ok(Self { writer: StreamWriter::try_new(Vec::new(), &schema)?, schema })
    }
}

impl Encode for ArrowStream {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        out.append(self.writer.get_mut());
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let columns = batch.columns().to_vec();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.writer.write(&batch)?;
        out.append(self.writer.get_mut());
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        self.writer.finish()?;
        out.append(self.writer.get_mut());
        Ok(())
    }
}

/// The schema for formats whose readers find columns by name: a repeated name gets a suffix (`name:1`), and
/// every column may be NULL, since a plan's promise that one is not does not always hold.
pub(super) fn nameable(schema: &SchemaRef) -> SchemaRef {
    let mut taken: HashSet<String> = HashSet::new();
    let originals: HashSet<&String> = schema.fields().iter().map(|field| field.name()).collect();
    let fields = schema.fields().iter().map(|field| {
        let mut name = field.name().clone();
        let mut suffix = 0;
        while taken.contains(&name) || (suffix > 0 && originals.contains(&name)) {
            suffix += 1;
            name = format!("{}:{suffix}", field.name());
        }
        taken.insert(name.clone());
        field.as_ref().clone().with_name(name).with_nullable(true)
    });
    let fields = fields.collect::<Vec<_>>();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Whether Parquet has a type for it.
fn is_storable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Union(..) | DataType::Interval(IntervalUnit::MonthDayNano) => false,
        DataType::Struct(fields) => !fields.is_empty() && fields.iter().all(|field| is_storable(field.data_type())),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => is_storable(item.data_type()),
        DataType::Dictionary(_, values) => is_storable(values),
        DataType::RunEndEncoded(_, values) => is_storable(values.data_type()),
        _ => true,
    }
}
