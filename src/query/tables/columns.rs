//! `elava_columns`: what every column of every table and function means.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::error::Result;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use super::{ALL, Call, Meaning, Relation, text};

static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = ["table_name", "column_name", "data_type", "description"].map(|name| text(name, false)).to_vec();
    fields.push(text("source", true));
    Arc::new(Schema::new(fields))
});

/// The columns of all tables and functions.
#[derive(Debug)]
pub(super) struct ElavaColumns;

impl Relation for ElavaColumns {
    fn name(&self) -> &'static str {
        "elava_columns"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    fn plan(&self, _: &Call<'_>) -> Result<LogicalPlan> {
        let mut rows: [Vec<Option<String>>; 5] = Default::default();
        for relation in ALL.iter() {
            let name = match relation.parameters() {
                Some(parameters) => format!("{}({})", relation.name(), parameters.join(", ")),
                None => relation.name().to_owned(),
            };
            for field in relation.schema().fields() {
                let told = || Meaning { description: description(relation.name(), field.name()), source: None };
                let Meaning { description, source } = relation.meaning(field.name()).unwrap_or_else(told);
                let row = [name.clone(), field.name().clone(), type_name(field), description.to_owned()];
                let row = row.into_iter().map(Some).chain([source.map(ToOwned::to_owned)]);
                rows.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
            }
        }
        let columns = rows.map(|column| Arc::new(column.into_iter().collect::<StringViewArray>()) as ArrayRef);
        let batch = RecordBatch::try_new(Arc::clone(&COLUMNS), columns.to_vec())?;
        let rows = MemTable::try_new(Arc::clone(&COLUMNS), vec![vec![batch]])?;
        LogicalPlanBuilder::scan("columns", provider_as_source(Arc::new(rows)), None)?.build()
    }
}

/// Columns of JSON that is made for them.
const DOCUMENTS: [&str; 6] = ["before", "after", "details", "parameters", "exemptions", "results"];

fn type_name(field: &Field) -> String {
    let json = field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.json");
    match field.data_type() {
        _ if json || DOCUMENTS.contains(&field.name().as_str()) => "JSON".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::Utf8View | DataType::Utf8 => "TEXT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Timestamp(..) => "TIMESTAMP".to_owned(),
        DataType::List(_) => "TEXT[]".to_owned(),
        other => other.to_string().to_uppercase(),
    }
}

/// What a column means, where it is.
pub(super) fn description(table: &str, column: &str) -> &'static str {
    match (table, column) {
        ("observations", "revision") => "position of the observation in the log, from 1 and dense",
        ("observations", "change") => "what it did: created, updated, unchanged, deleted or late",
        ("changes", "revision") => "the revision that made the change",
        ("changes" | "diff", "change") => "created, updated or deleted",
        ("diff", "revision") => "revision of the last change in between",
        ("diff", "changed_at") => "time of the last change in between",
        ("changes", "changed_at") => "when the change was observed",
        ("blame", "path") => "JSON Pointer of the attribute",
        ("blame", "value") => "its value as canonical JSON",
        ("blame", "revision") => "the revision that last changed it",
        ("blame", "changed_at") => "when that was observed",
        ("blame", "change") => "created, or updated",
        ("blame", "scan_id") => "the scan that observed that",
        ("history", "change") => "how the version began: created or updated",
        (view, "change") if view.ends_with("_versions") => "how the version began: created or updated",
        ("scans", "status") => "running, complete, partial or failed",
        ("scans", "account_id") => "the account; NULL where several",
        ("scans", "first_revision") => "the first revision that the scan wrote; NULL if none",
        ("scans", "last_revision") => "the last revision that the scan wrote; NULL if none",
        ("scans", "deleted") => "observations that ended a life",
        ("coverage", "status") => "complete, partial, failed, skipped or suspect",
        ("coverage", "deleted") => "resources of the scope that the scan marked deleted",
        ("analysis_runs", "revision") => "the revision that the checks were asked about; of a range its end",
        ("analysis_runs", "started_at") => "when the run began",
        ("analysis_runs", "finished_at") => "when the run ended",
        ("analysis_runs", "errors") => "checks that could not be run",
        ("analysis_runs", "status") => "pass, fail, incomplete or error: the worst of its checks",
        ("findings" | "findings_as_of" | "finding_changes", column) if !finding(column).is_empty() => finding(column),
        ("audit_log", "first_revision") => "first revision of a batch of observations",
        ("audit_log", "last_revision") => "last revision of a batch of observations",
        ("elava_columns", "table_name") => "a table, or a function with its parameters",
        ("elava_columns", "column_name") => "the column",
        ("elava_columns", "data_type") => "its type",
        ("elava_columns", "description") => "what it means",
        ("elava_columns", "source") => "where it is in the cloud's own answer, of a typed view's or an edge's column",
        (_, column) => common(column),
    }
}

/// The columns of findings that others have with another meaning.
fn finding(column: &str) -> &'static str {
    match column {
        "status" => "open, exempt, unknown (its scope could not be seen in full) or resolved",
        "revision" => "the revision that the run was about",
        "changed_at" => "when the run ended",
        "first_seen_at" => "when a run first found it",
        "first_seen_revision" => "the revision that run was about",
        "details" => "further columns of the check, as JSON",
        _ => "",
    }
}

fn common(column: &str) -> &'static str {
    match column {
        "resource_key" => "provider/account_id/region/resource_type/resource_id",
        "provider" => "the cloud",
        "account_id" => "the account, project or subscription",
        "region" => "the region; global where there is none",
        "resource_type" => "the kind of resource, such as aws_ec2_instance",
        "native_type" => "the cloud's own name of the type",
        "resource_id" => "the cloud's id of the resource",
        "arn" => "the cloud's global name of the resource",
        "name" => "what people call it",
        "state" => "the cloud's own word for its state",
        "created_at" => "when the cloud says it was made",
        "tags" => "tags as canonical JSON: NULL = unknown, {} = none",
        "properties" => "the cloud's own description as canonical JSON",
        "revision" => "first revision of the version",
        "changed_at" => "when the version was first observed",
        "first_seen_revision" => "first revision of this life",
        "first_seen_at" => "when this life was first observed",
        "valid_from_revision" => "first revision of the version",
        "valid_to_revision" => "the revision that ended the version; NULL = still valid",
        "valid_from" => "when the version was first observed",
        "valid_to" => "when the version ended; NULL = still valid",
        "ended_by" => "updated or deleted; NULL = still valid",
        "changed_paths" => "JSON Pointers of what differs from the version before",
        "before" => "the content before: name, arn, state, created_at, native_type, tags, properties",
        "after" => "the content after: name, arn, state, created_at, native_type, tags, properties",
        "scan_id" => "the scan that observed it",
        "observed_at" => "when it was observed",
        "started_at" => "when the scan began",
        "finished_at" => "when the scan ended; NULL while it runs",
        "created" => "observations that began a life",
        "updated" => "observations that began a new version",
        "unchanged" => "observations of what was known",
        "late" => "observations that were overtaken by another scan's",
        "errors" => "scopes not fully seen, and one more if the scan itself failed",
        "error_code" => "the provider's error code, else Elava's own word for it",
        "error" => "the provider's message",
        "listed" => "resources that the scan saw in the scope",
        "missing" => "live resources of the scope that the scan did not see",
        "duration_ms" => "how long the listing took, in milliseconds",
        "api_calls" => "how many calls the listing took",
        "resources" => "live resources",
        "last_complete_at" => "when the scope was last seen completely",
        "last_complete_revision" => "the head of the log then",
        "last_status" => "what the newest scan of the scope says about it",
        "last_error_code" => "the error code that came with it",
        "seq" => "the segment of the log",
        "entry_no" => "the place in the segment",
        "entry" => "what happened",
        "at" => "when",
        "writer" => "the process that wrote it",
        "details" => "what the entry tells besides, as JSON",
        "segment_hash" => "SHA-256 of the segment's header, which chains all before it",
        "run_id" => "the run",
        "kind" => "present, as_of or between",
        "from_revision" => "of a range, the revision it begins after",
        "checks" => "checks that were run",
        "passed" => "checks that found nothing and saw everything",
        "failed" => "checks with findings that are not exempt",
        "incomplete" => "checks that found nothing and could not see everything",
        "skipped" => "checks about what was never listed, or without the parameters they need",
        "findings" => "violations, exempt ones included",
        "exempt" => "violations that somebody said may be",
        "opened" => "findings that were not open before",
        "resolved" => "findings that are not any more",
        "version" => "the version of Elava",
        "parameters" => "the values that the checks were given, as JSON",
        "exemptions" => "the exemptions that held, as JSON",
        "results" => "each check with its status, as JSON",
        "check_id" => "the check",
        "severity" => "low, medium, high or critical",
        "title" => "what the check is about",
        "status_before" => "the status before; NULL = it was not known",
        "reason" => "what is wrong with the resource",
        "since" => "since when, by the history",
        "opened_at" => "when a run last found it after it was not there",
        "last_seen_at" => "when a run last found it",
        "last_seen_revision" => "the revision that run was about",
        "resolved_at" => "when a run found it gone; NULL = it is not",
        "resolved_revision" => "the revision that run was about",
        "exempt_reason" => "why it may be",
        "exempt_until" => "until when it may be",
        _ => "",
    }
}
