//! `elava bisect`

use crate::cli::args::BisectArgs;
use crate::cli::shell::StoreShell;
use crate::cli::verbs::bisection::{Bisection, Flip};
use crate::cli::verbs::change::{headline, write_details};
use crate::cli::verbs::pen::{Ink, Pen};
use crate::cli::verbs::row::{Row, print_each};
use crate::cli::verbs::sql::text;
use crate::cli::verbs::{resolve, rows};
use crate::cli::{Context, ExitStatus};
use crate::error::{Error, Result};
use crate::model::Revision;

/// Finds where a query begins, or ceases, to return rows.
///
/// # Errors
/// `Invalid` if the points are in the wrong order, `NotFound` if one is not there, and whatever the query runs into.
pub async fn run(args: BisectArgs, context: &Context) -> Result<ExitStatus> {
    let mut shell = StoreShell::open(&context.settings, None).await?;
    let from = match &args.from {
        Some(point) => resolve(&mut shell, "--from", point)?.revision,
        None => shell.session().view().floor(),
    };
    let to = resolve(&mut shell, "--to", &args.to)?.revision;
    if from > to {
        return Err(Error::invalid(format!("--from is revision {from} and --to is revision {to}; from must not be above to")));
    }
    let mut bisection = Bisection::new(&mut shell, &args.sql);
    let (before, after) = (bisection.holds(from).await?, bisection.holds(to).await?);
    let flips = match args.all {
        true => bisection.flips(from, to).await?,
        false if before != after => vec![bisection.flip(from, to).await?],
        false => Vec::new(),
    };
    let queries = bisection.queries();
    if flips.is_empty() {
        context.printer.say(&unchanged(from, to, before, args.all));
        return Ok(ExitStatus::No);
    }
    let sql = sql(&flips, &mut shell);
    if args.print_sql {
        return rows::print(&sql, context);
    }
    match rows::asked_format(args.format.format, context) {
        Some(format) => rows::query(&mut shell, &sql, format, context).await?,
        None => {
            let pen = Pen::of(context.printer);
            print_each(&mut shell, &sql, context.printer, |row, page| write_flip(row, args.all, pen, page)).await?
        }
    };
    context.printer.say(&format!("{queries} queries between revisions {from} and {to}"));
    Ok(ExitStatus::Done)
}

fn unchanged(from: Revision, to: Revision, holds: bool, all: bool) -> String {
    let told = if holds { "returns rows" } else { "returns no rows" };
    if all {
        return format!("the query {told} at the end of every scan between revisions {from} and {to}");
    }
    format!(
        "the query {told} at revision {from} and at revision {to}: nothing to halve; --all looks at the end of every scan in between, --from and --to choose other points"
    )
}

/// What changed at each of the revisions, if a resource did.
fn sql(flips: &[Flip], shell: &mut StoreShell) -> String {
    let view = shell.session().view();
    let value = |flip: &Flip| format!("({}, {}, {})", flip.revision, flip.holds, text(&view.time_of(flip.revision).to_string()));
    let values = flips.iter().map(value).collect::<Vec<_>>().join(",\n    ");
    let revisions = || flips.iter().map(|flip| flip.revision);
    let (first, last) = (revisions().min().unwrap_or_default(), revisions().max().unwrap_or_default());
    let listed = revisions().map(|revision| revision.to_string()).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT flip.revision, flip.holds, CAST(flip.at AS TIMESTAMP) AS at, scan_id, change, resource_key, name, changed_paths, before, after\n\
         FROM (VALUES\n    {values}\n) AS flip (revision, holds, at)\n\
         LEFT JOIN (SELECT * FROM changes({}, {last}) WHERE revision IN ({listed})) AS made ON made.revision = flip.revision\n\
         ORDER BY flip.revision",
        first - 1
    )
}

fn write_flip(row: Row<'_>, is_short: bool, pen: Pen, page: &mut String) {
    let holds = row.text("holds") == "true";
    let (told, ink) = if holds { ("returns rows from", Ink::Changed) } else { ("returns no rows from", Ink::Added) };
    let revision = pen.write(Ink::Strong, &format!("revision {}", row.text("revision")));
    let scan = row.get("scan_id").map_or_else(String::new, |scan| format!(", {scan}"));
    page.push_str(&format!("{} {revision} on, {}{scan}\n", pen.write(ink, told), row.text("at")));
    if row.get("change").is_none() {
        page.push_str("  no resource changed then: the query depends on something else, such as scans, coverage or elava_now()\n");
        return;
    }
    if is_short {
        page.push_str("  ");
    }
    page.push_str(&headline(row, pen));
    page.push('\n');
    if !is_short {
        write_details(row, None, pen, page);
    }
}
