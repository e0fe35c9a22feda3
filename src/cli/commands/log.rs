//! `elava log`

use crate::cli::args::LogArgs;
use crate::cli::shell::StoreShell;
use crate::cli::verbs::change::{headline, mark, named, summary};
use crate::cli::verbs::filter::{self, Of, conditions};
use crate::cli::verbs::pen::{Ink, Pen};
use crate::cli::verbs::row::{Row, collect, print_each};
use crate::cli::verbs::sql::{filtered, limited, text};
use crate::cli::verbs::stat::{COUNTS, Counts, bars};
use crate::cli::verbs::{resolve, resource, rows};
use crate::cli::{Context, ExitStatus};
use crate::error::{Error, Result};

/// A screen of rows: what a person looks at first is the newest.
const ROWS_DEFAULT: u64 = 20;

/// What is told of.
enum Subject {
    /// The versions of the resource with this key.
    Versions(String),
    /// Changes of all resources.
    Changes,
    /// Scans.
    Scans,
    /// How much scans changed.
    Counts,
}

/// Shows scans, the changes that pass a filter, or the versions of one resource, newest first.
///
/// # Errors
/// `NotFound` if there is no such resource or point, and whatever the query runs into.
pub async fn run(args: LogArgs, context: &Context) -> Result<ExitStatus> {
    let format = rows::format(&args.format, context);
    let is_page = args.oneline || (args.stat && rows::asked_format(args.format.format, context).is_none());
    let limit = args.limit.or((is_page || format.is_for_people()).then_some(ROWS_DEFAULT));
    let mut shell = StoreShell::open(&context.settings, None).await?;
    let subject = subject(&args, &mut shell).await?;
    let sql = sql(&subject, &args, limit, &mut shell)?;
    if args.print_sql {
        return rows::print(&sql, context);
    }
    let count = match (&subject, is_page) {
        (_, false) => rows::query(&mut shell, &sql, format, context).await?,
        (Subject::Counts, true) => print_counts(&mut shell, &sql, context).await?,
        (subject, true) => print_lines(&mut shell, &sql, subject, args.filter.path.as_deref(), context).await?,
    };
    // Scans that changed nothing have no bars, and count too.
    let told = if matches!(subject, Subject::Counts) { shell.snapshot().scan_ends().len() as u64 } else { count };
    if let Some(limit) = limit.filter(|limit| args.limit.is_none() && told >= *limit) {
        context.printer.say(&format!("the newest {limit}; --limit shows more"));
    }
    Ok(ExitStatus::Done)
}

async fn subject(args: &LogArgs, shell: &mut StoreShell) -> Result<Subject> {
    Ok(match &args.resource {
        Some(name) => Subject::Versions(resource::find(shell, name, "head").await?),
        None if args.stat => Subject::Counts,
        None if filter::is_empty(&args.filter) => Subject::Scans,
        None => Subject::Changes,
    })
}

/// The range that is asked for, if it is one.
fn check_range(args: &LogArgs, shell: &mut StoreShell) -> Result<()> {
    let mut revision = |place: &str, point: &Option<String>| point.as_ref().map(|point| resolve(shell, place, point)).transpose();
    if let (Some(since), Some(until)) = (revision("--since", &args.since)?, revision("--until", &args.until)?)
        && since.revision > until.revision
    {
        let (since, until) = (since.revision, until.revision);
        return Err(Error::invalid(format!("--since is revision {since} and --until is revision {until}; since must not be above until")));
    }
    Ok(())
}

fn sql(subject: &Subject, args: &LogArgs, limit: Option<u64>, shell: &mut StoreShell) -> Result<String> {
    check_range(args, shell)?;
    let limit = limited(limit);
    Ok(match subject {
        Subject::Versions(key) => {
            let mut wanted = conditions(&args.filter, Of::Versions)?;
            for (place, operator, point) in [("--since", ">", &args.since), ("--until", "<=", &args.until)] {
                if let Some(point) = point {
                    wanted.push(format!("valid_from_revision {operator} {}", resolve(shell, place, point)?.revision));
                }
            }
            let columns =
                "valid_from, valid_from_revision, change, state, name, changed_paths, valid_to, valid_to_revision, ended_by, resource_key";
            let wanted = filtered(&wanted);
            format!("SELECT {columns}\nFROM history({}){wanted}\nORDER BY valid_from_revision DESC{limit}", text(key))
        }
        Subject::Changes => {
            let columns = "revision, changed_at, change, resource_type, resource_id, name, changed_paths, scan_id, resource_key";
            let (changes, wanted) = (changes(args, shell)?, filtered(&conditions(&args.filter, Of::Changes)?));
            format!("SELECT {columns}\nFROM {changes}{wanted}\nORDER BY revision DESC{limit}")
        }
        Subject::Scans => {
            let columns = "scan_id, started_at, status, created, updated, deleted, unchanged, late, errors, first_revision, last_revision";
            format!("SELECT {columns}\n{}{limit}", newest_scans(args, shell)?)
        }
        Subject::Counts => {
            let scans = format!("(SELECT scan_id, started_at {}{limit}) AS scan", newest_scans(args, shell)?).replace('\n', " ");
            let (changes, wanted) = (changes(args, shell)?, filtered(&conditions(&args.filter, Of::Changes)?));
            format!(
                "SELECT scan.scan_id, scan.started_at, resource_type, {COUNTS}\nFROM {changes} AS change JOIN {scans} ON scan.scan_id = change.scan_id{wanted}\n\
                 GROUP BY scan.scan_id, scan.started_at, resource_type\nORDER BY scan.started_at DESC, scan.scan_id DESC, resource_type"
            )
        }
    })
}

fn changes(args: &LogArgs, shell: &mut StoreShell) -> Result<String> {
    let since = match &args.since {
        Some(point) => text(point),
        None => shell.session().view().floor().to_string(),
    };
    Ok(format!("changes({since}, {})", text(args.until.as_deref().unwrap_or("head"))))
}

/// A scan lies in a range of points if it began in it.
fn newest_scans(args: &LogArgs, shell: &mut StoreShell) -> Result<String> {
    let mut wanted = Vec::new();
    for (place, operator, point) in [("--since", ">", &args.since), ("--until", "<=", &args.until)] {
        if let Some(point) = point {
            let resolved = resolve(shell, place, point)?;
            let time = resolved.time.unwrap_or_else(|| shell.session().view().time_of(resolved.revision));
            wanted.push(format!("started_at {operator} {}", text(&time.to_string())));
        }
    }
    Ok(format!("FROM scans{}\nORDER BY started_at DESC, scan_id DESC", filtered(&wanted)))
}

/// A line for each row.
async fn print_lines(shell: &mut StoreShell, sql: &str, subject: &Subject, path: Option<&str>, context: &Context) -> Result<u64> {
    let (pen, width) = (Pen::of(context.printer), shell.snapshot().head().to_string().len());
    let line =
        |revision: &str, at: &str, rest: &str| format!("{}  {at}  {rest}\n", pen.write(Ink::Changed, &format!("{revision:>width$}")));
    print_each(shell, sql, context.printer, |row, out| match subject {
        Subject::Scans | Subject::Counts => {
            out.push_str(&line(row.get("last_revision").unwrap_or("-"), row.text("started_at"), &scan(row, pen)));
        }
        Subject::Changes => {
            out.push_str(&line(row.text("revision"), row.text("changed_at"), &(headline(row, pen) + &summary(row, path, pen))))
        }
        Subject::Versions(_) => {
            if row.get("ended_by") == Some("deleted") {
                let gone = named(row, pen, &pen.write(Ink::Removed, "-"));
                out.push_str(&line(row.text("valid_to_revision"), row.text("valid_to"), &gone));
            }
            out.push_str(&line(row.text("valid_from_revision"), row.text("valid_from"), &(headline(row, pen) + &summary(row, path, pen))));
        }
    })
    .await
}

/// `+14 ~0 -5  complete  nightly-1`
fn scan(row: Row<'_>, pen: Pen) -> String {
    let counts = ["created", "updated", "deleted"].map(|change| {
        let (sign, ink) = mark(change);
        let count = row.number(change);
        let text = format!("{sign}{count:<4}");
        if count == 0 { pen.write(Ink::Quiet, &text) } else { pen.write(ink, &text) }
    });
    format!("{}  {:8}  {}", counts.join(" "), row.text("status"), pen.write(Ink::Strong, row.text("scan_id")))
}

/// Bars for each scan that changed something; returns how many do.
async fn print_counts(shell: &mut StoreShell, sql: &str, context: &Context) -> Result<u64> {
    let pen = Pen::of(context.printer);
    let told = |row: Row<'_>| ([row.text("scan_id").to_owned(), row.text("started_at").to_owned()], Counts::of(row));
    let counts = collect(shell, sql, told).await?;
    let scans = counts.chunk_by(|(before, _), (after, _)| before == after);
    let mut page = String::new();
    let mut count = 0;
    for types in scans {
        if let Some(([scan_id, started_at], _)) = types.first() {
            let gap = if count > 0 { "\n" } else { "" };
            page.push_str(&format!("{gap}{}  {started_at}\n", pen.write(Ink::Strong, scan_id)));
        }
        let types: Vec<Counts> = types.iter().map(|(_, counts)| counts.clone()).collect();
        page.push_str(&bars(&types, pen));
        count += 1;
    }
    context.printer.data(&page)?;
    Ok(count)
}
