//! Contents of resources in columns: read as values, and written as JSON text.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;

use crate::error::{Error, Result};
use crate::model::{CanonicalJson, Content, Json, Timestamp};

/// The columns of a content.
pub const CONTENT_COLUMNS: [&str; 7] = ["native_type", "arn", "name", "state", "created_at", "tags", "properties"];

/// The content columns of some rows.
#[derive(Debug)]
pub struct ContentColumns<'a> {
    native_type: &'a StringViewArray,
    arn: &'a StringViewArray,
    name: &'a StringViewArray,
    state: &'a StringViewArray,
    created_at: &'a TimestampMicrosecondArray,
    tags: &'a StringViewArray,
    properties: &'a StringViewArray,
}

impl<'a> ContentColumns<'a> {
    /// From arrays in the order of [`CONTENT_COLUMNS`].
    ///
    /// # Errors
    /// `Internal` if they have other types than they are stored with.
    pub fn new(arrays: &'a [ArrayRef]) -> Result<Self> {
        let missing = || Error::internal("the columns of a content have other types than they are stored with");
        let text = |at: usize| arrays.get(at).and_then(|array| array.as_string_view_opt()).ok_or_else(missing);
        let created_at = arrays.get(4).and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>()).ok_or_else(missing)?;
        Ok(Self { native_type: text(0)?, arn: text(1)?, name: text(2)?, state: text(3)?, created_at, tags: text(5)?, properties: text(6)? })
    }

    /// The content of a row.
    pub fn content(&self, row: usize) -> Content {
        let owned = |column| text(column, row).map(Into::into);
        Content {
            native_type: owned(self.native_type),
            arn: owned(self.arn),
            name: owned(self.name),
            state: owned(self.state),
            created_at: self.created_at(row),
            tags: text(self.tags, row).map(CanonicalJson::from_stored),
            properties: CanonicalJson::from_stored(text(self.properties, row).unwrap_or("{}")),
        }
    }

    /// Appends the content of a row as a canonical JSON object.
    pub fn write_json(&self, row: usize, out: &mut String) {
        out.push('{');
        let created_at = self.created_at(row).map(|time| time.to_string());
        let members = [
            ("arn", text(self.arn, row), true),
            ("created_at", created_at.as_deref(), true),
            ("name", text(self.name, row), true),
            ("native_type", text(self.native_type, row), true),
            ("properties", text(self.properties, row), false),
            ("state", text(self.state, row), true),
            ("tags", text(self.tags, row), false),
        ];
        for (nth, (name, value, quoted)) in members.into_iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            let _ = write!(out, "{comma}\"{name}\":");
            match value {
                None => out.push_str("null"),
                Some(text) if quoted => Json::String(text.into()).write(out),
                Some(json) => out.push_str(json),
            }
        }
        out.push('}');
    }

    fn created_at(&self, row: usize) -> Option<Timestamp> {
        self.created_at.is_valid(row).then(|| Timestamp::from_micros(self.created_at.value(row)))
    }
}

/// The content columns of a batch, to make [`ContentColumns`] of.
///
/// # Errors
/// `Internal` if one is missing.
pub fn content_arrays(batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    let array = |name| batch.column_by_name(name).cloned().ok_or_else(|| Error::internal(format!("no column {name}")));
    CONTENT_COLUMNS.into_iter().map(array).collect()
}

fn text(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}
