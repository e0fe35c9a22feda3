//! The Arrow schemas of the stored tables. A column's name, type and order are part of the format.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The type of all times: microseconds, UTC.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The type of lists of text.
pub fn text_list_type() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Utf8View, false)))
}

fn text(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8View, nullable)
}

fn json(name: &str, nullable: bool) -> Field {
    let extension = HashMap::from([("ARROW:extension:name".to_owned(), "arrow.json".to_owned())]);
    text(name, nullable).with_metadata(extension)
}

fn number(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Int64, nullable)
}

fn time(name: &str, nullable: bool) -> Field {
    Field::new(name, time_type(), nullable)
}

/// The resource columns that every table of resources begins with.
pub fn resource_fields() -> Vec<Field> {
    vec![
        text("resource_key", false),
        text("provider", false),
        text("account_id", false),
        text("region", false),
        text("resource_type", false),
        text("native_type", true),
        text("resource_id", false),
        text("arn", true),
        text("name", true),
        text("state", true),
        time("created_at", true),
        json("tags", true),
        json("properties", false),
    ]
}

/// Versions: the rows of an epoch, sorted by (resource_type, resource_key, valid_from_revision).
///
/// A row with `change` = `late` is no version: it is the content of an observation that altered no state, and has
/// `valid_to_revision` = `valid_from_revision`.
pub static VERSIONS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = resource_fields();
    fields.extend([
        Field::new("content_hash", DataType::FixedSizeBinary(16), false),
        number("first_seen_revision", false),
        time("first_seen_at", false),
        text("change", false),
        Field::new("changed_paths", text_list_type(), false),
        text("scan_id", false),
        number("valid_from_revision", false),
        time("valid_from", false),
        number("valid_to_revision", true),
        time("valid_to", true),
        text("ended_by", true),
        text("ending_scan_id", true),
    ]);
    Arc::new(Schema::new(fields))
});

/// The columns of JSON, which fill pages.
pub const PAYLOAD_COLUMNS: [&str; 3] = ["tags", "properties", "before"];

/// The columns of [`VERSIONS`] that tell how a version ended.
pub const ENDS: [&str; 4] = ["valid_to_revision", "valid_to", "ended_by", "ending_scan_id"];

/// How versions of the open epoch ended, for rows that were written open.
pub static CLOSINGS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        number("valid_from_revision", false),
        number("valid_to_revision", false),
        time("valid_to", false),
        text("ended_by", false),
        text("ending_scan_id", false),
    ]))
});

/// Changes: what was created, updated and deleted, sorted by revision. The resource is as it became, for a deletion as it
/// was; `before` is what an update replaced, as one JSON object.
pub static CHANGES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![number("revision", false), time("changed_at", false), text("scan_id", false), text("change", false)];
    fields.extend(resource_fields());
    fields.extend([Field::new("changed_paths", text_list_type(), false), json("before", true)]);
    Arc::new(Schema::new(fields))
});

/// Observations, sorted by (provider, account_id, region, resource_type, revision). `version_revision` is the
/// `valid_from_revision` of the version that the observation saw, made or ended.
pub static OBSERVATIONS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        number("revision", false),
        number("version_revision", false),
        text("change", false),
        text("scan_id", false),
        time("observed_at", false),
        text("provider", false),
        text("account_id", false),
        text("region", false),
        text("resource_type", false),
    ]))
});

/// Entries of the log, sorted by (seq, entry_no). `head` is the newest revision once the entry is in the log; the columns
/// from `provider` on are those of the entry's kind.
pub static ENTRIES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        number("seq", false),
        number("entry_no", false),
        text("entry", false),
        time("at", false),
        text("writer", false),
        text("scan_id", true),
        number("first_revision", true),
        number("last_revision", true),
        number("head", false),
        text("segment_hash", false),
        text("provider", true),
        text("account_id", true),
        text("region", true),
        text("resource_type", true),
        text("status", true),
        text("error_code", true),
        text("error", true),
        number("token", true),
        number("listed", true),
        number("missing", true),
        number("created", true),
        number("updated", true),
        number("unchanged", true),
        number("deleted", true),
        number("late", true),
        number("duration_ms", true),
        number("api_calls", true),
        json("details", true),
    ]))
});
