//! `elava show`

use crate::cli::args::ShowArgs;
use crate::cli::output::printable;
use crate::cli::shell::StoreShell;
use crate::cli::verbs::change::{named, write_details};
use crate::cli::verbs::pen::{Ink, Pen};
use crate::cli::verbs::pretty::pretty;
use crate::cli::verbs::row::{Row, collect, print_each};
use crate::cli::verbs::sql::text;
use crate::cli::verbs::{resolve, resource, rows};
use crate::cli::{Context, ExitStatus};
use crate::error::Result;
use crate::model::{ResourceKey, Revision};

/// Relationships that a page shows; a network may have thousands.
const RELATIONSHIPS_SHOWN: usize = 50;

/// Shows one resource in full.
///
/// # Errors
/// `NotFound` if there is no such resource or point, or the resource was not there at it.
pub async fn run(args: ShowArgs, context: &Context) -> Result<ExitStatus> {
    let mut shell = StoreShell::open(&context.settings, None).await?;
    resolve(&mut shell, "AT", &args.at)?;
    let key = resource::find(&mut shell, &args.resource, &args.at).await?;
    let (state, edges) = (state(&key, &args.at, shell.snapshot().floor())?, edges(&key, &args.at));
    let format = rows::asked_format(args.format.format, context);
    if args.print_sql {
        return rows::print(&if format.is_some() { state } else { format!("{state};\n\n{edges}") }, context);
    }
    let pen = Pen::of(context.printer);
    let count = match format {
        Some(format) => rows::query(&mut shell, &state, format, context).await?,
        None => print_each(&mut shell, &state, context.printer, |row, page| write_resource(row, pen, page)).await?,
    };
    if count == 0 {
        return Err(resource::absent(&mut shell, &key, &args.at).await?);
    }
    if format.is_none() {
        let lines = collect(&mut shell, &edges, |row| edge(row, &key, pen)).await?;
        print_edges(&lines, pen, context)?;
    }
    Ok(ExitStatus::Done)
}

/// The resource, and the change with which its version began, if that is not below the floor.
fn state(key: &str, at: &str, floor: Revision) -> Result<String> {
    let id = text(ResourceKey::from_stored(key)?.parts()[4]);
    let (key, at) = (text(key), text(at));
    Ok(format!(
        "SELECT resource.*, made.scan_id, made.change, made.changed_paths, made.before, made.after\nFROM resources_as_of({at}) AS resource\n\
         LEFT JOIN (SELECT * FROM changes({floor}, {at}) WHERE resource_id = {id} AND resource_key = {key}) AS made\n  \
         ON made.revision = resource.revision\nWHERE resource.resource_key = {key}"
    ))
}

/// What it refers to, and what refers to it. Two queries, so that the first reads the edges of one resource only.
fn edges(key: &str, at: &str) -> String {
    let (key, at) = (text(key), text(at));
    let edges = format!("SELECT relation, from_key, to_type, to_id, to_key\nFROM relationships_as_of({at})");
    format!(
        "{edges}\nWHERE from_key = {key}\nUNION ALL\n{edges}\nWHERE to_key = {key} AND from_key <> {key}\n\
         ORDER BY from_key <> {key}, relation, from_key, to_type, to_id\nLIMIT {}",
        RELATIONSHIPS_SHOWN + 1
    )
}

fn write_resource(row: Row<'_>, pen: Pen, page: &mut String) {
    page.push_str(&named(row, pen, &pen.write(Ink::Strong, "resource")));
    page.push('\n');
    let mut line =
        |label: &str, value: &str| page.push_str(&format!("{} {}\n", pen.write(Ink::Name, &format!("{label:12}")), printable(value)));
    line("key", row.text("resource_key"));
    for (label, column) in [("arn", "arn"), ("native type", "native_type"), ("state", "state"), ("created at", "created_at")] {
        if let Some(value) = row.get(column) {
            line(label, value);
        }
    }
    line("first seen", &format!("{}  revision {}", row.text("first_seen_at"), row.text("first_seen_revision")));
    let scan = row.get("scan_id").map_or_else(String::new, |scan| format!("  {scan}"));
    line("since", &format!("{}  revision {}{scan}", row.text("changed_at"), row.text("revision")));
    if row.get("change") == Some("updated") {
        page.push_str(&format!("{}\n", pen.write(Ink::Strong, "changed then")));
        write_details(row, None, pen, page);
    }
    for column in ["tags", "properties"] {
        let document = row.get(column).map_or_else(|| "  unknown\n".to_owned(), |json| pretty(json, "  ", pen));
        page.push_str(&format!("{}\n{document}", pen.write(Ink::Strong, column)));
    }
}

/// `  in_subnet -> aws_vpc_subnet subnet-1`, from where the resource stands.
fn edge(row: Row<'_>, key: &str, pen: Pen) -> String {
    let relation = pen.write(Ink::Name, row.text("relation"));
    if row.get("from_key") == Some(key) {
        let missing = if row.get("to_key").is_none() { pen.write(Ink::Quiet, "  not in the store") } else { String::new() };
        return format!("  {relation} -> {} {}{missing}\n", row.text("to_type"), row.text("to_id"));
    }
    let from = ResourceKey::from_stored(row.text("from_key"));
    let [.., resource_type, id] = from.as_ref().map_or([""; 5], ResourceKey::parts);
    format!("  {relation} <- {resource_type} {id}\n")
}

fn print_edges(lines: &[String], pen: Pen, context: &Context) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let shown = lines.iter().take(RELATIONSHIPS_SHOWN).map(String::as_str).collect::<String>();
    let more = if lines.len() > RELATIONSHIPS_SHOWN { "  ...\n" } else { "" };
    context.printer.data(&format!("{}\n{shown}{more}", pen.write(Ink::Strong, "relationships")))
}
