//! Tables that are wrong though every hash is right: files and manifest made anew by somebody, or by a bug. What is compared
//! with the log and with other tables tells.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use elava::store::{Backend, Bound, DataFile, Manifest, VerifyOptions, verify_with};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};

use super::{DEEP, compacted_store, told};
use crate::support::Scratch;
use crate::support::fault_backend::{FaultBackend, Objects};

/// A store whose newest manifest can be made anew.
struct Forge {
    objects: Objects,
    manifest: Manifest,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Forge {
    fn of(objects: &Objects) -> Self {
        let name = objects.keys().rfind(|name| name.starts_with("manifest/")).unwrap();
        let number = name.rsplit('/').next().unwrap().parse().unwrap();
        let (manifest, _) = Manifest::decode(&objects[name], number).unwrap();
        Self { objects: objects.clone(), manifest }
    }

    /// Puts altered rows in the place of a file's.
    fn alter(&mut self, file: &DataFile, alter: impl FnOnce(RecordBatch) -> RecordBatch) -> DataFile {
        let reader = ParquetRecordBatchReaderBuilder::try_new(self.objects[&file.name].clone()).unwrap();
        let schema = Arc::clone(reader.schema());
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let rows = alter(concat_batches(&schema, &batches).unwrap());
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        let hash = hex(&Sha256::digest(&bytes));
        let (start, _) = file.name.rsplit_once(['/', '-']).unwrap();
        let separator = file.name.chars().nth(start.len()).unwrap();
        let made = DataFile {
            name: format!("{start}{separator}{}.parquet", &hash[..32]),
            rows: rows.num_rows() as u64,
            bytes: bytes.len() as u64,
            checksums: bytes.chunks(64 * 1024).map(crc32fast::hash).collect(),
            hash,
            columns: file.columns.clone(),
        };
        self.objects.insert(made.name.clone(), bytes.into());
        made
    }

    /// Alters the first of some files of the manifest.
    fn alter_first(&mut self, files: fn(&mut Manifest) -> &mut Vec<DataFile>, alter: fn(RecordBatch) -> RecordBatch) {
        let file = files(&mut self.manifest)[0].clone();
        let made = self.alter(&file, alter);
        files(&mut self.manifest)[0] = made;
    }

    async fn findings(mut self, deep: bool) -> Vec<String> {
        let (bytes, _) = self.manifest.encode().unwrap();
        self.objects.insert(format!("manifest/{:020}", self.manifest.number), bytes);
        let backend = FaultBackend::holding(&self.objects) as Arc<dyn Backend>;
        told(&verify_with(backend, &VerifyOptions { deep, ..DEEP }).await.unwrap())
    }
}

/// The rows with another value in a column of one.
fn with(rows: &RecordBatch, column: &str, row: usize, value: Option<&str>) -> RecordBatch {
    let at = rows.schema().index_of(column).unwrap();
    let mut columns = rows.columns().to_vec();
    let number = || value.map(|value| value.parse().unwrap());
    let altered: ArrayRef = match columns[at].data_type() {
        DataType::Int64 => {
            let old = columns[at].as_primitive::<Int64Type>();
            Arc::new(old.iter().enumerate().map(|(nth, old)| if nth == row { number() } else { old }).collect::<Int64Array>())
        }
        DataType::Timestamp(..) => {
            let old = columns[at].as_primitive::<TimestampMicrosecondType>();
            let values = old.iter().enumerate().map(|(nth, old)| if nth == row { number() } else { old });
            Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        _ => {
            let old = columns[at].as_string_view();
            Arc::new(old.iter().enumerate().map(|(nth, old)| if nth == row { value } else { old }).collect::<StringViewArray>())
        }
    };
    columns[at] = altered;
    RecordBatch::try_new(rows.schema(), columns).unwrap()
}

fn text<'a>(rows: &'a RecordBatch, column: &str, row: usize) -> Option<&'a str> {
    let column = rows.column_by_name(column).unwrap().as_string_view();
    column.is_valid(row).then(|| column.value(row))
}

fn number(rows: &RecordBatch, column: &str, row: usize) -> i64 {
    rows.column_by_name(column).unwrap().as_primitive::<Int64Type>().value(row)
}

#[track_caller]
fn find(rows: &RecordBatch, fits: impl Fn(usize) -> bool) -> usize {
    (0..rows.num_rows()).find(|row| fits(*row)).unwrap()
}

fn newest(rows: &RecordBatch) -> usize {
    (0..rows.num_rows()).max_by_key(|row| number(rows, "valid_from_revision", *row)).unwrap()
}

fn without(rows: &RecordBatch, row: usize) -> RecordBatch {
    concat_batches(&rows.schema(), &[rows.slice(0, row), rows.slice(row + 1, rows.num_rows() - row - 1)]).unwrap()
}

/// What was altered, whether contents must be read to see it, and what is said.
type Case = (&'static str, bool, &'static str, fn(&mut Forge));

/// The versions that ended in a sealed epoch in the middle, whose segments are long cut down.
fn of_ended(forge: &mut Forge, alter: fn(RecordBatch) -> RecordBatch) {
    of_epoch(forge, |files| files.first_mut().unwrap(), alter);
}

/// The versions that went on from there.
fn of_others(forge: &mut Forge, alter: fn(RecordBatch) -> RecordBatch) {
    of_epoch(forge, |files| files.last_mut().unwrap(), alter);
}

fn of_epoch(forge: &mut Forge, file: fn(&mut [DataFile]) -> &mut DataFile, alter: fn(RecordBatch) -> RecordBatch) {
    let middle = forge.manifest.epochs.len() / 2;
    let old = file(&mut forge.manifest.epochs[middle].files).clone();
    let made = forge.alter(&old, alter);
    *file(&mut forge.manifest.epochs[middle].files) = made;
}

fn of_observations(forge: &mut Forge, alter: fn(RecordBatch) -> RecordBatch) {
    forge.alter_first(|manifest| &mut manifest.observations, alter);
}

fn of_changes(forge: &mut Forge, alter: fn(RecordBatch) -> RecordBatch) {
    forge.alter_first(|manifest| &mut manifest.changes, alter);
}

fn of_entries(forge: &mut Forge, alter: fn(RecordBatch) -> RecordBatch) {
    forge.alter_first(|manifest| &mut manifest.entries, alter);
}

const CASES: &[Case] = &[
    ("a content", true, "does not have the hash that is stored with it", |forge| {
        of_others(forge, |rows| {
            // The newest version of the epoch began in it.
            let row = newest(&rows);
            with(&rows, "properties", row, Some(r#"{"n":77}"#))
        });
    }),
    ("a content that was carried over a cut", true, "differs from what the next one begins with", |forge| {
        of_ended(forge, |rows| {
            let first = (0..rows.num_rows()).min_by_key(|row| number(&rows, "valid_from_revision", *row)).unwrap();
            with(&rows, "name", first, Some("another"))
        });
    }),
    ("how a version ended", false, "observations that ended versions and the ends of versions differ", |forge| {
        of_ended(forge, |rows| {
            let row = find(&rows, |row| text(&rows, "ended_by", row) == Some("updated"));
            with(&rows, "ended_by", row, Some("deleted"))
        });
    }),
    ("which scan ended a version", false, "observations that ended versions", |forge| {
        of_ended(forge, |rows| {
            let row = find(&rows, |row| text(&rows, "ended_by", row) == Some("updated"));
            with(&rows, "ending_scan_id", row, Some("scan-0"))
        });
    }),
    ("a version that never ended", false, "differs from what the next one begins with", |forge| {
        of_ended(forge, |rows| {
            let row = find(&rows, |row| text(&rows, "ended_by", row) == Some("updated"));
            let rows = with(&rows, "ended_by", row, None);
            let rows = with(&with(&rows, "valid_to", row, None), "ending_scan_id", row, None);
            with(&rows, "valid_to_revision", row, None)
        });
    }),
    ("a version that is gone", false, "observations that began versions and the versions that began differ", |forge| {
        of_others(forge, |rows| {
            // The newest version of the epoch began in it.
            let row = newest(&rows);
            without(&rows, row)
        });
    }),
    ("the beginning of a life", false, "differ in resource or life", |forge| {
        of_ended(forge, |rows| {
            let row = find(&rows, |row| text(&rows, "ended_by", row) == Some("updated"));
            let later = (number(&rows, "first_seen_revision", row) + 1).to_string();
            with(&rows, "first_seen_revision", row, Some(&later))
        });
    }),
    ("the bounds of a file", false, "the manifest tells of other bounds of region", |forge| {
        let place = forge.manifest.epochs.len() / 2;
        let bounds = forge.manifest.epochs[place].files[0].columns.get_mut("region").unwrap();
        bounds.max = Some(Bound::Text("s".to_owned()));
    }),
    ("the rows of a file", false, "the manifest tells of", |forge| forge.manifest.changes[0].rows += 1),
    ("an observation that is gone", false, "observations are in no file (revision 30)", |forge| {
        of_observations(forge, |rows| {
            let row = find(&rows, |row| number(&rows, "revision", row) == 30);
            without(&rows, row)
        });
    }),
    ("an observation twice", false, "observations that another file or row has too (revision 30)", |forge| {
        of_observations(forge, |rows| {
            let row = find(&rows, |row| number(&rows, "revision", row) == 31);
            with(&rows, "revision", row, Some("30"))
        });
    }),
    ("what an observation did", false, "observations that ended versions", |forge| {
        of_observations(forge, |rows| {
            let row = find(&rows, |row| text(&rows, "change", row) == Some("unchanged"));
            with(&rows, "change", row, Some("deleted"))
        });
    }),
    ("when something was observed", false, "but the manifest says", |forge| {
        of_observations(forge, |rows| with(&rows, "observed_at", 3, Some("1735689600000007")))
    }),
    ("what an observation saw", true, "which did not hold then", |forge| {
        of_observations(forge, |rows| {
            let row = find(&rows, |row| text(&rows, "change", row) == Some("unchanged") && number(&rows, "revision", row) > 60);
            with(&rows, "version_revision", row, Some("1"))
        });
    }),
    ("a change that is gone", false, "changes differ from the beginnings and ends of versions", |forge| {
        of_changes(forge, |rows| without(&rows, rows.num_rows() / 3))
    }),
    ("what a change replaced", true, "contents that changes replaced differ", |forge| {
        of_changes(forge, |rows| {
            let row = find(&rows, |row| text(&rows, "before", row).is_some());
            with(&rows, "before", row, Some("{}"))
        });
    }),
    ("a log entry's details", false, "is not that of the log entries", |forge| {
        of_entries(forge, |rows| {
            let row = find(&rows, |row| text(&rows, "entry", row) == Some("setting_changed"));
            let details = text(&rows, "details", row).unwrap().replace("4096", "5000");
            let rows = with(&rows, "details", row, Some(&details));
            let last = (0..rows.num_rows()).rfind(|row| text(&rows, "entry", *row) == Some("setting_changed")).unwrap();
            let details = text(&rows, "details", last).unwrap().replace(r#""epoch_rows_min":8"#, r#""epoch_rows_min":9"#);
            with(&rows, "details", last, Some(&details))
        });
    }),
    ("which segment an entry is from", false, "names another header than the log has", |forge| {
        of_entries(forge, |rows| with(&rows, "segment_hash", 2, Some("00")))
    }),
    ("a log entry that is gone", false, "follows entry", |forge| {
        of_entries(forge, |rows| {
            let second = find(&rows, |row| number(&rows, "entry_no", row) == 1);
            without(&rows, second - 1)
        });
    }),
    ("the head", false, "ends with revision", |forge| forge.manifest.index.head -= 1),
    ("the times", false, "but the manifest says", |forge| forge.manifest.index.times[1].at += 1),
    ("the tags", false, "is not that of the log entries", |forge| {
        forge.manifest.index.scan_ends.pop();
    }),
    ("a cut", false, "does not follow the one before it", |forge| forge.manifest.epochs[1].start += 1),
    ("how many are alive", false, "resources are alive", |forge| forge.manifest.cutting.alive += 1),
    ("what is covered", false, "it covers another segment", |forge| forge.manifest.covered_hash = "00".repeat(32)),
];

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_wrong_under_right_hashes_are_found_out() {
    let scratch = Scratch::new();
    compacted_store(&scratch).await;
    let objects = scratch.objects();
    assert_eq!(Forge::of(&objects).findings(true).await, Vec::<String>::new(), "made anew as it was");
    for (what, deep, expected, forge) in CASES {
        for reading_contents in [false, true] {
            let mut forged = Forge::of(&objects);
            forge(&mut forged);
            let findings = forged.findings(reading_contents).await;
            if reading_contents || !deep {
                assert!(findings.iter().any(|finding| finding.contains(expected)), "{what}, deep {reading_contents}: {findings:?}");
            }
        }
    }
}

/// Of segments that are left, each row is compared.
#[tokio::test(flavor = "multi_thread")]
async fn tables_that_differ_from_a_segment_that_is_left_are_found_out_with_its_name() {
    let scratch = Scratch::new();
    compacted_store(&scratch).await;
    let objects = scratch.objects();
    let left: Vec<(&String, &Bytes)> = objects.iter().filter(|(name, bytes)| name.starts_with("log/") && bytes.len() > 256).collect();
    let number = |bytes: &Bytes, at: usize| i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let (name, bytes) = left.iter().find(|(_, bytes)| number(bytes, 44) > 5).unwrap();
    let (first, last) = (number(bytes, 36), number(bytes, 36) + number(bytes, 44) - 1);
    for (column, value) in [("scan_id", "scan-0"), ("version_revision", "1")] {
        let mut forge = Forge::of(&objects);
        let place = forge.manifest.observations.len() - 1;
        let file = forge.manifest.observations[place].clone();
        let made = forge.alter(&file, |rows| {
            let row = find(&rows, |row| self::number(&rows, "revision", row) == first + 1);
            with(&rows, column, row, Some(value))
        });
        forge.manifest.observations[place] = made;
        let findings = forge.findings(false).await;
        let expected = format!("the observations of {name} are not in the tables as it wrote them");
        let revisions = format!("(revisions {first} to {last})");
        assert!(findings.iter().any(|finding| finding.contains(&expected) && finding.ends_with(&revisions)), "{column}: {findings:?}");
    }
}
