//! Writing and merging the narrow tables: observations and log entries.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, partition, take_record_batch};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::backend::Backend;
use super::data_file::DataFile;
use super::history::History;
use super::parquet_io::{FileKind, FileWriter};
use super::schema;
use super::segment::{Segment, text_at, texts};
use super::verified::VerifiedStore;
use crate::error::{Error, Result};

/// Rows of a batch that is read while merging narrow tables.
const NARROW_BATCH_ROWS: usize = 1 << 16;
/// The columns of a scope.
const SCOPE_COLUMNS: [&str; 4] = ["provider", "account_id", "region", "resource_type"];

/// Writes batches as one file, `None` if they have no rows.
///
/// # Errors
/// `Unavailable` if the storage refuses.
pub fn write_batches(
    backend: &dyn Backend,
    kind: FileKind,
    schema: &SchemaRef,
    batches: impl IntoIterator<Item = RecordBatch>,
) -> Result<Option<DataFile>> {
    let mut batches = batches.into_iter().filter(|batch| batch.num_rows() > 0).peekable();
    if batches.peek().is_none() {
        return Ok(None);
    }
    let mut writer = FileWriter::new(backend, kind, schema)?;
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.finish()
}

/// A file's rows as a stream of batches of about `rows` rows.
///
/// # Errors
/// `Corrupt` if the file is damaged.
pub async fn open_stream(
    store: Arc<VerifiedStore>,
    file: &DataFile,
    schema: &SchemaRef,
    rows: usize,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let reader = FileReader { store, path: Path::from(file.name.as_str()), bytes: file.bytes };
    let options = ArrowReaderOptions::new().with_schema(Arc::clone(schema));
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(reader, options).await?;
    Ok(builder.with_batch_size(rows).build()?.map(|batch| batch.map_err(Error::from)).boxed())
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

/// The observations of segments, sorted by scope and revision.
///
/// # Errors
/// `Corrupt` if they cannot be decoded.
pub fn sort_observations(segments: &[&Arc<Segment>]) -> Result<RecordBatch> {
    let mut batches = Vec::with_capacity(segments.len());
    let mut scopes: Vec<String> = Vec::new();
    let mut numbers: Vec<u32> = Vec::new();
    let mut known: hashbrown::HashMap<String, u32> = hashbrown::HashMap::new();
    for segment in segments {
        let raw = segment.raw_observations()?;
        batches.push(segment.as_observations(&raw)?);
        let dictionary = raw.column(3).as_any_dictionary();
        let of_values: Vec<u32> = dictionary
            .values()
            .as_string::<i32>()
            .iter()
            .map(|scope| {
                let scope = scope.unwrap_or_default();
                *known.entry_ref(scope).or_insert_with(|| {
                    scopes.push(scope.to_owned());
                    scopes.len() as u32 - 1
                })
            })
            .collect();
        numbers.extend(dictionary.normalized_keys().iter().map(|key| of_values.get(*key).copied().unwrap_or(0)));
    }
    let all = concat_batches(&schema::OBSERVATIONS, &batches)?;
    let mut order: Vec<u32> = (0..scopes.len() as u32).collect();
    order.sort_by(|left, right| {
        let parts = |number: &u32| scopes.get(*number as usize).map(|scope| scope.splitn(4, '/').collect::<Vec<_>>());
        parts(left).cmp(&parts(right))
    });
    let mut starts = vec![0_u32; scopes.len()];
    for number in &numbers {
        if let Some(count) = starts.get_mut(*number as usize) {
            *count += 1;
        }
    }
    let mut next = 0;
    for number in order {
        if let Some(count) = starts.get_mut(number as usize) {
            next += std::mem::replace(count, next);
        }
    }
    let mut indices = vec![0_u32; numbers.len()];
    for (row, number) in (0..).zip(&numbers) {
        if let Some(start) = starts.get_mut(*number as usize) {
            if let Some(place) = indices.get_mut(*start as usize) {
                *place = row;
            }
            *start += 1;
        }
    }
    Ok(take_record_batch(&all, &UInt32Array::from(indices))?)
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

/// Merges files of observations whose revisions follow one another, and newer observations, sorted by scope: for each scope,
/// the rows of each in turn.
///
/// # Errors
/// `Corrupt` if a file is damaged, `Unavailable` if the storage refuses.
pub async fn merge_observations(history: &History, files: &[DataFile], newer: RecordBatch) -> Result<Option<DataFile>> {
    let store = Arc::new(VerifiedStore::new(history.backend.object_store(), files.iter().cloned()));
    let mut cursors = Vec::with_capacity(files.len() + 1);
    for file in files {
        let stream = open_stream(Arc::clone(&store), file, &schema::OBSERVATIONS, NARROW_BATCH_ROWS).await?;
        cursors.push(Cursor { stream, runs: VecDeque::new() });
    }
    let newer = futures::stream::once(std::future::ready(Ok(newer))).boxed();
    cursors.push(Cursor { stream: newer, runs: VecDeque::new() });
    let mut writer = FileWriter::new(&*history.backend, FileKind::Observations, &schema::OBSERVATIONS)?;
    loop {
        let mut least: Option<Vec<String>> = None;
        for cursor in &mut cursors {
            if let Some(scope) = cursor.scope().await?
                && least.as_deref().is_none_or(|least| scope < least)
            {
                least = Some(scope.to_vec());
            }
        }
        let Some(least) = least else { return writer.finish() };
        for cursor in &mut cursors {
            while cursor.scope().await? == Some(&least) {
                if let Some((_, rows)) = cursor.runs.pop_front() {
                    writer.write(&rows)?;
                }
            }
        }
    }
}

/// Puts files of log entries one after the other, and newer entries after them.
///
/// # Errors
/// `Corrupt` if a file is damaged, `Unavailable` if the storage refuses.
pub async fn merge_entries(history: &History, files: &[DataFile], newer: RecordBatch) -> Result<Option<DataFile>> {
    let store = Arc::new(VerifiedStore::new(history.backend.object_store(), files.iter().cloned()));
    let mut writer = FileWriter::new(&*history.backend, FileKind::Entries, &schema::ENTRIES)?;
    for file in files {
        let mut stream = open_stream(Arc::clone(&store), file, &schema::ENTRIES, NARROW_BATCH_ROWS).await?;
        while let Some(batch) = stream.next().await {
            writer.write(&batch?)?;
        }
    }
    writer.write(&newer)?;
    writer.finish()
}
