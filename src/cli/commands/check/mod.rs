//! `elava check`

mod ask;
pub(in crate::cli) mod given;
mod list;
mod rows;
mod table;

use crate::analysis::outcome::{Outcome, Severity, Status};
use crate::analysis::report;
use crate::cli::args::{CheckArgs, CheckFormat, FailOn};
use crate::cli::output::OutputFormat;
use crate::cli::verbs;
use crate::cli::{Context, ExitStatus};
use crate::error::Result;

pub(in crate::cli) use ask::{Ask, Asked};

/// Runs checks and writes what they came to.
///
/// # Errors
/// `NotFound` for a name that is no pack and no check; `Invalid` for a pack that cannot be read; the store or stdout refuses.
pub async fn run(args: CheckArgs, context: &Context) -> Result<ExitStatus> {
    let settings = &context.settings;
    let packs = given::packs(settings, &args.pack_dir, &args.parameter)?;
    let checks = given::chosen(&packs, settings, &args.names, args.severity)?;
    let format = args.format.unwrap_or(CheckFormat::Table);
    if args.list {
        return list::run(&packs, &checks, format, context);
    }
    if args.print_sql {
        let sql = checks.iter().map(|check| packs.written(check)).collect::<Result<Vec<_>>>()?;
        return verbs::rows::print(&sql.join(";\n\n"), context);
    }
    let extent = match (args.between, args.and, args.as_of) {
        (Some(from), Some(to), _) => Asked::Between { from, to },
        (_, _, Some(at)) => Asked::AsOf(at),
        _ => Asked::Present,
    };
    let (record, resolves_removed) = (!args.no_record, args.resolve_removed);
    let ask = Ask { packs: &packs, checks, extent, condition: args.condition, record, resolves_removed };
    let outcome = ask.run(settings).await?;
    let per_check = if outcome.checks.len() == 1 { settings.max_rows.value } else { table::PER_CHECK };
    write(&outcome, format, per_check, context).await?;
    if outcome.status() == Status::Skipped {
        context.printer.warn("nothing was checked: no scan has listed what these checks are about, or their parameters have no value");
    }
    if !outcome.removed.is_empty() {
        context.printer.say(&removed(&outcome, resolves_removed));
    }
    Ok(status(&outcome, args.fail_on))
}

/// What is said of findings of checks that are not there any more.
fn removed(outcome: &Outcome, is_resolved: bool) -> String {
    let checks: Vec<String> = outcome.removed.iter().map(|(id, findings)| format!("{id} {findings}")).collect();
    let what = if is_resolved { "resolved" } else { "not resolved, and --resolve-removed resolves them" };
    format!("findings of checks that no pack has any more ({}) are {what}", checks.join(", "))
}

async fn write(outcome: &Outcome, format: CheckFormat, per_check: usize, context: &Context) -> Result<()> {
    let printer = context.printer;
    match format {
        CheckFormat::Table => {
            let options = table::Options { width: printer.width(), color: printer.uses_color(), per_check };
            printer.data(&table::of(outcome, &options))
        }
        CheckFormat::Json => printer.data(&report::json(outcome)?),
        CheckFormat::Ndjson => rows::write(outcome, OutputFormat::Ndjson, context).await,
        CheckFormat::Csv => rows::write(outcome, OutputFormat::Csv, context).await,
        CheckFormat::Sarif => printer.stream(|out| report::write(outcome, report::Format::Sarif, out)),
        CheckFormat::Junit => printer.stream(|out| report::write(outcome, report::Format::Junit, out)),
        CheckFormat::Markdown => printer.stream(|out| report::write(outcome, report::Format::Markdown, out)),
    }
}

/// 2 if a check could not be run, or none was; 1 if something severe enough was found, or could not be seen.
fn status(outcome: &Outcome, fail_on: FailOn) -> ExitStatus {
    let least = match fail_on {
        FailOn::Low => Some(Severity::Low),
        FailOn::Medium => Some(Severity::Medium),
        FailOn::High => Some(Severity::High),
        FailOn::Critical => Some(Severity::Critical),
        FailOn::Never => None,
    };
    let fails = |least: Severity| outcome.worst().is_some_and(|worst| worst >= least);
    if outcome.count(Status::Error) > 0 || outcome.count(Status::Skipped) == outcome.checks.len() {
        ExitStatus::Failed
    } else if least.is_some_and(fails) {
        ExitStatus::No
    } else {
        ExitStatus::Done
    }
}
