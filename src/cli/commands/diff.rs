//! `elava diff`

use crate::cli::args::DiffArgs;
use crate::cli::output::printable;
use crate::cli::shell::StoreShell;
use crate::cli::verbs::change::{headline, write_details};
use crate::cli::verbs::filter::{Of, conditions};
use crate::cli::verbs::pen::Pen;
use crate::cli::verbs::row::{collect, print_each};
use crate::cli::verbs::sql::{filtered, text};
use crate::cli::verbs::stat::{COUNTS, Counts, bars};
use crate::cli::verbs::{resolve, rows};
use crate::cli::{Context, ExitStatus};
use crate::error::Result;

/// `diff(from, to)` seen from the later point: what was created in between is missing before it, and what was, was so before.
const REVERSED: &str = "CASE change WHEN 'created' THEN 'deleted' WHEN 'deleted' THEN 'created' ELSE change END AS change, \
     resource_key, provider, account_id, region, resource_type, resource_id, revision, changed_at, changed_paths, \
     after AS before, before AS after, \
     CASE change WHEN 'created' THEN name ELSE before ->> 'name' END AS name, \
     CASE change WHEN 'created' THEN arn ELSE before ->> 'arn' END AS arn, \
     CASE change WHEN 'created' THEN state ELSE before ->> 'state' END AS state, \
     CASE change WHEN 'created' THEN native_type ELSE before ->> 'native_type' END AS native_type, \
     CASE change WHEN 'created' THEN created_at ELSE CAST(before ->> 'created_at' AS TIMESTAMP) END AS created_at, \
     CASE change WHEN 'created' THEN tags ELSE before -> 'tags' END AS tags, \
     CASE change WHEN 'created' THEN properties ELSE before -> 'properties' END AS properties";

/// The contents of what is in both states.
const UPDATED_CONTENTS: &str = "CASE change WHEN 'updated' THEN before END AS before, CASE change WHEN 'updated' THEN after END AS after";

/// Compares two states.
///
/// # Errors
/// `NotFound` if there is no such point, and whatever the query runs into.
pub async fn run(args: DiffArgs, context: &Context) -> Result<ExitStatus> {
    let mut shell = StoreShell::open(&context.settings, None).await?;
    let (from, to) = (resolve(&mut shell, "A", &args.from)?.revision, resolve(&mut shell, "B", &args.to)?.revision);
    let format = rows::asked_format(args.format.format, context);
    let sql = sql(&args, from > to, format.is_none())?;
    if args.print_sql {
        return rows::print(&sql, context);
    }
    let count = match format {
        Some(format) => rows::query(&mut shell, &sql, format, context).await?,
        None if args.stat => print_bars(&mut shell, &sql, context).await?,
        None => print_page(&mut shell, &sql, &args, context).await?,
    };
    Ok(if args.exit_code && count > 0 { ExitStatus::No } else { ExitStatus::Done })
}

fn sql(args: &DiffArgs, is_reversed: bool, is_page: bool) -> Result<String> {
    let (a, b) = (text(&args.from), text(&args.to));
    let difference = if is_reversed { format!("(SELECT {REVERSED} FROM diff({b}, {a})) AS reversed") } else { format!("diff({a}, {b})") };
    let wanted = filtered(&conditions(&args.filter, Of::Changes)?);
    Ok(if args.stat {
        format!("SELECT resource_type, {COUNTS}\nFROM {difference}{wanted}\nGROUP BY resource_type\nORDER BY resource_type")
    } else if args.name_only {
        format!("SELECT resource_key\nFROM {difference}{wanted}\nORDER BY resource_key")
    } else {
        // A page shows no content of what is new or gone, which sorting would hold.
        let contents = if is_page { UPDATED_CONTENTS } else { "before, after, revision, changed_at" };
        let columns = format!("change, resource_key, name, changed_paths, {contents}");
        format!("SELECT {columns}\nFROM {difference}{wanted}\nORDER BY resource_key")
    })
}

async fn print_bars(shell: &mut StoreShell, sql: &str, context: &Context) -> Result<u64> {
    let types = collect(shell, sql, Counts::of).await?;
    if !types.is_empty() {
        context.printer.data(&bars(&types, Pen::of(context.printer)))?;
    }
    Ok(types.len() as u64)
}

async fn print_page(shell: &mut StoreShell, sql: &str, args: &DiffArgs, context: &Context) -> Result<u64> {
    let pen = Pen::of(context.printer);
    print_each(shell, sql, context.printer, |row, out| {
        if args.name_only {
            out.push_str(&printable(row.text("resource_key")));
            out.push('\n');
        } else {
            out.push_str(&headline(row, pen));
            out.push('\n');
            write_details(row, args.filter.path.as_deref(), pen, out);
        }
    })
    .await
}
