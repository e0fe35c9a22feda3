//! Tags that are columns of their own in files of versions, beside the JSON that holds them all: filters on them prune.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde_json::{Map, Value};

use super::data_file::DataFile;
use super::schema::VERSIONS;
use super::segment::{text_at, texts};
use crate::error::{Error, Result};

/// What the names of these columns begin with; the tag's key follows.
const PREFIX: &str = "tag_";

/// The column of a tag.
pub fn tag_column(key: &str) -> Field {
    Field::new(format!("{PREFIX}{key}"), DataType::Utf8View, true)
}

/// Whether a column of versions is one of a tag.
pub fn is_tag_column(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The columns of a file of versions that has columns of these tags: they come last, by key.
pub fn schema_with(keys: &[String]) -> SchemaRef {
    if keys.is_empty() {
        return Arc::clone(&VERSIONS);
    }
    let keys: BTreeSet<&String> = keys.iter().collect();
    let tags = keys.into_iter().map(|key| Arc::new(tag_column(key)));
    Arc::new(Schema::new(VERSIONS.fields().iter().cloned().chain(tags).collect::<Vec<_>>()))
}

/// The columns of a file of versions that is there.
pub fn schema_of(file: &DataFile) -> SchemaRef {
    let keys: Vec<String> = file.columns.keys().filter_map(|name| name.strip_prefix(PREFIX)).map(str::to_owned).collect();
    schema_with(&keys)
}

/// Rows of versions with the tag columns of a schema.
///
/// # Errors
/// `Corrupt` if tags are no JSON object.
pub fn with_tags(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let names: Vec<&str> = schema.fields().iter().filter_map(|field| field.name().strip_prefix(PREFIX)).collect();
    if names.is_empty() {
        return Ok(rows.clone());
    }
    let tags = texts(rows, "tags")?;
    let mut columns: Vec<StringViewBuilder> = names.iter().map(|_| StringViewBuilder::new()).collect();
    for row in 0..rows.num_rows() {
        let mut of_row = text_at(tags, row).map(parse).transpose()?.unwrap_or_default();
        for (column, name) in columns.iter_mut().zip(&names) {
            column.append_option(of_row.remove(*name).and_then(as_text));
        }
    }
    let columns = columns.into_iter().map(|mut column| Arc::new(column.finish()) as ArrayRef);
    Ok(RecordBatch::try_new(Arc::clone(schema), rows.columns().iter().cloned().chain(columns).collect())?)
}

/// Rows of versions without the columns of tags.
///
/// # Errors
/// `Internal` if Arrow refuses the columns.
pub fn without_tags(rows: &RecordBatch) -> Result<RecordBatch> {
    Ok(rows.project(&(0..VERSIONS.fields().len()).collect::<Vec<_>>())?)
}

fn parse(tags: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(tags).map_err(|error| Error::corrupt("tags of a version are no JSON object").with_source(error))
}

/// A tag's value as `tags['key']` gives it.
fn as_text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
