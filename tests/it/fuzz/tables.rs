//! Data files that somebody made: their hash is right, in their name and in the manifest, and so are all checksums.

use std::fs;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use elava::store::{DataFile, Manifest};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::{Digest, Sha256};

use super::stored::{block_on, few_copies_of_a_store, golden, read_store, values, with_value};
use super::{Target, corpus, fuzz, is_damage_or_panic, runner, unsealed};
use crate::cli::run::Bench;
use crate::support::fault_backend::Objects;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The store with other bytes in place of a file's.
fn with_file(objects: &Objects, name: &str, bytes: &[u8]) -> Objects {
    let mut objects = objects.clone();
    let manifest = objects.keys().find(|name| name.starts_with("manifest/")).unwrap().clone();
    let (mut told, _) = Manifest::decode(&objects[&manifest], manifest.rsplit('/').next().unwrap().parse().unwrap()).unwrap();
    let versions = told.epochs.iter_mut().flat_map(|epoch| epoch.files.iter_mut().chain(&mut epoch.closings));
    let mut files = versions.chain(&mut told.changes).chain(&mut told.observations).chain(&mut told.entries);
    let file: &mut DataFile = files.find(|file| file.name == name).unwrap();
    file.hash = hex(&Sha256::digest(bytes));
    file.bytes = bytes.len() as u64;
    file.checksums = bytes.chunks(64 * 1024).map(crc32fast::hash).collect();
    let stem = &name[..name.len() - "0123456789abcdef0123456789abcdef.parquet".len()];
    file.name = format!("{stem}{}.parquet", &file.hash[..32]);
    objects.remove(name);
    objects.insert(file.name.clone(), Bytes::copy_from_slice(bytes));
    objects.insert(manifest, told.encode().unwrap().0);
    objects
}

/// Of each kind of file one, and what was a crash of it before.
#[test]
fn data_files_that_somebody_made() {
    let objects = golden();
    for kind in ["versions/", "versions/changes-", "closings/", "observations/", "entries/"] {
        let of_kind = |name: &&String| name.strip_prefix(kind).is_some_and(|rest| !rest.contains('-'));
        let name = objects.keys().find(of_kind).unwrap();
        let inputs: Vec<Vec<u8>> = std::iter::once(objects[name].to_vec()).chain(corpus(kind.trim_end_matches(['/', '-']))).collect();
        let target = Target { name: "data-file", cost: 100, block_max: few_copies_of_a_store, refuses: &is_damage_or_panic };
        fuzz(&target, &inputs, unsealed, |bytes| block_on(read_store(&with_file(&objects, name, bytes))));
    }
}

/// Printed was what Rust says of a panic, before the error that is made of it.
#[test]
fn a_panic_over_a_file_is_told_once() {
    let objects = golden();
    let name = objects.keys().find(|name| name.starts_with("versions/") && !name.contains("changes")).unwrap();
    let bench = Bench::new();
    for (name, bytes) in with_file(&objects, name, &corpus("versions")[0]) {
        let path = bench.path("store").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let statement = "SELECT * FROM resource_versions";
    let told = bench.elava(&["sql", statement]);
    assert!(told.starts_with("exit 2") && told.matches("error: ").count() == 1 && !told.contains("panic"), "{told}");
    let told = bench.elava(&["-vv", "sql", statement]);
    assert!(told.contains("a panic at "), "{told}");
    let told = bench.elava(&["verify"]);
    assert!(told.starts_with("exit 1") && !told.contains("panic"), "{told}");
}

/// Rows of a Parquet file.
fn rows_of(bytes: &Bytes) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
    let schema = Arc::clone(reader.schema());
    concat_batches(&schema, &reader.build().unwrap().map(|batch| batch.unwrap()).collect::<Vec<_>>()).unwrap()
}

fn file_of(rows: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    bytes
}

/// Files that are well-formed, with another value in one place.
#[test]
fn data_files_with_values_that_somebody_made() {
    let objects = golden();
    let files: Vec<(&String, RecordBatch)> =
        objects.iter().filter(|(name, _)| name.ends_with(".parquet")).map(|(name, bytes)| (name, rows_of(bytes))).collect();
    let strategy = (any::<Index>(), any::<Index>(), any::<Index>(), values());
    let outcome = runner(40).run(&strategy, |(file, column, row, (number, text))| {
        let (name, rows) = file.get(&files);
        let altered = with_value(rows, column.index(rows.num_columns()), row.index(rows.num_rows()), number, text);
        if let Err(error) = block_on(read_store(&with_file(&objects, name, &file_of(&altered)))) {
            prop_assert!(is_damage_or_panic(&error), "{name}: {:?}: {error}", error.kind());
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
