//! `elava log`

use super::show;
use crate::cli::args::LogArgs;
use crate::cli::shell::StoreShell;
use crate::cli::{Context, ExitStatus};
use crate::error::{Error, Result};

/// A screen of rows: what a person looks at first is the newest.
const ROWS_DEFAULT: u64 = 20;

/// Shows scans, or the versions of one resource, newest first.
///
/// # Errors
/// `NotFound` if there is no such resource, and whatever the query runs into.
pub async fn run(args: LogArgs, context: &Context) -> Result<ExitStatus> {
    let format = show::format(&args.format, context);
    let limit = args.limit.or(format.is_for_people().then_some(ROWS_DEFAULT));
    let sql = match &args.resource {
        Some(resource) => versions(resource, limit),
        None => scans(limit),
    };
    if args.print_sql {
        return show::print(&sql, context);
    }
    let mut shell = StoreShell::open(&context.settings, None).await?;
    if let Some(resource) = &args.resource
        && !is_known(&mut shell, resource).await?
    {
        return Err(Error::not_found(format!("no resource {resource:?} was ever observed")).with_hint(
            "give its key, ARN or id; `elava sql \"SELECT resource_key FROM resource_versions WHERE name = '...'\"` finds it by name",
        ));
    }
    let rows = show::query(&mut shell, &sql, format, context).await?;
    if args.limit.is_none() && limit == Some(rows) {
        context.printer.say(&format!("the newest {rows}; --limit shows more"));
    }
    Ok(ExitStatus::Done)
}

async fn is_known(shell: &mut StoreShell, resource: &str) -> Result<bool> {
    let sql = format!("SELECT 1 AS known FROM history({}) LIMIT 1", text(resource));
    let batches = shell.session().execute(&sql).await?.collect().await?;
    Ok(batches.iter().any(|batch| batch.num_rows() > 0))
}

fn scans(limit: Option<u64>) -> String {
    let columns = "scan_id, started_at, status, created, updated, deleted, unchanged, late, errors, first_revision, last_revision";
    format!("SELECT {columns}\nFROM scans\nORDER BY started_at DESC, scan_id DESC{}", limited(limit))
}

fn versions(resource: &str, limit: Option<u64>) -> String {
    let columns = "valid_from, valid_from_revision, change, state, name, changed_paths, valid_to, ended_by, resource_key";
    format!("SELECT {columns}\nFROM history({})\nORDER BY valid_from_revision DESC{}", text(resource), limited(limit))
}

fn limited(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |limit| format!("\nLIMIT {limit}"))
}

/// A text as SQL writes it.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
