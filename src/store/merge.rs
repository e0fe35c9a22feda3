//! Writing and merging tables other than versions.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::{interleave_record_batch, partition};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use hashbrown::HashMap;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::data_file::DataFile;
use super::decode::decode_all;
use super::history::History;
use super::parquet_io::{FileKind, FileWriter};
use super::schema;
use super::segment::{Segment, text_at, texts};
use super::verified::VerifiedStore;
use crate::error::{Error, Result};

/// Rows of a batch that is read while merging narrow tables.
const NARROW_BATCH_ROWS: usize = 1 << 16;
/// Rows of a batch that is read while files are put one after the other: they can be wide.
const APPENDED_BATCH_ROWS: usize = 1 << 11;
/// Rows of a batch that is sorted from segments: the fewer, the more often each segment is looked at.
const SORTED_BATCH_ROWS: usize = 1 << 16;
/// The columns of a scope.
const SCOPE_COLUMNS: [&str; 4] = ["provider", "account_id", "region", "resource_type"];

/// Writes batches as one file, `None` if they have no rows.
///
/// # Errors
/// `Unavailable` if the storage refuses.
pub async fn write_batches(
    history: &History,
    kind: FileKind,
    schema: &SchemaRef,
    batches: impl IntoIterator<Item = RecordBatch>,
) -> Result<Option<DataFile>> {
    let mut batches = batches.into_iter().filter(|batch| batch.num_rows() > 0).peekable();
    if batches.peek().is_none() {
        return Ok(None);
    }
    let mut writer = FileWriter::new(history, kind, schema)?;
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.finish().await
}

/// A file's rows as a stream of batches of about `rows` rows. It fails with `Corrupt` if the file is damaged.
pub fn open_stream(store: Arc<VerifiedStore>, file: &DataFile, schema: &SchemaRef, rows: usize) -> BoxStream<'static, Result<RecordBatch>> {
    open_columns(store, file, schema, rows, None)
}

/// Some columns of a file, all of them if none are named, as a stream of batches of about `rows` rows. It fails with `Corrupt`
/// if the file is damaged.
pub fn open_columns(
    store: Arc<VerifiedStore>,
    file: &DataFile,
    schema: &SchemaRef,
    rows: usize,
    columns: Option<&[&str]>,
) -> BoxStream<'static, Result<RecordBatch>> {
    let reader = FileReader { store, path: Path::from(file.name.as_str()), bytes: file.bytes };
    let options = ArrowReaderOptions::new().with_schema(Arc::clone(schema));
    let columns: Option<Vec<String>> = columns.map(|columns| columns.iter().map(|name| (*name).to_owned()).collect());
    let open = async move {
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_options(reader, options).await?;
        if let Some(columns) = columns {
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().map(String::as_str));
            builder = builder.with_projection(mask);
        }
        Ok::<_, Error>(builder.with_batch_size(rows).build()?.map_err(Error::from))
    };
    decode_all(file.name.clone(), open.try_flatten_stream().boxed())
}

/// A file of the store for the Parquet reader.
struct FileReader {
    store: Arc<VerifiedStore>,
    path: Path,
    bytes: u64,
}

impl AsyncFileReader for FileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move { Ok(self.store.get_range(&self.path, range).await?) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move { Ok(self.store.get_ranges(&self.path, &ranges).await?) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let bytes = self.bytes;
            let options = options.map(|options| options.metadata_options().clone());
            let metadata = ParquetMetaDataReader::new().with_metadata_options(options).load_and_finish(self, bytes).await?;
            Ok(Arc::new(metadata))
        }
        .boxed()
    }
}

/// The observations of segments, sorted by scope and revision, in batches.
///
/// What is in memory of each is its raw columns and its place, about 40 bytes.
#[derive(Debug)]
pub struct SortedObservations {
    segments: Vec<(Arc<Segment>, RecordBatch)>,
    /// Segment and row of each observation.
    order: Vec<(u32, u32)>,
    next: usize,
}

impl SortedObservations {
    /// Sorts the observations of segments, which are in order of revisions.
    ///
    /// # Errors
    /// `Corrupt` if they cannot be decoded.
    pub fn new(segments: impl IntoIterator<Item = Arc<Segment>>) -> Result<Self> {
        let decoded = segments.into_iter().map(|segment| segment.raw_observations().map(|raw| (segment, raw)));
        let segments = decoded.collect::<Result<Vec<_>>>()?;
        let mut by_scope: BTreeMap<Vec<&str>, Vec<(u32, u32)>> = BTreeMap::new();
        for (number, (_, raw)) in (0..).zip(&segments) {
            let dictionary = raw.column(3).as_any_dictionary();
            let mut of_values: Vec<Vec<(u32, u32)>> = vec![Vec::new(); dictionary.values().len()];
            for (row, value) in (0..).zip(dictionary.normalized_keys()) {
                if let Some(rows) = of_values.get_mut(value) {
                    rows.push((number, row));
                }
            }
            for (scope, rows) in dictionary.values().as_string::<i32>().iter().zip(of_values) {
                by_scope.entry(scope.unwrap_or_default().splitn(4, '/').collect()).or_default().extend(rows);
            }
        }
        let order = by_scope.into_values().flatten().collect();
        Ok(Self { segments, order, next: 0 })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    fn batch(&self, order: &[(u32, u32)]) -> Result<RecordBatch> {
        let mut places: Vec<(u32, Vec<u32>)> = Vec::new();
        let mut known: HashMap<u32, usize> = HashMap::new();
        let mut at = Vec::with_capacity(order.len());
        for (segment, row) in order {
            let number = *known.entry(*segment).or_insert_with(|| {
                places.push((*segment, Vec::new()));
                places.len() - 1
            });
            if let Some((_, rows)) = places.get_mut(number) {
                at.push((number, rows.len()));
                rows.push(*row);
            }
        }
        let of_segment = |(number, places): (u32, Vec<u32>)| {
            let (segment, raw) = self.segments.get(number as usize).ok_or_else(|| Error::internal("no such segment"))?;
            segment.observations_at(raw, places)
        };
        let batches = places.into_iter().map(of_segment).collect::<Result<Vec<_>>>()?;
        Ok(interleave_record_batch(&batches.iter().collect::<Vec<_>>(), &at)?)
    }
}

impl Iterator for SortedObservations {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let order = self.order.get(self.next..).filter(|order| !order.is_empty())?;
        let order = order.get(..SORTED_BATCH_ROWS).unwrap_or(order);
        let batch = self.batch(order);
        self.next += order.len();
        Some(batch)
    }
}

/// A file that is being merged: its next runs of rows of one scope.
struct Cursor {
    stream: BoxStream<'static, Result<RecordBatch>>,
    runs: VecDeque<(Vec<String>, RecordBatch)>,
}

impl Cursor {
    /// The scope of the next run; reads on if there is none.
    async fn scope(&mut self) -> Result<Option<&[String]>> {
        while self.runs.is_empty() {
            match self.stream.next().await {
                None => return Ok(None),
                Some(batch) => self.runs = scope_runs(&batch?)?.into(),
            }
        }
        Ok(self.runs.front().map(|(scope, _)| scope.as_slice()))
    }
}

fn scope_runs(batch: &RecordBatch) -> Result<Vec<(Vec<String>, RecordBatch)>> {
    let columns = SCOPE_COLUMNS.map(|name| texts(batch, name));
    let columns = columns.into_iter().collect::<Result<Vec<_>>>()?;
    let arrays: Vec<ArrayRef> = SCOPE_COLUMNS.iter().filter_map(|name| batch.column_by_name(name).map(Arc::clone)).collect();
    let runs = partition(&arrays)?.ranges().into_iter().map(|range| {
        let scope = columns.iter().map(|column| text_at(column, range.start).unwrap_or_default().to_owned()).collect();
        (scope, batch.slice(range.start, range.len()))
    });
    Ok(runs.collect())
}

/// Merges files of observations whose revisions follow one another, and newer observations: for each scope, the rows of each
/// in turn.
///
/// # Errors
/// `Corrupt` if a file is damaged, `Unavailable` if the storage refuses.
pub async fn merge_observations(history: &History, files: &[DataFile], newer: SortedObservations) -> Result<Option<DataFile>> {
    let store = Arc::new(VerifiedStore::new(history.backend.object_store(), files.iter().cloned()));
    let mut cursors = Vec::with_capacity(files.len() + 1);
    for file in files {
        let stream = open_stream(Arc::clone(&store), file, &schema::OBSERVATIONS, NARROW_BATCH_ROWS);
        cursors.push(Cursor { stream, runs: VecDeque::new() });
    }
    cursors.push(Cursor { stream: futures::stream::iter(newer).boxed(), runs: VecDeque::new() });
    let mut writer = FileWriter::new(history, FileKind::Observations, &schema::OBSERVATIONS)?;
    loop {
        let mut least: Option<Vec<String>> = None;
        for cursor in &mut cursors {
            if let Some(scope) = cursor.scope().await?
                && least.as_deref().is_none_or(|least| scope < least)
            {
                least = Some(scope.to_vec());
            }
        }
        let Some(least) = least else { return writer.finish().await };
        for cursor in &mut cursors {
            while cursor.scope().await? == Some(&least) {
                if let Some((_, rows)) = cursor.runs.pop_front() {
                    writer.write(&rows)?;
                }
            }
        }
    }
}

/// Puts files whose rows follow one another one after the other, and newer rows after them.
///
/// # Errors
/// `Corrupt` if a file is damaged, `Unavailable` if the storage refuses.
pub async fn append(
    history: &History,
    kind: FileKind,
    schema: &SchemaRef,
    files: &[DataFile],
    newer: &RecordBatch,
) -> Result<Option<DataFile>> {
    let store = Arc::new(VerifiedStore::new(history.backend.object_store(), files.iter().cloned()));
    let mut writer = FileWriter::new(history, kind, schema)?;
    for file in files {
        let mut stream = open_stream(Arc::clone(&store), file, schema, APPENDED_BATCH_ROWS);
        while let Some(batch) = stream.next().await {
            writer.write(&batch?)?;
        }
    }
    writer.write(newer)?;
    writer.finish().await
}
