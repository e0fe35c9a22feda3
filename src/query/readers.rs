//! Readers that keep what they know of the pages of a file, and do not wait for one file after the other to know it.

use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::error::Result;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::Result as ParquetResult;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

/// Bloom filters of a column that are read at once.
const FILTERS_AT_ONCE: usize = 16;

/// Readers that read a file's page index with its footer. DataFusion asks for the footer first; its cache would then be
/// without the index, which would be read and decoded for every query. It also opens file after file: so whichever reader is
/// the first has the ends of all files fetched.
#[derive(Debug)]
pub(super) struct Readers {
    factory: CachedParquetFileReaderFactory,
    ends: Shared<BoxFuture<'static, ()>>,
}

impl Readers {
    /// Readers of files whose ends are there once a future has ended, which nothing has begun.
    pub(super) fn new(factory: CachedParquetFileReaderFactory, ends: BoxFuture<'static, ()>) -> Self {
        Self { factory, ends: ends.shared() }
    }
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let reader = self.factory.create_reader(partition, file, metadata_size_hint, metrics)?;
        Ok(Box::new(Reader { reader, ends: self.ends.clone(), metadata: None, filters: HashMap::new() }))
    }
}

struct Reader {
    reader: Box<dyn AsyncFileReader + Send>,
    ends: Shared<BoxFuture<'static, ()>>,
    /// What is known of the file.
    metadata: Option<Arc<ParquetMetaData>>,
    /// Bloom filters by where they begin.
    filters: HashMap<u64, Bytes>,
}

impl Reader {
    /// Where the Bloom filters of a column are, from the one on that begins at a place; none if none begins there.
    fn filters_from(&self, start: u64) -> Vec<Range<u64>> {
        let place = |column: &ColumnChunkMetaData| {
            let (start, length) = (column.bloom_filter_offset()?, column.bloom_filter_length()?);
            let start = u64::try_from(start).ok()?;
            Some(start..start.checked_add(u64::try_from(length).ok()?)?)
        };
        let groups = self.metadata.iter().flat_map(|metadata| metadata.row_groups());
        let mut groups = groups.skip_while(|group| !group.columns().iter().filter_map(place).any(|range| range.start == start)).peekable();
        let column = groups
            .peek()
            .and_then(|group| group.columns().iter().position(|column| place(column).is_some_and(|range| range.start == start)));
        groups.take(FILTERS_AT_ONCE).filter_map(|group| place(group.columns().get(column?)?)).collect()
    }
}

impl AsyncFileReader for Reader {
    /// DataFusion reads one Bloom filter after the other.
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        Box::pin(async move {
            if !self.filters.contains_key(&range.start) {
                let ranges = self.filters_from(range.start);
                let filters = self.reader.get_byte_ranges(ranges.clone()).await?;
                self.filters.extend(ranges.iter().map(|range| range.start).zip(filters));
            }
            match self.filters.remove(&range.start) {
                Some(filter) if filter.len() as u64 == range.end - range.start => Ok(filter),
                _ => self.reader.get_bytes(range).await,
            }
        })
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        self.reader.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(&'a mut self, options: Option<&'a ArrowReaderOptions>) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        Box::pin(async move {
            self.ends.clone().await;
            let options = options.cloned().unwrap_or_default().with_page_index_policy(PageIndexPolicy::Optional);
            let metadata = self.reader.get_metadata(Some(&options)).await?;
            self.metadata = Some(Arc::clone(&metadata));
            Ok(metadata)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use datafusion::parquet::arrow::{ArrowWriter, ParquetRecordBatchStreamBuilder};
    use datafusion::parquet::file::metadata::ParquetMetaDataReader;
    use datafusion::parquet::file::properties::WriterProperties;

    use super::*;

    const GROUPS: usize = FILTERS_AT_ONCE + 2;

    /// A file of row groups of two rows, with Bloom filters of both columns.
    fn file() -> Bytes {
        let column =
            |letter: &str| -> ArrayRef { Arc::new((0..GROUPS * 2).map(|row| Some(format!("{letter}{row}"))).collect::<StringArray>()) };
        let batch = RecordBatch::try_from_iter([("a", column("a")), ("b", column("b"))]).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).set_bloom_filter_enabled(true).build();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes.into()
    }

    /// Counts how often bytes are asked for.
    struct Counted(Bytes, Arc<AtomicUsize>);

    impl AsyncFileReader for Counted {
        fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
            self.1.fetch_add(1, Ordering::Relaxed);
            let bytes = self.0.slice(range.start as usize..range.end as usize);
            Box::pin(async move { Ok(bytes) })
        }

        fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
            self.1.fetch_add(1, Ordering::Relaxed);
            let bytes = ranges.iter().map(|range| self.0.slice(range.start as usize..range.end as usize)).collect();
            Box::pin(async move { Ok(bytes) })
        }

        fn get_metadata<'a>(&'a mut self, _: Option<&'a ArrowReaderOptions>) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
            let metadata = ParquetMetaDataReader::new().parse_and_finish(&self.0).map(Arc::new);
            Box::pin(async move { metadata })
        }
    }

    #[tokio::test]
    async fn bloom_filters_of_columns_are_read_many_at_once() {
        let asked = Arc::new(AtomicUsize::new(0));
        let reader = Box::new(Counted(file(), Arc::clone(&asked)));
        let ends = futures::future::ready(()).boxed().shared();
        let reader = Reader { reader, ends, metadata: None, filters: HashMap::new() };
        let mut builder = ParquetRecordBatchStreamBuilder::new(reader).await.unwrap();
        for group in 0..GROUPS {
            for (column, letter) in ["a", "b"].iter().enumerate() {
                let filter = builder.get_row_group_column_bloom_filter(group, column).await.unwrap().unwrap();
                assert!(
                    filter.check(&format!("{letter}{}", group * 2).as_str())
                        && filter.check(&format!("{letter}{}", group * 2 + 1).as_str())
                );
                assert!((0..GROUPS).filter(|other| filter.check(&format!("{letter}{}", other * 2).as_str())).count() < GROUPS / 2);
            }
        }
        assert_eq!(asked.load(Ordering::Relaxed), 4, "two for each column");
    }
}
