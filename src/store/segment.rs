//! Segments: the files of the write-ahead log. One segment is one durable commit.
//!
//! ```text
//! offset size  header (256 bytes, little endian)
//!      0    8  magic "ELAVASEG"
//!      8    2  format version
//!     10    2  features that a reader must know, a bit for each: 1 = it says that contents before it are redacted
//!     12   16  store id
//!     28    8  seq, from 1
//!     36    8  revision of the first observation
//!     44    8  number of observations
//!     52   16  batch id
//!     68   16  writer id
//!     84    8  when it was written, by the writer's clock
//!     92    8  time of the first observation, or the head's time before it
//!    100    8  time of the newest observation up to and including this segment: the head's time
//!    108   32  SHA-256 of the predecessor's header, zeros for the first
//!    140    8  payload length
//!    148   32  payload SHA-256
//!    180    8  number of the newest manifest that the writer knew, 0 = none
//!    188   32  SHA-256 of that manifest
//!    220    4  how many slots the batch had lost to other writers before
//!    224   28  reserved, 0
//!    252    4  CRC-32 of the bytes before it
//!
//! payload: four sections, each a length (8 bytes) and that many bytes of an Arrow IPC stream (zstd):
//!          observations, versions, closings, entries
//! ```
//!
//! Once the tables cover a segment and the grace period is over it is cut down to its header: the name stays taken, so
//! that a stalled writer can never win it again, and the hash chain stays whole.
//!
//! A feature bit that is not defined, or a reserved byte that is not 0, comes from a newer build, and the segment is refused. There is room for
//! large payloads that are written before they are committed: a feature says that the payload is an object of its own, under
//! the hash that the header has anyway, and the reserved bytes hold what else is to be known of it.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, FixedSizeBinaryArray, Int64Array, RecordBatch, StringViewArray, UInt8Array, UInt32Array,
};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt8Type, UInt32Type};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, StreamWriter, write_message};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::backend::Listed;
use super::ipc::read_stream;
use super::parallel::in_parallel;
use super::schema;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Change, Revision, Timestamp};

/// The format that this build writes.
pub const FORMAT_VERSION: u16 = 1;
/// The size of a header.
pub const HEADER_BYTES: usize = 256;
const MAGIC: &[u8; 8] = b"ELAVASEG";
/// The segment says that contents of versions before its end are redacted: who does not know that would go on showing them.
pub const FEATURE_REDACTED: u16 = 1;
/// The features that this build knows.
const FEATURES_KNOWN: u16 = FEATURE_REDACTED;
/// Where the features are.
const FEATURES_AT: usize = 10;
/// Where the reserved bytes are.
const RESERVED_AT: usize = 224;
const RESERVED_BYTES: usize = 28;
/// The largest payload that is read: larger is taken for damage.
const PAYLOAD_BYTES_MAX: u64 = 4 << 30;

/// A SHA-256.
pub type Hash = [u8; 32];

/// The header of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// What a reader must know, a bit for each.
    pub features: u16,
    /// The store that it belongs to.
    pub store_id: Uuid,
    /// Its place in the log, from 1.
    pub seq: u64,
    /// The revision of its first observation, or that its first would have had.
    pub first_revision: Revision,
    /// How many observations it holds.
    pub count: u64,
    /// Chosen by the writer for this commit, to know it again.
    pub batch_id: Uuid,
    /// Who wrote it.
    pub writer_id: Uuid,
    /// When, by the writer's clock.
    pub written_at: Timestamp,
    /// The time of its first observation; the head's time where it holds none.
    pub first_at: Timestamp,
    /// The head's time with it.
    pub last_at: Timestamp,
    /// SHA-256 of the predecessor's header; zeros for the first.
    pub previous_hash: Hash,
    /// The length of the payload.
    pub payload_bytes: u64,
    /// Its SHA-256.
    pub payload_hash: Hash,
    /// The newest manifest that the writer knew; 0 = none.
    pub manifest_number: u64,
    /// Its SHA-256.
    pub manifest_hash: Hash,
    /// How many slots the batch had lost to other writers before it got this one: writers take turns by it.
    pub lost_slots: u32,
}

/// A decoded segment.
#[derive(Debug)]
pub struct Segment {
    /// The header.
    pub header: SegmentHeader,
    /// SHA-256 of the header.
    pub hash: Hash,
    /// Rows of [`schema::VERSIONS`] that it opened, in revision order, all open.
    pub versions: RecordBatch,
    /// Rows of [`schema::CLOSINGS`]: the versions that it closed, in revision order.
    pub closings: RecordBatch,
    /// Rows of [`schema::ENTRIES`].
    pub entries: RecordBatch,
    observation_section: Bytes,
}

/// The columns of the observations section.
pub static SEGMENT_OBSERVATIONS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let dictionary = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new("version_revision", DataType::Int64, false),
        Field::new("change", DataType::UInt8, false),
        Field::new("scan_id", dictionary.clone(), false),
        Field::new("scope", dictionary, false),
        Field::new("observed_at", DataType::Int64, false),
    ]))
});

/// The name of a segment.
pub fn segment_name(seq: u64) -> String {
    format!("log/{seq:020}.seg")
}

/// The seq in a segment's name.
pub fn segment_seq(name: &str) -> Option<u64> {
    name.strip_prefix("log/")?.strip_suffix(".seg").filter(|digits| digits.len() == 20)?.parse().ok()
}

/// Whether a segment that is listed has more than its header.
pub fn has_payload(listed: &Listed) -> bool {
    listed.bytes > HEADER_BYTES as u64
}

impl SegmentHeader {
    /// The revision of its last observation: the head with it.
    pub fn last_revision(&self) -> Revision {
        self.first_revision + i64::try_from(self.count).unwrap_or(i64::MAX) - 1
    }

    /// Its 256 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend(MAGIC);
        out.extend(FORMAT_VERSION.to_le_bytes());
        out.extend(self.features.to_le_bytes());
        out.extend(self.store_id.as_bytes());
        out.extend(self.seq.to_le_bytes());
        out.extend(self.first_revision.to_le_bytes());
        out.extend(self.count.to_le_bytes());
        out.extend(self.batch_id.as_bytes());
        out.extend(self.writer_id.as_bytes());
        for time in [self.written_at, self.first_at, self.last_at] {
            out.extend(time.micros().to_le_bytes());
        }
        out.extend(self.previous_hash);
        out.extend(self.payload_bytes.to_le_bytes());
        out.extend(self.payload_hash);
        out.extend(self.manifest_number.to_le_bytes());
        out.extend(self.manifest_hash);
        out.extend(self.lost_slots.to_le_bytes());
        out.extend([0; RESERVED_BYTES]);
        let crc = crc32fast::hash(&out);
        out.extend(crc.to_le_bytes());
        out
    }

    /// Reads the header that a segment begins with, and checks that it is the one of this store and place.
    ///
    /// # Errors
    /// `Unsupported` for a newer format, else `Corrupt`, naming object and offset.
    pub fn decode(bytes: &[u8], seq: u64, store_id: Option<Uuid>) -> Result<Self> {
        let damaged = |byte: usize, what: &str| Error::corrupt(format!("{}: {what}", segment_name(seq))).at_byte(byte as u64);
        let header = bytes.get(..HEADER_BYTES).ok_or_else(|| damaged(bytes.len(), "the header ends early"))?;
        let mut fields = Fields { bytes: header, at: 0 };
        if fields.take::<8>() != *MAGIC {
            return Err(damaged(0, "expected the magic ELAVASEG, found something else"));
        }
        let crc_found = header.get(HEADER_BYTES - 4..).and_then(|tail| tail.try_into().ok()).map(u32::from_le_bytes);
        let crc_expected = header.get(..HEADER_BYTES - 4).map(crc32fast::hash);
        let format = u16::from_le_bytes(fields.take());
        if crc_found != crc_expected {
            return Err(damaged(HEADER_BYTES - 4, "the header's checksum does not hold"));
        }
        if format != FORMAT_VERSION {
            return Err(newer_format(&segment_name(seq), format, FORMAT_VERSION));
        }
        if let Some(byte) = first_unknown(header) {
            return Err(unknown_feature(&segment_name(seq), byte));
        }
        let found = Self {
            features: u16::from_le_bytes(fields.take()),
            store_id: Uuid::from_bytes(fields.take()),
            seq: u64::from_le_bytes(fields.take()),
            first_revision: i64::from_le_bytes(fields.take()),
            count: u64::from_le_bytes(fields.take()),
            batch_id: Uuid::from_bytes(fields.take()),
            writer_id: Uuid::from_bytes(fields.take()),
            written_at: Timestamp::from_micros(i64::from_le_bytes(fields.take())),
            first_at: Timestamp::from_micros(i64::from_le_bytes(fields.take())),
            last_at: Timestamp::from_micros(i64::from_le_bytes(fields.take())),
            previous_hash: fields.take(),
            payload_bytes: u64::from_le_bytes(fields.take()),
            payload_hash: fields.take(),
            manifest_number: u64::from_le_bytes(fields.take()),
            manifest_hash: fields.take(),
            lost_slots: u32::from_le_bytes(fields.take()),
        };
        let end = i64::try_from(found.count).ok().and_then(|count| found.first_revision.checked_add(count));
        if found.first_revision < 1 || end.is_none() {
            return Err(damaged(36, &format!("expected revisions, found {} from {}", found.count, found.first_revision)));
        }
        if found.seq != seq {
            return Err(damaged(28, &format!("expected segment {seq}, found the content of segment {}", found.seq)));
        }
        if store_id.is_some_and(|store_id| store_id != found.store_id) {
            return Err(damaged(12, &format!("it belongs to another store ({})", found.store_id)));
        }
        Ok(found)
    }

    /// SHA-256 of the encoded header: what the next segment's chain points to.
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.encode()).into()
    }
}

/// What a build says about a format that it does not know.
pub fn newer_format(name: &str, found: u16, known: u16) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{name} has format {found}; this build of Elava reads format {known}"))
        .with_hint("use a newer Elava for this store")
}

/// The first byte of a header that only a newer build gives a meaning, if there is one.
fn first_unknown(header: &[u8]) -> Option<usize> {
    let [low, high] = FEATURES_KNOWN.to_le_bytes();
    let features = [(FEATURES_AT, !low), (FEATURES_AT + 1, !high)];
    let reserved = (RESERVED_AT..RESERVED_AT + RESERVED_BYTES).map(|at| (at, u8::MAX));
    let mut places = features.into_iter().chain(reserved);
    places.find(|(at, unknown)| header.get(*at).is_some_and(|byte| byte & unknown != 0)).map(|(at, _)| at)
}

fn unknown_feature(name: &str, byte: usize) -> Error {
    let message =
        format!("{name} needs a feature that this build of Elava does not have: byte {byte} of its header has bits that it does not know");
    Error::new(ErrorKind::Unsupported, message).with_hint("use a newer Elava for this store")
}

/// Fixed-size fields, read one after the other.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let field = self.bytes.get(self.at..self.at + N).and_then(|field| field.try_into().ok());
        self.at += N;
        field.unwrap_or([0; N])
    }
}

/// The tables of one commit, to be written.
#[derive(Debug)]
pub struct Payload {
    /// Rows of [`SEGMENT_OBSERVATIONS`].
    pub observations: RecordBatch,
    /// Rows of [`schema::VERSIONS`], in parts.
    pub versions: Vec<RecordBatch>,
    /// Rows of [`schema::CLOSINGS`].
    pub closings: RecordBatch,
    /// Rows of [`schema::ENTRIES`].
    pub entries: RecordBatch,
}

impl Payload {
    /// The payload bytes: the same tables give the same bytes.
    ///
    /// # Errors
    /// `Internal` if Arrow refuses the tables.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let one = std::slice::from_ref;
        write_section(&mut out, &SEGMENT_OBSERVATIONS, one(&self.observations))?;
        write_section(&mut out, &schema::VERSIONS, &self.versions)?;
        write_section(&mut out, &schema::CLOSINGS, one(&self.closings))?;
        write_section(&mut out, &schema::ENTRIES, one(&self.entries))?;
        Ok(out)
    }
}

/// Appends the length and the stream of a section. Several parts are compressed at once; they have no dictionaries.
fn write_section(out: &mut Vec<u8>, schema: &SchemaRef, parts: &[RecordBatch]) -> Result<()> {
    let at = out.len();
    out.extend([0; 8]);
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
    let mut writer = StreamWriter::try_new_with_options(&mut *out, schema, options.clone())?;
    match parts {
        [] => {}
        [part] if part.num_rows() == 0 => {}
        [part] => writer.write(part)?,
        parts => {
            let encode = |part: &RecordBatch| {
                let mut no_dictionaries = DictionaryTracker::new(false);
                IpcDataGenerator::default().encode(part, &mut no_dictionaries, &options, &mut IpcWriteContext::default())
            };
            for encoded in in_parallel(parts, encode) {
                write_message(writer.get_mut(), encoded?.1, &options)?;
            }
        }
    }
    writer.finish()?;
    drop(writer);
    let length = (out.len() - at - 8) as u64;
    if let Some(place) = out.get_mut(at..at + 8) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

impl Segment {
    /// Puts a header before a payload, filling in its length and hash.
    pub fn encode(header: &mut SegmentHeader, payload: &[u8]) -> Bytes {
        header.payload_bytes = payload.len() as u64;
        header.payload_hash = Sha256::digest(payload).into();
        let mut bytes = header.encode();
        bytes.extend_from_slice(payload);
        bytes.into()
    }

    /// Reads a whole segment and checks all of its checksums. The observations are decoded when they are asked for.
    ///
    /// # Errors
    /// As [`SegmentHeader::decode`]; `Corrupt` if the payload is missing, short or altered.
    pub fn decode(bytes: &Bytes, seq: u64, store_id: Option<Uuid>) -> Result<Self> {
        let header = SegmentHeader::decode(bytes, seq, store_id)?;
        let damaged = |what: String| {
            let (first, last) = (header.first_revision, header.last_revision());
            Error::corrupt(format!("{}: {what} (revisions {first} to {last})", segment_name(seq)))
        };
        let payload = bytes.slice(HEADER_BYTES..);
        if payload.len() as u64 != header.payload_bytes || header.payload_bytes > PAYLOAD_BYTES_MAX {
            return Err(damaged(format!("expected {} bytes of payload, found {}", header.payload_bytes, payload.len())));
        }
        if Hash::from(Sha256::digest(&payload)) != header.payload_hash {
            return Err(damaged(format!("the payload from byte {HEADER_BYTES} on does not have the hash that the header names")));
        }
        let mut rest = payload;
        let mut sections = Vec::with_capacity(4);
        for _ in 0..4 {
            let at = (bytes.len() - rest.len()) as u64;
            let length = rest.get(..8).and_then(|length| length.try_into().ok()).map(u64::from_le_bytes);
            let end = length.and_then(|length| usize::try_from(length).ok()).and_then(|length| length.checked_add(8));
            match end.filter(|end| *end <= rest.len()) {
                Some(end) => {
                    sections.push((at + 8, rest.slice(8..end)));
                    rest = rest.slice(end..);
                }
                None => return Err(damaged(format!("a section of the payload ends early at byte {at}"))),
            }
        }
        let [observations, versions, closings, entries] = sections.as_slice() else {
            return Err(damaged("a section of the payload is missing".to_owned()));
        };
        let name = segment_name(seq);
        let read = |(offset, section): &(u64, Bytes), schema| read_stream(&name, *offset, section, schema);
        Ok(Self {
            hash: header.hash(),
            versions: read(versions, &schema::VERSIONS)?,
            closings: read(closings, &schema::CLOSINGS)?,
            entries: read(entries, &schema::ENTRIES)?,
            observation_section: Bytes::copy_from_slice(&observations.1),
            header,
        })
    }

    /// The segment that was just written, from its header, its tables and its bytes.
    ///
    /// # Errors
    /// `Internal` if the parts of a table differ in their columns.
    pub fn written(header: SegmentHeader, payload: Payload, bytes: &Bytes) -> Result<Self> {
        let at = HEADER_BYTES;
        let length = bytes.get(at..at + 8).and_then(|length| length.try_into().ok()).map_or(0, u64::from_le_bytes);
        let end = usize::try_from(length).map_or(bytes.len(), |length| (at + 8 + length).min(bytes.len()));
        Ok(Self {
            hash: header.hash(),
            versions: concat_batches(&schema::VERSIONS, &payload.versions)?,
            closings: payload.closings,
            entries: payload.entries,
            // A copy: a slice would keep the payload in memory.
            observation_section: Bytes::copy_from_slice(bytes.get(at + 8..end).unwrap_or_default()),
            header,
        })
    }

    /// The same segment with other versions and entries in memory, of which it has as many.
    #[must_use]
    pub fn with_tables(&self, versions: RecordBatch, entries: RecordBatch) -> Self {
        let (closings, observation_section) = (self.closings.clone(), self.observation_section.clone());
        Self { header: self.header.clone(), hash: self.hash, versions, closings, entries, observation_section }
    }

    /// Whether it says that contents of versions before its end are redacted.
    pub fn redacts(&self) -> bool {
        self.header.features & FEATURE_REDACTED != 0
    }

    /// Whether a scan ended with it.
    pub fn ends_scan(&self) -> bool {
        let ends = |word: &str| word == "scan_completed" || word == "scan_failed";
        texts(&self.entries, "entry").is_ok_and(|entries| entries.iter().flatten().any(ends))
    }

    /// The observations as `SEGMENT_OBSERVATIONS`, in revision order; decoded anew each time, since there can be many.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn raw_observations(&self) -> Result<RecordBatch> {
        let name = segment_name(self.header.seq);
        let batch = read_stream(&name, HEADER_BYTES as u64 + 8, &self.observation_section, &SEGMENT_OBSERVATIONS)?;
        if batch.num_rows() as u64 != self.header.count {
            return Err(Error::corrupt(format!("{name}: expected {} observations, found {}", self.header.count, batch.num_rows())));
        }
        Ok(batch)
    }

    /// The observations as rows of [`schema::OBSERVATIONS`], in revision order.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn observations(&self) -> Result<RecordBatch> {
        let raw = self.raw_observations()?;
        if raw.num_rows() == 0 {
            // Arrow takes nothing from an empty dictionary.
            return Ok(RecordBatch::new_empty(Arc::clone(&schema::OBSERVATIONS)));
        }
        self.observations_at(&raw, (0..raw.num_rows() as u32).collect())
    }

    /// Some of its raw observations, by place, as rows of [`schema::OBSERVATIONS`].
    ///
    /// # Errors
    /// `Internal` if they are not those of this segment.
    pub fn observations_at(&self, raw: &RecordBatch, places: Vec<u32>) -> Result<RecordBatch> {
        let first = self.header.first_revision;
        let revisions = Int64Array::from_iter_values(places.iter().map(|place| first + Revision::from(*place)));
        let raw = take_record_batch(raw, &UInt32Array::from(places))?;
        let changes: &UInt8Array = raw.column(1).as_primitive::<UInt8Type>();
        let changes =
            StringViewArray::from_iter_values(changes.values().iter().map(|code| Change::from_code(*code).map_or("", Change::as_str)));
        let scopes = raw.column(3).as_any_dictionary_opt().ok_or_else(|| Error::internal("scope is no dictionary"))?;
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(revisions),
            Arc::clone(raw.column(0)),
            Arc::new(changes),
            cast(raw.column(2), &DataType::Utf8View)?,
            cast(raw.column(4), &schema::time_type())?,
        ];
        for part in 0..4 {
            let values = scopes.values().as_string::<i32>();
            let parts: StringViewArray = values.iter().map(|scope| scope.and_then(|scope| scope.splitn(4, '/').nth(part))).collect();
            columns.push(arrow::compute::take(&parts, scopes.keys(), None)?);
        }
        Ok(RecordBatch::try_new(Arc::clone(&schema::OBSERVATIONS), columns)?)
    }
}

/// A dictionary column of the observations section, from values and the position of each row's value.
///
/// # Errors
/// `Internal` if a key is out of range.
pub fn dictionary(values: &[impl AsRef<str>], keys: Vec<u32>) -> Result<ArrayRef> {
    let values = arrow::array::StringArray::from_iter_values(values.iter().map(AsRef::as_ref));
    let keys = arrow::array::PrimitiveArray::<UInt32Type>::from(keys);
    Ok(Arc::new(DictionaryArray::try_new(keys, Arc::new(values))?))
}

/// An integer column by name.
///
/// # Errors
/// `Internal` if there is none.
pub fn numbers<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
    column.ok_or_else(|| Error::internal(format!("no integer column {name}")))
}

/// A text column by name.
///
/// # Errors
/// `Internal` if there is none.
pub fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringViewArray> {
    let column = batch.column_by_name(name).and_then(|column| column.as_string_view_opt());
    column.ok_or_else(|| Error::internal(format!("no text column {name}")))
}

/// A time column by name, as microseconds.
///
/// # Errors
/// `Internal` if there is none.
pub fn times<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::TimestampMicrosecondArray> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<arrow::datatypes::TimestampMicrosecondType>());
    column.ok_or_else(|| Error::internal(format!("no time column {name}")))
}

/// The column of content hashes.
///
/// # Errors
/// `Internal` if there is none.
pub fn content_hashes(batch: &RecordBatch) -> Result<&FixedSizeBinaryArray> {
    let column = batch.column_by_name("content_hash").and_then(|column| column.as_fixed_size_binary_opt());
    column.ok_or_else(|| Error::internal("no column content_hash"))
}

/// Text of a row, `None` for null.
pub fn text_at(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}
