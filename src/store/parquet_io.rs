//! Writing and reading the store's Parquet files.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimestampMicrosecondType};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use sha2::{Digest, Sha256};

use super::backend::{Backend, Staged};
use super::data_file::{BlockChecksums, Bound, CHECKSUM_BLOCK_BYTES, ColumnStats, DataFile};
use super::decode::decode;
use super::history::History;
use super::manifest::hex;
use super::schema::PAYLOAD_COLUMNS;
use super::tag_columns::is_tag_column;
use super::verified::{blocks, cut, joined};
use crate::error::{Error, Result};

/// What a file holds; decides where it is and how it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Versions, by key.
    Versions,
    /// Changes: versions by revision.
    Changes,
    /// Closings of the open epoch.
    Closings,
    /// Observations.
    Observations,
    /// Log entries.
    Entries,
}

/// Rows in a row group of versions.
const VERSION_ROW_GROUP_ROWS: usize = 32 * 1024;
/// Rows in a row group of narrow tables.
const NARROW_ROW_GROUP_ROWS: usize = 1024 * 1024;
/// Size of a page of tags or properties.
const PAYLOAD_PAGE_BYTES: usize = 64 * 1024;
/// Rows of a page of any other column of versions: what a look-up of one resource decodes of each.
const VERSION_PAGE_ROWS: usize = 2048;
/// Columns of which neighbouring values begin alike, and nearly every one is another.
const NAMING_COLUMNS: [&str; 3] = ["resource_key", "resource_id", "arn"];
/// Columns of numbers of which nearly every one is another.
const NUMBER_COLUMNS: [&str; 4] = ["valid_from_revision", "valid_to_revision", "first_seen_revision", "revision"];
/// Rows after which the size of a page of a wide table is tested.
const VERSION_WRITE_BATCH_ROWS: usize = 64;
/// Text bounds longer than this are left away: a missing bound prunes nothing.
const TEXT_BOUND_BYTES_MAX: usize = 256;

impl FileKind {
    /// The folders of all kinds.
    pub const FOLDERS: [&str; 4] = ["versions", "closings", "observations", "entries"];

    /// What the names of its files begin with; the number of a manifest and a hash of the content follow.
    fn prefix(self) -> &'static str {
        match self {
            Self::Versions => "versions/",
            Self::Changes => "versions/changes-",
            Self::Closings => "closings/",
            Self::Observations => "observations/",
            Self::Entries => "entries/",
        }
    }

    /// The columns whose bounds go into the manifest, besides those of tags.
    fn pruning_columns(self) -> &'static [&'static str] {
        match self {
            Self::Versions => &[
                "resource_key",
                "provider",
                "account_id",
                "region",
                "resource_type",
                "valid_from_revision",
                "valid_to_revision",
                "first_seen_revision",
            ],
            Self::Changes => &["revision", "resource_key", "provider", "account_id", "region", "resource_type"],
            Self::Closings => &["valid_from_revision", "valid_to_revision"],
            Self::Observations => &["revision", "version_revision", "observed_at", "provider", "account_id", "region", "resource_type"],
            Self::Entries => &["seq", "head"],
        }
    }

    /// Payload is read the most. A window of observations repeats itself at distances that only a thorough search finds.
    fn zstd_level(self) -> i32 {
        match self {
            Self::Versions | Self::Changes => 1,
            Self::Closings | Self::Entries => 3,
            Self::Observations => 9,
        }
    }

    fn properties(self) -> Result<WriterProperties> {
        let builder = WriterProperties::builder().set_writer_version(WriterVersion::PARQUET_1_0).set_created_by("elava".to_owned());
        let packed = Compression::ZSTD(ZstdLevel::try_new(self.zstd_level())?);
        let builder = match self {
            Self::Versions | Self::Changes => self.wide(builder, packed),
            Self::Closings | Self::Observations | Self::Entries => self.narrow(builder, packed),
        };
        Ok(builder.build())
    }

    /// Tables of resources. Only the columns are compressed that are large even when they are encoded: to unpack a few rows
    /// of any other takes longer to set up than it saves.
    fn wide(self, builder: WriterPropertiesBuilder, packed: Compression) -> WriterPropertiesBuilder {
        let mut builder = builder
            .set_max_row_group_row_count(Some(VERSION_ROW_GROUP_ROWS))
            .set_write_batch_size(VERSION_WRITE_BATCH_ROWS)
            .set_data_page_size_limit(PAYLOAD_PAGE_BYTES)
            .set_data_page_row_count_limit(VERSION_PAGE_ROWS)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_column_compression("name".into(), packed)
            .set_column_dictionary_enabled("content_hash".into(), false);
        // Neither a dictionary nor bounds help.
        for name in PAYLOAD_COLUMNS {
            builder = builder
                .set_column_compression(name.into(), packed)
                .set_column_dictionary_enabled(name.into(), false)
                .set_column_statistics_enabled(name.into(), EnabledStatistics::None);
        }
        for name in NAMING_COLUMNS {
            builder = builder
                .set_column_compression(name.into(), packed)
                .set_column_dictionary_enabled(name.into(), false)
                .set_column_encoding(name.into(), Encoding::DELTA_BYTE_ARRAY);
        }
        for name in NUMBER_COLUMNS {
            builder =
                builder.set_column_dictionary_enabled(name.into(), false).set_column_encoding(name.into(), Encoding::DELTA_BINARY_PACKED);
        }
        // Files of versions are sorted by key.
        let found_by: &[&str] = if self == Self::Versions { &["resource_id", "arn"] } else { &NAMING_COLUMNS };
        for name in found_by {
            builder = builder.set_column_bloom_filter_enabled((*name).into(), true);
        }
        builder
    }

    fn narrow(self, builder: WriterPropertiesBuilder, packed: Compression) -> WriterPropertiesBuilder {
        let builder = builder
            .set_compression(packed)
            .set_max_row_group_row_count(Some(NARROW_ROW_GROUP_ROWS))
            .set_data_page_row_count_limit(NARROW_ROW_GROUP_ROWS)
            .set_data_page_size_limit(16 << 20)
            .set_statistics_enabled(EnabledStatistics::Chunk);
        if self != Self::Observations {
            return builder;
        }
        builder
            .set_column_dictionary_enabled("revision".into(), false)
            .set_column_encoding("revision".into(), Encoding::DELTA_BINARY_PACKED)
            .set_column_dictionary_enabled("version_revision".into(), false)
    }
}

/// Writes one file as a stream of batches, taking hashes and bounds on the way.
pub struct FileWriter {
    kind: FileKind,
    /// The manifest that is to name it.
    manifest: u64,
    sink: Arc<Mutex<Sink>>,
    writer: ArrowWriter<SharedSink>,
    bounds: Bounds,
    rows: u64,
}

/// Bounds of the columns that prune, taken from rows as they come.
#[derive(Debug)]
pub struct Bounds {
    kind: FileKind,
    columns: BTreeMap<String, ColumnStats>,
}

impl Bounds {
    /// Those of no rows.
    pub fn new(kind: FileKind) -> Self {
        Self { kind, columns: BTreeMap::new() }
    }

    /// Widens them by rows.
    ///
    /// # Errors
    /// `Internal` if a column is missing.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let tags = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).filter(|name| is_tag_column(name));
        for name in self.kind.pruning_columns().iter().copied().chain(tags) {
            let column = batch.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?;
            widen(self.columns.entry(name.to_owned()).or_default(), column);
        }
        Ok(())
    }

    /// By the name of the column, as they are stored.
    pub fn finish(mut self) -> BTreeMap<String, ColumnStats> {
        self.columns.values_mut().for_each(drop_long_bounds);
        self.columns
    }
}

struct Sink {
    staged: Option<Box<dyn Staged>>,
    hasher: Sha256,
    checksums: BlockChecksums,
    bytes: u64,
}

/// The Parquet writer owns its sink, but the file is published by its own name afterwards.
struct SharedSink(Arc<Mutex<Sink>>);

impl Write for SharedSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let staged = sink.staged.as_mut().ok_or_else(|| io::Error::other("written after it was published"))?;
        staged.write_all(bytes)?;
        sink.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was written, its hash, its checksums and its size.
type Written = (Box<dyn Staged>, String, Vec<u32>, u64);

impl Sink {
    fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.checksums.take(bytes);
    }

    /// What was written, its hash in hexadecimal, its checksums and its size in bytes.
    fn end(&mut self) -> Result<Written> {
        let staged = self.staged.take().ok_or_else(|| Error::internal("published twice"))?;
        let hash = hex(&std::mem::take(&mut self.hasher).finalize());
        Ok((staged, hash, std::mem::take(&mut self.checksums).finish(), self.bytes))
    }
}

impl FileWriter {
    /// Begins a file for the manifest after that of a history.
    ///
    /// # Errors
    /// `Unavailable` if the storage refuses.
    pub fn new(history: &History, kind: FileKind, schema: &SchemaRef) -> Result<Self> {
        let manifest = history.manifest.number + 1;
        let sink = Sink { staged: Some(history.backend.stage()?), hasher: Sha256::new(), checksums: BlockChecksums::default(), bytes: 0 };
        let sink = Arc::new(Mutex::new(sink));
        let writer =
            ArrowWriter::try_new(SharedSink(Arc::clone(&sink)), Arc::clone(schema), Some(kind.properties()?)).map_err(not_written)?;
        Ok(Self { kind, manifest, sink, writer, bounds: Bounds::new(kind), rows: 0 })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// `Unavailable` if the storage refuses.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.bounds.add(batch)?;
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(not_written)
    }

    /// Ends the file and publishes it under a name made from its manifest's number and its content, `None` if it has no rows.
    ///
    /// # Errors
    /// `Unavailable` if the storage refuses; `Uncertain` if it may have published it.
    pub async fn finish(self) -> Result<Option<DataFile>> {
        if self.rows == 0 {
            return Ok(None);
        }
        self.writer.close().map_err(not_written)?;
        let (staged, hash, checksums, bytes) = self.sink.lock().unwrap_or_else(PoisonError::into_inner).end()?;
        let name = format!("{}{:020}-{}.parquet", self.kind.prefix(), self.manifest, hash.get(..32).unwrap_or(&hash));
        staged.publish(&name).await?;
        Ok(Some(DataFile { name, rows: self.rows, bytes, hash, checksums, columns: self.bounds.finish() }))
    }
}

fn not_written(error: parquet::errors::ParquetError) -> Error {
    let full = error.to_string().contains("No space left");
    let error = Error::unavailable("a data file cannot be written").with_source(error);
    if full { error.with_hint("the disk is full: nothing was lost, free some space and try again") } else { error }
}

fn drop_long_bounds(stats: &mut ColumnStats) {
    let long = |bound: &Option<Bound>| matches!(bound, Some(Bound::Text(text)) if text.len() > TEXT_BOUND_BYTES_MAX);
    if long(&stats.min) || long(&stats.max) {
        (stats.min, stats.max) = (None, None);
    }
}

/// Widens bounds by a column of numbers, times or text.
fn widen(stats: &mut ColumnStats, column: &ArrayRef) {
    stats.null_count += column.null_count() as u64;
    let bounds = match column.data_type() {
        DataType::Int64 => {
            let column = column.as_primitive::<Int64Type>();
            (arrow::compute::min(column).map(Bound::Int), arrow::compute::max(column).map(Bound::Int))
        }
        DataType::Timestamp(..) => {
            let column = column.as_primitive::<TimestampMicrosecondType>();
            (arrow::compute::min(column).map(Bound::Int), arrow::compute::max(column).map(Bound::Int))
        }
        _ => {
            let column = column.as_string_view();
            let text = |bound: Option<&str>| bound.map(|text| Bound::Text(text.to_owned()));
            (text(arrow::compute::min_string_view(column)), text(arrow::compute::max_string_view(column)))
        }
    };
    if let (Some(min), Some(max)) = bounds {
        stats.min = Some(stats.min.take().map_or(min.clone(), |known| known.min(min)));
        stats.max = Some(stats.max.take().map_or(max.clone(), |known| known.max(max)));
    }
}

/// Reads a whole small file, checked, as one batch.
///
/// # Errors
/// `Corrupt` if it is missing or not what the manifest says.
pub async fn read_file(backend: &dyn Backend, file: &DataFile, schema: &SchemaRef) -> Result<RecordBatch> {
    let bytes = fetch(backend, file).await?;
    decode(&file.name, || {
        let options = ArrowReaderOptions::new().with_schema(Arc::clone(schema));
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)?.with_batch_size(1 << 16).build()?;
        let batches = reader.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(arrow::compute::concat_batches(schema, &batches)?)
    })
}

/// Reads the bytes of a file and checks them.
///
/// # Errors
/// `Corrupt` if it is missing or not what the manifest says.
pub async fn fetch(backend: &dyn Backend, file: &DataFile) -> Result<Bytes> {
    let bytes = backend.get(&file.name).await?.ok_or_else(|| Error::corrupt(format!("{} is missing", file.name)))?;
    if bytes.len() as u64 != file.bytes {
        return Err(Error::corrupt(format!("{}: expected {} bytes, found {}", file.name, file.bytes, bytes.len())));
    }
    let block = usize::try_from(CHECKSUM_BLOCK_BYTES).unwrap_or(usize::MAX);
    for (at, chunk) in bytes.chunks(block).enumerate() {
        if file.checksums.get(at) != Some(&crc32fast::hash(chunk)) {
            return Err(Error::corrupt(format!("{}: the checksum of the block does not hold", file.name)).at_byte((at * block) as u64));
        }
    }
    Ok(bytes)
}

/// As [`fetch`], through the cache if there is one.
///
/// # Errors
/// As [`fetch`].
pub async fn fetch_through(backend: &dyn Backend, file: &DataFile) -> Result<Bytes> {
    let Some(cache) = backend.cache() else { return fetch(backend, file).await };
    let (file, whole) = (Arc::new(file.clone()), 0..file.bytes);
    let held = cache.read(&file, blocks(&whole).collect()).await;
    if held.len() == file.checksums.len() {
        return Ok(joined(&whole, &held));
    }
    let bytes = fetch(backend, &file).await?;
    cache.write(&file, cut(&whole, &bytes)).await;
    Ok(bytes)
}

/// Reads some columns of the bytes of a file of a name, in batches of about `rows` rows.
///
/// # Errors
/// `Corrupt` if the bytes are not such a file.
pub fn read_columns(
    name: &str,
    bytes: Bytes,
    schema: &SchemaRef,
    rows: usize,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let mut reader = decode(name, || {
        let options = ArrowReaderOptions::new().with_schema(Arc::clone(schema));
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)?;
        let mask = parquet::arrow::ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        Ok(builder.with_projection(mask).with_batch_size(rows).build()?)
    })?;
    let name = name.to_owned();
    Ok(std::iter::from_fn(move || decode(&name, || Ok(reader.next().transpose()?)).transpose()))
}
