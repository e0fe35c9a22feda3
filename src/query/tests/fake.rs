//! A store made by hand: a list of observations, and where its epochs, files and tail begin.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryBuilder, Int64Array, ListBuilder, StringViewArray, StringViewBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::future::BoxFuture;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use uuid::Uuid;

use crate::error::Result;
use crate::model::{CanonicalJson, Change, Content, Revision, Timestamp, TypeRulesSet, changed_paths};
use crate::query::HistorySource;
use crate::store::schema::{CHANGES, CLOSINGS, ENTRIES, OBSERVATIONS, VERSIONS, resource_fields};
use crate::store::{Bound, Closings, ColumnStats, DataFile, Epoch, TagPoint};

/// Microseconds of the first scan: 2026-11-01T00:00:00Z.
pub(super) const START: i64 = 1_793_491_200_000_000;
pub(super) const HOUR: i64 = 3_600_000_000;

/// What a scan says of one resource; `None` = gone.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) key: String,
    pub(super) content: Option<(String, String)>,
    pub(super) late: bool,
}

/// An observation, classified.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) revision: Revision,
    pub(super) time: i64,
    pub(super) scan: String,
    pub(super) key: String,
    pub(super) change: Change,
    /// Name and environment.
    pub(super) content: (String, String),
    pub(super) version: Revision,
    pub(super) first_seen: Revision,
}

/// A version row, late ones too.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) began: Observed,
    pub(super) before: Option<(String, String)>,
    pub(super) ended: Option<Observed>,
}

/// A history of scans, one an hour.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub(super) observed: Vec<Observed>,
    pub(super) rows: Vec<Row>,
    pub(super) ends: Vec<Revision>,
    live: BTreeMap<String, usize>,
    scans: i64,
}

impl History {
    pub(super) fn scan(&mut self, seen: Vec<Seen>) {
        let (scan, time) = (format!("s{}", self.scans + 1), START + self.scans * HOUR);
        self.scans += 1;
        for seen in seen {
            let revision = self.observed.len() as Revision + 1;
            let live = self.live.get(&seen.key).copied();
            let row = |at: usize| self.rows[at].clone();
            let (change, content, version, first_seen) = match (live.map(row), seen.content) {
                (None, None) => continue,
                (_, Some(content)) if seen.late => (Change::Late, content, revision, revision),
                (None, Some(content)) => (Change::Created, content, revision, revision),
                (Some(row), None) => (Change::Deleted, row.began.content, row.began.revision, row.began.first_seen),
                (Some(row), Some(content)) if content == row.began.content => {
                    (Change::Unchanged, content, row.began.revision, row.began.first_seen)
                }
                (Some(row), Some(content)) => (Change::Updated, content, revision, row.began.first_seen),
            };
            let key = seen.key.clone();
            let observed = Observed { revision, time, scan: scan.clone(), key, change, content, version, first_seen };
            if matches!(change, Change::Updated | Change::Deleted) {
                self.rows[live.unwrap()].ended = Some(observed.clone());
                self.live.remove(&seen.key);
            }
            if matches!(change, Change::Created | Change::Updated | Change::Late) {
                let before = live.filter(|_| change == Change::Updated).map(|at| self.rows[at].began.content.clone());
                self.rows.push(Row { began: observed.clone(), before, ended: None });
            }
            if matches!(change, Change::Created | Change::Updated) {
                self.live.insert(seen.key, self.rows.len() - 1);
            }
            self.observed.push(observed);
        }
        self.ends.push(self.observed.len() as Revision);
    }

    pub(super) fn head(&self) -> Revision {
        self.observed.len() as Revision
    }
}

/// Where a history is cut.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// The ends of sealed epochs.
    pub(super) sealed: Vec<Revision>,
    /// The last revisions of the open epoch's files, in order; the last is where the tail begins.
    pub(super) appended: Vec<Revision>,
    /// What retention raised.
    pub(super) floor: Revision,
}

/// A snapshot of a hand-made store.
#[derive(Debug)]
pub(super) struct FakeStore {
    pub(super) history: History,
    layout: Layout,
    rules: TypeRulesSet,
    objects: Arc<InMemory>,
    epochs: Vec<Epoch>,
    change_files: Vec<DataFile>,
    observation_files: Vec<DataFile>,
    closings: Arc<Closings>,
    compacted_head: Revision,
    tail_versions: Vec<RecordBatch>,
    tail_changes: RecordBatch,
    tail_observations: Vec<RecordBatch>,
    tail_entries: Vec<RecordBatch>,
    pub(super) tags: BTreeMap<String, Revision>,
}

impl FakeStore {
    pub(super) async fn new(history: &History, layout: &Layout) -> Self {
        let objects = Arc::new(InMemory::new());
        let mut epochs = Vec::new();
        let mut start = 0;
        for end in &layout.sealed {
            let row = |row: &Row| belongs(row, start, *end).then(|| (row.clone(), known_end(row, *end)));
            let rows = history.rows.iter().filter_map(row).collect();
            if *end > layout.floor {
                let files = vec![file(&objects, &format!("epoch-{start}-{end}"), version_batch(rows), &VERSIONS).await];
                epochs.push(Epoch { start, end: Some(*end), files, closings: None });
            }
            start = *end;
        }
        let (mut files, mut closed, mut after) = (Vec::new(), Vec::new(), start);
        for (nth, until) in layout.appended.iter().enumerate() {
            let belongs = |row: &&Row| {
                let from = row.began.revision;
                let carried = nth == 0
                    && from <= start
                    && row.began.change != Change::Late
                    && row.ended.as_ref().is_none_or(|end| end.revision > start);
                carried || (from > after && from <= *until)
            };
            let rows: Vec<(Row, Option<Observed>)> =
                history.rows.iter().filter(belongs).map(|row| (row.clone(), known_end(row, *until))).collect();
            closed.extend(rows.iter().filter(|(row, known)| row.ended.is_some() && known.is_none()).map(|(row, _)| row.clone()));
            if !rows.is_empty() {
                files.push(file(&objects, &format!("open-{until}"), version_batch(rows), &VERSIONS).await);
            }
            after = *until;
        }
        if !layout.sealed.is_empty() || !layout.appended.is_empty() {
            epochs.push(Epoch { start, end: None, files, closings: None });
        }
        closed.sort_by_key(|row| row.began.revision);
        let tail: Vec<(Row, Option<Observed>)> =
            history.rows.iter().filter(|row| row.began.revision > after).map(|row| (row.clone(), row.ended.clone())).collect();
        let (old, new): (Vec<Observed>, Vec<Observed>) = history.observed.iter().cloned().partition(|observed| observed.revision <= after);
        let mut observation_files = Vec::new();
        for (nth, window) in old.chunks(7).enumerate() {
            let mut window = window.to_vec();
            window.sort_by_key(|observed| (scope(&observed.key), observed.revision));
            observation_files.push(file(&objects, &format!("observations-{nth}"), observation_batch(&window), &OBSERVATIONS).await);
        }
        let mut change_files = Vec::new();
        for (nth, stretch) in old.chunks(9).enumerate() {
            let batch = change_batch(history, stretch);
            if batch.num_rows() > 0 {
                change_files.push(file(&objects, &format!("changes-{nth}"), batch, &CHANGES).await);
            }
        }
        Self {
            history: history.clone(),
            layout: layout.clone(),
            rules: TypeRulesSet::default(),
            objects,
            epochs,
            change_files,
            observation_files,
            compacted_head: after,
            closings: Arc::new(Closings::new(closings_batch(&closed)).unwrap()),
            tail_versions: if tail.is_empty() { vec![] } else { vec![version_batch_unsorted(tail)] },
            tail_changes: change_batch(history, &new),
            tail_observations: if new.is_empty() { vec![] } else { vec![observation_batch(&new)] },
            tail_entries: vec![RecordBatch::new_empty(Arc::clone(&ENTRIES))],
            tags: BTreeMap::new(),
        }
    }
}

fn belongs(row: &Row, start: Revision, end: Revision) -> bool {
    let from = row.began.revision;
    if row.began.change == Change::Late {
        return from > start && from <= end;
    }
    from <= end && row.ended.as_ref().is_none_or(|ended| ended.revision > start)
}

fn known_end(row: &Row, until: Revision) -> Option<Observed> {
    row.ended.clone().filter(|ended| ended.revision <= until)
}

fn scope(key: &str) -> String {
    key.rsplit_once('/').map_or(String::new(), |(scope, _)| scope.to_owned())
}

/// What a resource looks like: its name, which may be several with a + between, is also the list of what it refers to.
pub(super) fn content((name, env): &(String, String)) -> Content {
    let refs: Vec<String> = name.split('+').map(|name| format!("\"{name}\"")).collect();
    let refs = refs.join(",");
    Content {
        native_type: None,
        arn: None,
        name: Some(name.as_str().into()),
        state: None,
        created_at: None,
        tags: Some(CanonicalJson::from_stored(&format!("{{\"env\":\"{env}\"}}"))),
        properties: CanonicalJson::from_stored(&format!("{{\"List\":[1,2.50],\"Refs\":[{refs}],\"State\":{{\"Name\":\"{env}\"}}}}")),
    }
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringViewArray>())
}

fn numbers(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn times(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn version_batch(mut rows: Vec<(Row, Option<Observed>)>) -> RecordBatch {
    rows.sort_by_key(|(row, _)| (row.began.key.clone(), row.began.revision));
    version_batch_unsorted(rows)
}

fn version_batch_unsorted(rows: Vec<(Row, Option<Observed>)>) -> RecordBatch {
    let contents: Vec<Content> = rows.iter().map(|(row, _)| content(&row.began.content)).collect();
    let part = |nth: usize| texts(rows.iter().map(move |(row, _)| row.began.key.splitn(5, '/').nth(nth).map(ToOwned::to_owned)));
    let mut hashes = FixedSizeBinaryBuilder::new(16);
    let mut paths = ListBuilder::new(StringViewBuilder::new()).with_field(Field::new("item", DataType::Utf8View, false));
    for ((row, _), after) in rows.iter().zip(&contents) {
        hashes.append_value(after.hash(None).0).unwrap();
        if let Some(before) = &row.before {
            changed_paths(&content(before), after, None).iter().for_each(|path| paths.values().append_value(path));
        }
        paths.append(true);
    }
    let late = |row: &Row| row.began.change == Change::Late;
    let ended_revision =
        |row: &Row, ended: &Option<Observed>| if late(row) { Some(row.began.revision) } else { ended.as_ref().map(|ended| ended.revision) };
    let columns: Vec<ArrayRef> = vec![
        texts(rows.iter().map(|(row, _)| Some(row.began.key.clone()))),
        part(0),
        part(1),
        part(2),
        part(3),
        texts(rows.iter().map(|_| None)),
        part(4),
        texts(
            rows.iter().map(|(row, _)| row.began.key.ends_with('1').then(|| format!("arn:{}", row.began.key.rsplit('/').next().unwrap()))),
        ),
        texts(contents.iter().map(|content| content.name.as_deref().map(ToOwned::to_owned))),
        texts(rows.iter().map(|_| None)),
        times(rows.iter().map(|_| None)),
        texts(contents.iter().map(|content| content.tags.as_ref().map(|tags| tags.as_str().to_owned()))),
        texts(contents.iter().map(|content| Some(content.properties.as_str().to_owned()))),
        Arc::new(hashes.finish()),
        numbers(rows.iter().map(|(row, _)| Some(row.began.first_seen))),
        times(rows.iter().map(|(row, _)| Some(row.began.time))),
        texts(rows.iter().map(|(row, _)| Some(row.began.change.as_str().to_owned()))),
        Arc::new(paths.finish()),
        texts(rows.iter().map(|(row, _)| Some(row.began.scan.clone()))),
        numbers(rows.iter().map(|(row, _)| Some(row.began.revision))),
        times(rows.iter().map(|(row, _)| Some(row.began.time))),
        numbers(rows.iter().map(|(row, ended)| ended_revision(row, ended))),
        times(rows.iter().map(|(row, ended)| if late(row) { Some(row.began.time) } else { ended.as_ref().map(|ended| ended.time) })),
        texts(rows.iter().map(|(_, ended)| ended.as_ref().map(|ended| ended.change.as_str().to_owned()))),
        texts(rows.iter().map(|(_, ended)| ended.as_ref().map(|ended| ended.scan.clone()))),
    ];
    RecordBatch::try_new(Arc::clone(&VERSIONS), columns).unwrap()
}

fn closings_batch(rows: &[Row]) -> RecordBatch {
    let ended = |row: &Row| row.ended.clone().unwrap();
    let columns = vec![
        numbers(rows.iter().map(|row| Some(row.began.revision))),
        numbers(rows.iter().map(|row| Some(ended(row).revision))),
        times(rows.iter().map(|row| Some(ended(row).time))),
        texts(rows.iter().map(|row| Some(ended(row).change.as_str().to_owned()))),
        texts(rows.iter().map(|row| Some(ended(row).scan))),
    ];
    RecordBatch::try_new(Arc::clone(&CLOSINGS), columns).unwrap()
}

fn change_batch(history: &History, observed: &[Observed]) -> RecordBatch {
    let told = |change| matches!(change, Change::Created | Change::Updated | Change::Deleted);
    let rows: Vec<&Observed> = observed.iter().filter(|observed| told(observed.change)).collect();
    let row = |observed: &Observed| {
        let row = history.rows.iter().find(|row| row.began.revision == observed.version).unwrap();
        let began = Observed { revision: observed.revision, ..row.began.clone() };
        (Row { began, before: row.before.clone().filter(|_| observed.change == Change::Updated), ended: None }, None)
    };
    let versions = version_batch_unsorted(rows.iter().map(|observed| row(observed)).collect());
    let before = |observed: &&Observed| {
        let before = history.rows.iter().find(|row| row.began.revision == observed.revision)?.before.as_ref()?;
        let content = content(before);
        let (name, tags) = (content.name.unwrap(), content.tags.unwrap());
        let facts = r#"{"arn":null,"created_at":null,"name":"#;
        Some(format!(
            r#"{facts}"{name}","native_type":null,"properties":{},"state":null,"tags":{}}}"#,
            content.properties.as_str(),
            tags.as_str()
        ))
    };
    let mut columns: Vec<ArrayRef> = vec![
        numbers(rows.iter().map(|observed| Some(observed.revision))),
        times(rows.iter().map(|observed| Some(observed.time))),
        texts(rows.iter().map(|observed| Some(observed.scan.clone()))),
        texts(rows.iter().map(|observed| Some(observed.change.as_str().to_owned()))),
    ];
    columns.extend(versions.columns().iter().take(resource_fields().len()).cloned());
    columns.extend([Arc::clone(versions.column_by_name("changed_paths").unwrap()), texts(rows.iter().map(before))]);
    RecordBatch::try_new(Arc::clone(&CHANGES), columns).unwrap()
}

fn observation_batch(rows: &[Observed]) -> RecordBatch {
    let part = |nth: usize| texts(rows.iter().map(move |row| row.key.splitn(5, '/').nth(nth).map(ToOwned::to_owned)));
    let columns = vec![
        numbers(rows.iter().map(|row| Some(row.revision))),
        numbers(rows.iter().map(|row| Some(row.version))),
        texts(rows.iter().map(|row| Some(row.change.as_str().to_owned()))),
        texts(rows.iter().map(|row| Some(row.scan.clone()))),
        times(rows.iter().map(|row| Some(row.time))),
        part(0),
        part(1),
        part(2),
        part(3),
    ];
    RecordBatch::try_new(Arc::clone(&OBSERVATIONS), columns).unwrap()
}

async fn file(objects: &Arc<InMemory>, name: &str, batch: RecordBatch, schema: &SchemaRef) -> DataFile {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(5)).set_bloom_filter_enabled(true).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, Arc::clone(schema), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut columns = BTreeMap::new();
    for name in ["valid_from_revision", "valid_to_revision", "revision", "version_revision"] {
        let Some(values) = batch.column_by_name(name) else { continue };
        let values = arrow::array::cast::AsArray::as_primitive::<arrow::datatypes::Int64Type>(values);
        let bound = |value: Option<i64>| value.map(Bound::Int);
        let (min, max) = (bound(arrow::compute::min(values)), bound(arrow::compute::max(values)));
        columns.insert(name.to_owned(), ColumnStats { min, max, null_count: arrow::array::Array::null_count(values) as u64 });
    }
    let (rows, size) = (batch.num_rows() as u64, bytes.len() as u64);
    objects.put(&format!("{name}.parquet").as_str().into(), PutPayload::from(bytes)).await.unwrap();
    DataFile { name: format!("{name}.parquet"), rows, bytes: size, hash: String::new(), checksums: Vec::new(), columns }
}

impl HistorySource for FakeStore {
    fn store_id(&self) -> Uuid {
        Uuid::from_u128(7)
    }
    fn head(&self) -> Revision {
        self.history.head()
    }
    fn compacted_head(&self) -> Revision {
        self.compacted_head
    }
    fn floor(&self) -> Revision {
        self.layout.floor
    }
    fn head_time(&self) -> Option<Timestamp> {
        self.history.observed.last().map(|last| Timestamp::from_micros(last.time))
    }
    fn time_of(&self, revision: Revision) -> Option<Timestamp> {
        self.history.observed.get(usize::try_from(revision - 1).ok()?).map(|observed| Timestamp::from_micros(observed.time))
    }
    fn revision_at(&self, time: Timestamp) -> Revision {
        self.history.observed.iter().filter(|observed| observed.time <= time.micros()).count() as Revision
    }
    fn scan_ends(&self) -> &[Revision] {
        &self.history.ends
    }
    fn tag(&self, name: &str) -> Option<TagPoint> {
        self.tags.get(name).map(|revision| TagPoint { revision: *revision, head: *revision, held: false })
    }
    fn rules(&self) -> &TypeRulesSet {
        &self.rules
    }
    fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }
    fn change_files(&self) -> &[DataFile] {
        &self.change_files
    }
    fn observation_files(&self) -> &[DataFile] {
        &self.observation_files
    }
    fn entry_files(&self) -> &[DataFile] {
        &[]
    }
    fn closings(&self) -> &Arc<Closings> {
        &self.closings
    }
    fn tail_versions(&self) -> &[RecordBatch] {
        &self.tail_versions
    }
    fn tail_changes(&self) -> BoxFuture<'_, Result<RecordBatch>> {
        Box::pin(std::future::ready(Ok(self.tail_changes.clone())))
    }
    fn tail_entries(&self) -> &[RecordBatch] {
        &self.tail_entries
    }
    fn tail_observations(&self) -> Result<Vec<RecordBatch>> {
        Ok(self.tail_observations.clone())
    }
    fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects) as _
    }
}
