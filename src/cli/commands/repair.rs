//! `elava repair`

use std::sync::Arc;

use serde::Serialize;

use crate::cli::args::RepairArgs;
use crate::cli::progress::Progress;
use crate::cli::{Context, ExitStatus, open};
use crate::clock::SystemClock;
use crate::error::{Error, Result};
use crate::store::{Cure, Diagnosis, Repaired, VerifyOptions, VerifyReport, diagnose, repair, verify_with};

/// Says what would help, or does what is told and looks again.
///
/// # Errors
/// As [`diagnose`] and [`repair`].
pub async fn run(args: RepairArgs, context: &Context) -> Result<ExitStatus> {
    let backend = open::backend(&context.settings).await?;
    let spinner = Progress::spinner(context.printer, "looking at all of the store");
    let Some(cure) = cure(&args, context).await? else {
        let diagnosis = diagnose(backend).await;
        drop(spinner);
        return tell_diagnosis(&diagnosis?, args.json, context);
    };
    let outcome = match repair(Arc::clone(&backend), Arc::new(SystemClock), &cure).await {
        Ok(done) => verify_with(backend, &VerifyOptions { deep: true, ..VerifyOptions::default() }).await.map(|report| (done, report)),
        Err(error) => Err(error),
    };
    drop(spinner);
    let ((repaired, recorded), report) = outcome?;
    tell_repair(&Outcome { repaired, recorded, report }, args.json, context)
}

async fn cure(args: &RepairArgs, context: &Context) -> Result<Option<Cure>> {
    Ok(match args {
        RepairArgs { from: Some(from), .. } => Some(Cure::FromBackup(open::backend(&context.settings.at(from, "--from")?).await?)),
        RepairArgs { rebuild_tables: true, .. } => Some(Cure::RebuildTables),
        RepairArgs { drop_manifest: Some(number), .. } => Some(Cure::DropManifest(*number)),
        _ => None,
    })
}

#[derive(Serialize)]
struct Outcome {
    repaired: Repaired,
    recorded: bool,
    report: VerifyReport,
}

fn encode(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string(value).map_err(|error| Error::internal("encode the report").with_source(error))?;
    Ok(format!("{json}\n"))
}

fn tell_diagnosis(diagnosis: &Diagnosis, json: bool, context: &Context) -> Result<ExitStatus> {
    context.printer.data(&if json { encode(diagnosis)? } else { diagnosis_for_people(diagnosis) })?;
    Ok(if diagnosis.report.damage.is_empty() { ExitStatus::Done } else { ExitStatus::No })
}

fn diagnosis_for_people(diagnosis: &Diagnosis) -> String {
    if diagnosis.report.damage.is_empty() {
        return "nothing is wrong with the store\n".to_owned();
    }
    let mut text: String = diagnosis.report.damage.iter().map(|damage| format!("damage: {damage}\n")).collect();
    if diagnosis.can_rebuild {
        text.push_str("--rebuild-tables would help: the log is whole, all tables can be made from it; nothing is lost\n");
    }
    for number in &diagnosis.can_drop {
        text.push_str(&format!("--drop-manifest {number} would help: what it told can be made from what is left; nothing is lost\n"));
    }
    if diagnosis.needs_backup.is_empty() {
        text.push_str("--from BACKUP would help too, if the backup has what is damaged\n");
    }
    for damage in &diagnosis.needs_backup {
        let lost = match (damage.first_revision, damage.last_revision) {
            (Some(first), Some(last)) if first < last => format!("; without one, revisions {first} to {last} are lost"),
            (Some(first), Some(last)) if first == last => format!("; without one, revision {first} is lost"),
            _ => String::new(),
        };
        text.push_str(&format!("--from BACKUP would help with {}, if the backup has it{lost}\n", damage.object));
    }
    text.push_str("nothing was altered\n");
    text
}

fn tell_repair(outcome: &Outcome, json: bool, context: &Context) -> Result<ExitStatus> {
    context.printer.data(&if json { encode(outcome)? } else { outcome_for_people(outcome) })?;
    Ok(if outcome.report.is_sound() { ExitStatus::Done } else { ExitStatus::No })
}

fn outcome_for_people(outcome: &Outcome) -> String {
    let written = outcome.repaired.written.iter().map(|name| format!("wrote {name}\n"));
    let removed = outcome.repaired.removed.iter().map(|name| format!("removed {name}\n"));
    let mut text: String = written.chain(removed).collect();
    text.push_str(if outcome.recorded { "this is in the log\n" } else { "this could not be written into the log\n" });
    text.extend(outcome.report.damage.iter().map(|damage| format!("damage: {damage}\n")));
    text.push_str(match outcome.report.damage.is_empty() {
        true => "the store is sound\n",
        false => "the store is still damaged\n",
    });
    text
}
