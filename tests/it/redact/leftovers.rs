//! All that is to be read in the objects of a store: their bytes, and what they are once they are unpacked.

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use elava::store::{HEADER_BYTES, Segment};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::fault_backend::Objects;

/// The text of each object.
pub fn everything(objects: &Objects) -> Vec<(String, String)> {
    objects.iter().map(|(name, bytes)| (name.clone(), text_of(name, bytes))).collect()
}

fn text_of(name: &str, bytes: &Bytes) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if name.ends_with(".parquet") {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap().build().unwrap();
        reader.for_each(|batch| rows_of(&batch.unwrap(), &mut text));
    } else if let Some(seq) = name.strip_prefix("log/").and_then(|name| name.strip_suffix(".seg")) {
        if bytes.len() > HEADER_BYTES {
            let segment = Segment::decode(bytes, seq.parse().unwrap(), None).unwrap();
            let observations = segment.observations().unwrap();
            [&segment.versions, &segment.closings, &segment.entries, &observations].iter().for_each(|batch| rows_of(batch, &mut text));
        }
    } else if name.starts_with("manifest/") && bytes.len() > 42 {
        text.push_str(&String::from_utf8(zstd::decode_all(&bytes[42..]).unwrap()).unwrap());
    }
    text
}

fn rows_of(batch: &RecordBatch, text: &mut String) {
    let options = FormatOptions::default();
    for column in batch.columns() {
        let values = ArrayFormatter::try_new(column, &options).unwrap();
        (0..batch.num_rows()).for_each(|row| text.push_str(&format!("{}\n", values.value(row))));
    }
}
