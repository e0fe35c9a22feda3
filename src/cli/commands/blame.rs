//! `elava blame`

use crate::cli::args::BlameArgs;
use crate::cli::output::{display_width, printable, truncated};
use crate::cli::shell::StoreShell;
use crate::cli::verbs::filter::check_pointer;
use crate::cli::verbs::pen::{Ink, Pen};
use crate::cli::verbs::row::collect;
use crate::cli::verbs::sql::{filtered, text};
use crate::cli::verbs::{resolve, resource, rows};
use crate::cli::{Context, ExitStatus};
use crate::error::Result;

/// Tells what last changed each attribute of a resource.
///
/// # Errors
/// `NotFound` if there is no such resource or point, or the resource was not there at it.
pub async fn run(args: BlameArgs, context: &Context) -> Result<ExitStatus> {
    args.path.as_deref().map_or(Ok(()), check_pointer)?;
    let mut shell = StoreShell::open(&context.settings, None).await?;
    resolve(&mut shell, "AT", &args.at)?;
    let key = resource::find(&mut shell, &args.resource, &args.at).await?;
    let sql = sql(&key, &args);
    if args.print_sql {
        return rows::print(&sql, context);
    }
    let count = match rows::asked_format(args.format.format, context) {
        Some(format) => rows::query(&mut shell, &sql, format, context).await?,
        None => print_page(&mut shell, &sql, context).await?,
    };
    match &args.path {
        None if count == 0 => return Err(resource::absent(&mut shell, &key, &args.at).await?),
        Some(path) if count == 0 => context.printer.say(&format!("there is nothing at {path} at {}", args.at)),
        _ => {}
    }
    Ok(ExitStatus::Done)
}

fn sql(key: &str, args: &BlameArgs) -> String {
    let inside = |path: &String| format!("(path = {} OR starts_with(path, {}))", text(path), text(&format!("{path}/")));
    let wanted = filtered(&args.path.iter().map(inside).collect::<Vec<_>>());
    let columns = "path, value, revision, changed_at, change, scan_id";
    format!("SELECT {columns}\nFROM blame({}, {}){wanted}\nORDER BY path", text(key), text(&args.at))
}

/// A line for each attribute, in columns that fit a terminal.
async fn print_page(shell: &mut StoreShell, sql: &str, context: &Context) -> Result<u64> {
    let columns = ["revision", "changed_at", "scan_id", "path", "value"];
    let lines = collect(shell, sql, |row| columns.map(|column| printable(row.text(column)).into_owned())).await?;
    let mut widths = [0; 5];
    for line in &lines {
        widths.iter_mut().zip(line).for_each(|(width, cell)| *width = (*width).max(display_width(cell)));
    }
    if let Some(terminal) = context.printer.width() {
        fit(&mut widths, terminal);
    }
    let [revision_width, at_width, scan_width, path_width, value_width] = widths;
    let pen = Pen::of(context.printer);
    let mut page = String::new();
    for [revision, at, scan, path, value] in &lines {
        let scan = if scan_width == 0 { String::new() } else { format!("  {}", pen.write(Ink::Quiet, &padded(scan, scan_width))) };
        page.push_str(&format!(
            "{}  {at:at_width$}{scan}  {}  {}\n",
            pen.write(Ink::Changed, &format!("{revision:>revision_width$}")),
            pen.write(Ink::Name, &padded(&end_of(path, path_width), path_width)),
            truncated(value, value_width)
        ));
    }
    context.printer.data(&page)?;
    Ok(lines.len() as u64)
}

/// Narrows columns until a line fits: first the scan goes, which the revision tells too, then values and paths are cut.
fn fit(widths: &mut [usize; 5], terminal: usize) {
    let gaps = 2 * (widths.len() - 1);
    let [revision, at, scan, path, value] = widths;
    let fixed = *revision + *at + gaps;
    if fixed + *scan + *path + *value > terminal {
        *scan = 0;
    }
    let room = terminal.saturating_sub(fixed + *scan);
    *value = (*value).min(room.saturating_sub(*path).max(room / 3)).max(1);
    *path = (*path).min(room.saturating_sub(*value));
}

/// As much of the end of a path as fits, with `…` for what was cut.
fn end_of(path: &str, width: usize) -> String {
    let excess = display_width(path).saturating_sub(width);
    if excess == 0 { path.to_owned() } else { format!("…{}", path.chars().skip(excess + 1).collect::<String>()) }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(display_width(text))))
}
