//! Rows of the versions table: building them, and reading contents back.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, FixedSizeBinaryBuilder, Int64Array, ListBuilder, RecordBatch, StringViewBuilder, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use hashbrown::{HashMap, HashSet};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowFilter,
};

use super::content_columns::{CONTENT_COLUMNS, ContentColumns, content_arrays};
use super::data_file::DataFile;
use super::decode::decode;
use super::history::History;
use super::manifest::each_once;
use super::parallel::in_parallel;
use super::parquet_io::fetch_through;
use super::redaction::Redactions;
use super::schema;
use super::segment::{numbers, texts};
use super::tag_columns::schema_of;
use crate::error::{Error, Result};
use crate::model::{CanonicalJson, Change, Content, ContentHash, ResourceKey, Revision, Timestamp};

/// A version, or the content of a late observation, as it begins.
#[derive(Debug)]
pub struct NewVersion<'a> {
    /// The resource.
    pub key: &'a ResourceKey,
    /// What it looks like.
    pub content: &'a Content,
    /// Its hash.
    pub hash: ContentHash,
    /// The revision that its life began with.
    pub first_seen: Revision,
    /// The time of that.
    pub first_seen_at: Timestamp,
    /// Created, updated or late.
    pub change: Change,
    /// What differs from the version before.
    pub changed_paths: Vec<String>,
    /// The scan that saw it.
    pub scan_id: Arc<str>,
    /// Its revision.
    pub revision: Revision,
    /// Its time.
    pub at: Timestamp,
}

/// Files that are fetched at once: of the open epoch each is a few times as large as the next, so all are little more than one.
const FILES_AT_ONCE: usize = 4;
/// So many versions are made rows at once. It shows in the bytes of a segment, so it does not depend on the machine.
const PART_ROWS: usize = 2048;
/// Texts up to this long are in the views of a column themselves: so says the format of Arrow.
const INLINE_BYTES_MAX: usize = 12;
/// The largest buffer of a text column.
const BLOCK_BYTES_MAX: u32 = 16 << 20;

/// Versions as rows of [`schema::VERSIONS`], open but for the late ones, in parts.
///
/// # Errors
/// `Internal` if Arrow refuses the columns.
pub fn versions_to_batches(versions: &[NewVersion<'_>]) -> Result<Vec<RecordBatch>> {
    in_parallel(versions.chunks(PART_ROWS), versions_to_batch).into_iter().collect()
}

fn versions_to_batch(versions: &[NewVersion<'_>]) -> Result<RecordBatch> {
    let parts: Vec<[&str; 5]> = versions.iter().map(|version| version.key.parts()).collect();
    let part = |at: usize| text_column(parts.iter().map(|parts| parts.get(at).copied()).collect());
    let time = |get: &dyn Fn(&NewVersion<'_>) -> Option<Timestamp>| -> ArrayRef {
        let times = versions.iter().map(|version| get(version).map(Timestamp::micros)).collect::<TimestampMicrosecondArray>();
        Arc::new(times.with_timezone("UTC"))
    };
    let number = |get: &dyn Fn(&NewVersion<'_>) -> Option<i64>| -> ArrayRef { Arc::new(versions.iter().map(get).collect::<Int64Array>()) };
    let nothing = || text_column(vec![None; versions.len()]);
    let late = |version: &NewVersion<'_>| version.change == Change::Late;

    let mut hashes = FixedSizeBinaryBuilder::with_capacity(versions.len(), 16);
    let item = Arc::new(Field::new("item", DataType::Utf8View, false));
    let mut paths = ListBuilder::new(StringViewBuilder::new()).with_field(item);
    for version in versions {
        hashes.append_value(version.hash.0)?;
        version.changed_paths.iter().for_each(|path| paths.values().append_value(path));
        paths.append(true);
    }
    let columns: Vec<ArrayRef> = vec![
        text_column(versions.iter().map(|version| Some(version.key.as_str())).collect()),
        part(0),
        part(1),
        part(2),
        part(3),
        text_column(versions.iter().map(|version| version.content.native_type.as_deref()).collect()),
        part(4),
        text_column(versions.iter().map(|version| version.content.arn.as_deref()).collect()),
        text_column(versions.iter().map(|version| version.content.name.as_deref()).collect()),
        text_column(versions.iter().map(|version| version.content.state.as_deref()).collect()),
        time(&|version| version.content.created_at),
        text_column(versions.iter().map(|version| version.content.tags.as_ref().map(CanonicalJson::as_str)).collect()),
        text_column(versions.iter().map(|version| Some(version.content.properties.as_str())).collect()),
        Arc::new(hashes.finish()),
        number(&|version| Some(version.first_seen)),
        time(&|version| Some(version.first_seen_at)),
        text_column(versions.iter().map(|version| Some(version.change.as_str())).collect()),
        Arc::new(paths.finish()),
        text_column(versions.iter().map(|version| Some(&*version.scan_id)).collect()),
        number(&|version| Some(version.revision)),
        time(&|version| Some(version.at)),
        number(&|version| late(version).then_some(version.revision)),
        time(&|version| late(version).then_some(version.at)),
        nothing(),
        nothing(),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&schema::VERSIONS), columns)?)
}

/// A text column in a buffer of just its size: the tail is held in memory.
fn text_column(values: Vec<Option<&str>>) -> ArrayRef {
    let long = values.iter().flatten().map(|text| text.len()).filter(|bytes| *bytes > INLINE_BYTES_MAX);
    let bytes: usize = long.sum();
    let block = u32::try_from(bytes).unwrap_or(u32::MAX).clamp(1, BLOCK_BYTES_MAX);
    let mut column = StringViewBuilder::with_capacity(values.len()).with_fixed_block_size(block);
    values.into_iter().for_each(|value| column.append_option(value));
    Arc::new(column.finish())
}

/// The contents of rows of a batch that has their columns, by revision.
fn contents_of(batch: &RecordBatch, found: &mut HashMap<Revision, Arc<Content>>) -> Result<()> {
    let arrays = content_arrays(batch)?;
    let contents = ContentColumns::new(&arrays)?;
    let revisions = numbers(batch, "valid_from_revision")?.values().iter().enumerate();
    found.extend(revisions.map(|(row, revision)| (*revision, Arc::new(contents.content(row)))));
    Ok(())
}

/// The contents of versions that are open at the head, by the revision that they began with.
///
/// # Errors
/// `Corrupt` if a version is not where it must be.
pub async fn read_contents(history: &History, mut wanted: Vec<Revision>) -> Result<HashMap<Revision, Arc<Content>>> {
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = HashMap::with_capacity(wanted.len());
    let columns: Vec<&str> = CONTENT_COLUMNS.into_iter().chain(["resource_key", "valid_from_revision"]).collect();
    visit(history, open_files(history), &wanted, &columns, &mut |batch| contents_of(batch, &mut found)).await?;
    match wanted.iter().find(|revision| !found.contains_key(*revision)) {
        Some(missing) => Err(missing_version(*missing)),
        None => Ok(found),
    }
}

/// Columns of versions that are open at the manifest or in the tail: a row for each, in no order.
///
/// # Errors
/// `Corrupt` if a version is not where it must be.
pub async fn read_rows(history: &History, mut wanted: Vec<Revision>, columns: &[&str]) -> Result<RecordBatch> {
    wanted.sort_unstable();
    let places = columns.iter().map(|name| schema::VERSIONS.index_of(name)).collect::<Result<Vec<_>, _>>()?;
    let rows_schema = Arc::new(schema::VERSIONS.project(&places)?);
    let mut batches = Vec::new();
    visit(history, open_files(history), &wanted, columns, &mut |batch| {
        let places = columns.iter().map(|name| batch.schema_ref().index_of(name)).collect::<Result<Vec<_>, _>>()?;
        batches.push(batch.project(&places)?);
        Ok(())
    })
    .await?;
    let rows = concat_batches(&rows_schema, &batches)?;
    let found: HashSet<Revision> = numbers(&rows, "valid_from_revision")?.values().iter().copied().collect();
    match wanted.into_iter().find(|revision| !found.contains(revision)) {
        Some(missing) => Err(missing_version(missing)),
        None => Ok(rows),
    }
}

/// The files that hold the versions that were open at the manifest.
fn open_files(history: &History) -> &[DataFile] {
    history.manifest.epochs.last().map_or(&[], |epoch| &epoch.files)
}

/// The keys of versions of any age, by the revision that they began with.
///
/// # Errors
/// `Corrupt` if a version is not where it must be.
pub async fn read_keys(history: &History, mut wanted: Vec<Revision>) -> Result<HashMap<Revision, ResourceKey>> {
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = HashMap::with_capacity(wanted.len());
    let files: Vec<DataFile> = each_once(history.manifest.epochs.iter().flat_map(|epoch| &epoch.files)).cloned().collect();
    visit(history, &files, &wanted, &["resource_key", "valid_from_revision"], &mut |batch| {
        let (keys, revisions) = (texts(batch, "resource_key")?, numbers(batch, "valid_from_revision")?);
        for (row, revision) in revisions.values().iter().enumerate() {
            found.insert(*revision, ResourceKey::from_stored(keys.value(row))?);
        }
        Ok(())
    })
    .await?;
    match wanted.iter().find(|revision| !found.contains_key(*revision)) {
        Some(missing) => Err(missing_version(*missing)),
        None => Ok(found),
    }
}

fn missing_version(revision: Revision) -> Error {
    Error::corrupt(format!("the version that began with revision {revision} is in no file"))
}

/// Shows the rows of the wanted versions to a function: those of the tail and of some files. What is redacted is shown as that.
async fn visit(
    history: &History,
    files: &[DataFile],
    wanted: &[Revision],
    columns: &[&str],
    with: &mut (dyn FnMut(&RecordBatch) -> Result<()> + Send),
) -> Result<()> {
    let redactions = Redactions::pending(history);
    let with = &mut |rows: &RecordBatch| with(&redactions.versions(rows)?);
    for segment in &history.tail {
        let (first, last) = (segment.header.first_revision, segment.header.last_revision());
        let within = wanted.partition_point(|revision| *revision < first)..wanted.partition_point(|revision| *revision <= last);
        let opened = numbers(&segment.versions, "valid_from_revision")?.values();
        let rows = wanted.get(within).unwrap_or_default().iter().filter_map(|revision| opened.binary_search(revision).ok());
        let rows: UInt32Array = rows.map(|row| row as u32).collect();
        if !rows.is_empty() {
            with(&take_record_batch(&segment.versions, &rows)?)?;
        }
    }
    let mut fetches = Vec::new();
    for file in files {
        let Some((min, max)) = file.int_bounds("valid_from_revision") else { continue };
        let from = wanted.partition_point(|revision| *revision < min);
        if wanted.get(from).is_some_and(|revision| *revision <= max) {
            fetches.push(async move { fetch_through(&*history.backend, file).await.map(|bytes| (file, bytes)) });
        }
    }
    let mut fetched = futures::stream::iter(fetches).buffered(FILES_AT_ONCE);
    while let Some((file, bytes)) = fetched.try_next().await? {
        visit_file(file, bytes, wanted, columns, with)?;
    }
    Ok(())
}

fn visit_file(
    file: &DataFile,
    bytes: Bytes,
    wanted: &[Revision],
    columns: &[&str],
    with: &mut (dyn FnMut(&RecordBatch) -> Result<()> + Send),
) -> Result<()> {
    let mut reader = decode(&file.name, || rows_of(file, bytes, wanted, columns))?;
    while let Some(batch) = decode(&file.name, || Ok(reader.next().transpose()?))? {
        with(&batch)?;
    }
    Ok(())
}

/// The rows of wanted versions among a file's.
fn rows_of(file: &DataFile, bytes: Bytes, wanted: &[Revision], columns: &[&str]) -> Result<ParquetRecordBatchReader> {
    let options = ArrowReaderOptions::new().with_schema(schema_of(file));
    let metadata = ArrowReaderMetadata::load(&bytes, options)?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
    let revisions = ProjectionMask::columns(builder.parquet_schema(), ["valid_from_revision"]);
    let shown = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let wanted: Arc<[Revision]> = wanted.into();
    let keep = ArrowPredicateFn::new(revisions, move |batch| {
        let values = batch.column(0).as_primitive::<Int64Type>().values();
        Ok(values.iter().map(|revision| Some(wanted.binary_search(revision).is_ok())).collect())
    });
    Ok(builder.with_projection(shown).with_row_filter(RowFilter::new(vec![Box::new(keep)])).build()?)
}
