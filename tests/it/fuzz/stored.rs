//! The log and the manifests: bytes as a disk may leave them, and bytes that somebody made, with hashes and checksums that hold.

use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use elava::store::{Backend, HEADER_BYTES, Manifest, Segment, SegmentHeader, Store, verify_with};
use elava::{Error, Result};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sha2::{Digest, Sha256};

use super::{Target, corpus, few_copies, fuzz, is_damage, largest_block, runner, unpacked, unsealed};
use crate::support::fault_backend::{FaultBackend, Objects};
use crate::support::objects_in;
use crate::verify::DEEP;

/// The store of format 1 that is kept: all kinds of objects, small.
static GOLDEN: LazyLock<Objects> = LazyLock::new(|| objects_in(&super::root().join("fixtures/format/v1/store")));

pub fn golden() -> Objects {
    GOLDEN.clone()
}

fn of_folder(folder: &str) -> Vec<Vec<u8>> {
    golden().iter().filter(|(name, _)| name.starts_with(folder)).map(|(_, bytes)| bytes.to_vec()).collect()
}

fn segments() -> Vec<Vec<u8>> {
    let whole = of_folder("log/").into_iter().filter(|bytes| bytes.len() > HEADER_BYTES);
    whole.chain(corpus("segment")).collect()
}

/// The place in the log that a header tells, so that the rest of it is looked at.
fn seq_of(bytes: &[u8]) -> u64 {
    bytes.get(28..36).map_or(1, |seq| u64::from_le_bytes(seq.try_into().unwrap()))
}

/// The header of the first whole segment before a payload.
static HEADER: LazyLock<SegmentHeader> = LazyLock::new(|| header_of(&segments()[0]));

fn with_payload(payload: &[u8]) -> Vec<u8> {
    Segment::encode(&mut HEADER.clone(), payload).to_vec()
}

fn header_of(bytes: &[u8]) -> SegmentHeader {
    SegmentHeader::decode(bytes, seq_of(bytes), None).unwrap()
}

fn payloads() -> Vec<Vec<u8>> {
    segments().iter().filter_map(|bytes| bytes.get(HEADER_BYTES..)).map(<[u8]>::to_vec).collect()
}

/// The sections of a payload, without their lengths.
fn sections(payload: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut found) = (payload, Vec::new());
    while let Some((length, more)) = rest.split_at_checked(8) {
        let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap_or(usize::MAX).min(more.len());
        found.push(more[..length].to_vec());
        rest = &more[length..];
    }
    found
}

fn joined(sections: &[Vec<u8>]) -> Vec<u8> {
    sections.iter().flat_map(|section| [&(section.len() as u64).to_le_bytes()[..], section].concat()).collect()
}

fn decode(bytes: &[u8]) -> Result<()> {
    let segment = Segment::decode(&Bytes::copy_from_slice(bytes), seq_of(bytes), None)?;
    segment.observations().map(drop)
}

/// Damage of a segment is told with the segment's name.
fn is_of_log(error: &Error) -> bool {
    is_damage(error) && error.to_string().contains("log/")
}

#[test]
fn headers() {
    let target = Target { name: "header", cost: 1, block_max: few_copies, refuses: &|error| is_of_log(error) };
    let inputs: Vec<Vec<u8>> = of_folder("log/").iter().map(|bytes| bytes[..HEADER_BYTES].to_vec()).collect();
    let run = |bytes: &[u8]| SegmentHeader::decode(bytes, seq_of(bytes), None).map(|header| assert_eq!(header.encode()[..8], bytes[..8]));
    fuzz(&target, &inputs, unsealed, run);
    let sealed = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes.resize(HEADER_BYTES, 0);
        let checksum = crc32fast::hash(&bytes[..HEADER_BYTES - 4]);
        bytes[HEADER_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    };
    fuzz(&target, &inputs, sealed, run);
}

#[test]
fn segments_as_a_disk_may_leave_them() {
    let target = Target { name: "segment", cost: 4, block_max: unpacked, refuses: &is_of_log };
    fuzz(&target, &segments(), unsealed, decode);
}

#[test]
fn segments_whose_payload_somebody_made() {
    let target = Target { name: "segment", cost: 4, block_max: unpacked, refuses: &is_of_log };
    fuzz(&target, &payloads(), with_payload, decode);
}

/// One section altered, the others as they are: what stands behind it is reached too.
#[test]
fn sections_of_segments_that_somebody_made() {
    let target = Target { name: "section", cost: 4, block_max: unpacked, refuses: &is_of_log };
    let whole = sections(&payloads()[0]);
    for place in 0..whole.len() {
        let of_place: Vec<Vec<u8>> = payloads()
            .iter()
            .filter_map(|payload| sections(payload).get(place).cloned())
            .chain(corpus(&format!("section-{place}")))
            .collect();
        let seal = |section: &[u8]| {
            let mut sections = whole.clone();
            sections[place] = section.to_vec();
            with_payload(&joined(&sections))
        };
        fuzz(&target, &of_place, seal, decode);
    }
}

/// Every third place of a payload, as a number that is much too large: what it may be the length of is not believed.
#[test]
fn no_memory_is_taken_for_a_length_that_is_only_told() {
    let payload = payloads().into_iter().min_by_key(Vec::len).unwrap();
    let mut refused = 0;
    for value in [1u64 << 40, i64::MAX as u64] {
        for at in (0..payload.len() - 8).step_by(3) {
            let mut altered = payload.clone();
            altered[at..at + 8].copy_from_slice(&value.to_le_bytes());
            let sealed = with_payload(&altered);
            let (outcome, largest) = largest_block(|| decode(&sealed));
            assert!(largest <= unpacked(sealed.len()), "{value} at byte {at}: {largest} bytes at once");
            refused += usize::from(outcome.is_err_and(|error| is_of_log(&error)));
        }
    }
    assert!(refused > payload.len() / 3, "only {refused} were refused");
}

/// A store with an altered object is opened, read and verified.
pub async fn read_store(objects: &Objects) -> Result<()> {
    let backend = FaultBackend::holding(objects) as Arc<dyn Backend>;
    verify_with(Arc::clone(&backend), &DEEP).await?;
    let snapshot = Store::open(backend).await?.snapshot().await?;
    let mut session = crate::support::session(&snapshot, None);
    for statement in [
        "SELECT * FROM observations",
        "SELECT * FROM resources",
        "SELECT * FROM resource_versions",
        "SELECT * FROM changes(0, 'head')",
        "SELECT * FROM history('aws/1/r/t/i')",
        "SELECT * FROM audit_log",
        "SELECT * FROM scans",
        "SELECT * FROM coverage",
    ] {
        session.execute(statement).await?.collect().await?;
    }
    Ok(())
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A manifest's frame around other JSON.
fn manifest_of(json: &[u8]) -> Vec<u8> {
    let packed = zstd::bulk::compress(json, 1).unwrap();
    [&b"ELAVAMAN"[..], &1u16.to_le_bytes(), &Sha256::digest(&packed), &packed].concat()
}

fn manifest_name(objects: &Objects) -> String {
    objects.keys().find(|name| name.starts_with("manifest/")).unwrap().clone()
}

/// The JSON of the manifest that is kept, and small ones with each of its parts.
fn manifests() -> Vec<Vec<u8>> {
    let objects = golden();
    let packed = &objects[&manifest_name(&objects)][42..];
    let whole = zstd::stream::decode_all(packed).unwrap();
    std::iter::once(whole).chain(corpus("manifest")).collect()
}

#[test]
fn manifests_that_somebody_made() {
    let refuses = |error: &Error| is_damage(error) && error.to_string().contains("manifest/");
    let target = Target { name: "manifest", cost: 8, block_max: few_copies, refuses: &refuses };
    let objects = golden();
    let number = manifest_name(&objects).rsplit('/').next().unwrap().parse().unwrap();
    let decode = |bytes: &[u8]| Manifest::decode(bytes, number).map(drop);
    fuzz(&target, &[objects[&manifest_name(&objects)].to_vec()], unsealed, decode);
    fuzz(&target, &manifests(), manifest_of, decode);
}

/// A manifest is believed in much: what is read by it fails, if it does, as damage.
#[test]
fn stores_whose_manifest_somebody_made() {
    let target = Target { name: "manifest", cost: 100, block_max: few_copies_of_a_store, refuses: &is_damage };
    let objects = golden();
    let read = |bytes: &[u8]| {
        let mut objects = objects.clone();
        objects.insert(manifest_name(&objects), Bytes::copy_from_slice(bytes));
        block_on(read_store(&objects))
    };
    fuzz(&target, &manifests(), manifest_of, read);
}

/// Queries and the decoders of Parquet take memory in larger pieces.
pub fn few_copies_of_a_store(bytes: usize) -> usize {
    (256 << 20) + 64 * bytes
}

/// A section's rows, and a section of other rows.
fn rows_of(section: &[u8]) -> RecordBatch {
    let reader = StreamReader::try_new(Cursor::new(section), None).unwrap();
    let schema = reader.schema();
    arrow::compute::concat_batches(&schema, &reader.map(|batch| batch.unwrap()).collect::<Vec<_>>()).unwrap()
}

fn section_of(rows: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &rows.schema()).unwrap();
    writer.write(rows).unwrap();
    writer.finish().unwrap();
    bytes
}

const NUMBERS: [Option<i64>; 8] = [None, Some(0), Some(-1), Some(1), Some(7), Some(1 << 40), Some(i64::MAX), Some(i64::MIN)];
const TEXTS: [Option<&str>; 8] =
    [None, Some(""), Some("deleted"), Some("scan_completed"), Some("{\"lines\":-1}"), Some("a/b/c/d/e"), Some("////"), Some("\u{0}")];

/// A number for a column of numbers, and a text for one of texts.
pub fn values() -> impl Strategy<Value = (Option<i64>, Option<&'static str>)> {
    (select(NUMBERS.to_vec()), select(TEXTS.to_vec()))
}

/// The rows with another number or text in one place.
pub fn with_value(rows: &RecordBatch, column: usize, row: usize, number: Option<i64>, text: Option<&str>) -> RecordBatch {
    let mut columns = rows.columns().to_vec();
    let altered: ArrayRef = match columns[column].data_type() {
        DataType::Int64 => {
            let old = columns[column].as_primitive::<Int64Type>();
            Arc::new(old.iter().enumerate().map(|(nth, old)| if nth == row { number } else { old }).collect::<Int64Array>())
        }
        DataType::Timestamp(..) => {
            let old = columns[column].as_primitive::<TimestampMicrosecondType>();
            let values = old.iter().enumerate().map(|(nth, old)| if nth == row { number } else { old });
            Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        DataType::Utf8View => {
            let old = columns[column].as_string_view();
            Arc::new(old.iter().enumerate().map(|(nth, old)| if nth == row { text } else { old }).collect::<StringViewArray>())
        }
        _ => Arc::clone(&columns[column]),
    };
    columns[column] = altered;
    RecordBatch::try_new(rows.schema(), columns).unwrap_or_else(|_| rows.clone())
}

/// The last segment with other values in it, each of which is well-formed.
#[test]
fn stores_whose_last_segment_has_values_that_somebody_made() {
    let objects = golden();
    let (name, last) = objects.iter().rfind(|(name, _)| name.starts_with("log/")).unwrap();
    let sections = sections(&last[HEADER_BYTES..]);
    let strategy = (1..sections.len(), any::<Index>(), any::<Index>(), values());
    let outcome = runner(20).run(&strategy, |(section, column, row, (number, text))| {
        let rows = rows_of(&sections[section]);
        prop_assume!(rows.num_rows() > 0);
        let altered = with_value(&rows, column.index(rows.num_columns()), row.index(rows.num_rows()), number, text);
        let mut made = sections.clone();
        made[section] = section_of(&altered);
        let mut objects = objects.clone();
        objects.insert(name.clone(), Segment::encode(&mut header_of(last), &joined(&made)));
        if let Err(error) = block_on(read_store(&objects)) {
            prop_assert!(is_damage(&error), "{:?}: {error}", error.kind());
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
