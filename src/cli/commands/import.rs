//! `elava import`

use crate::cli::args::{ImportArgs, ImportFormat};
use crate::cli::progress::Progress;
use crate::cli::{Context, ExitStatus, open};
use crate::error::Result;
use crate::ingest::{Format, ImportEvent, ImportOptions, ImportReport, Source, import};
use crate::model::Timestamp;
use crate::store::{ChangeCounts, Writer};

/// Imports files.
///
/// # Errors
/// A bad line, with its file and number; the store or a file refuses.
pub async fn run(args: ImportArgs, context: &Context) -> Result<ExitStatus> {
    let at = args.at.as_deref().map(Timestamp::parse).transpose().map_err(|error| error.context("--at"))?;
    let options = ImportOptions {
        format: match args.format {
            ImportFormat::Ndjson => Format::Ndjson,
            ImportFormat::AwsCli => Format::AwsCli,
            ImportFormat::AwsConfig => Format::AwsConfig,
        },
        complete: args.complete,
        at,
        account: args.account,
        region: args.region,
        lift: args.lift,
        redact: !args.no_redact,
    };
    let sources = args.files.iter().map(|file| Source::argument(file)).collect();
    let writer = open::writer(&context.settings).await?;
    let report = import_with_progress(&writer, sources, &options, context, Talk::Batches).await;
    // What was committed by an import that failed is compacted too.
    let settled = writer.settle().await;
    let report = report?;
    settled?;
    context.printer.say(&in_words(&report));
    Ok(ExitStatus::Done)
}

/// What is said during an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Each batch.
    Batches,
    /// Nothing: what is imported is known.
    Nothing,
}

/// Imports sources, with a bar on a terminal.
///
/// # Errors
/// As [`import`].
pub async fn import_with_progress(
    writer: &Writer,
    sources: Vec<Source>,
    options: &ImportOptions,
    context: &Context,
    talk: Talk,
) -> Result<ImportReport> {
    let bar = Progress::bytes(context.printer, "importing");
    let mut tell = |event: ImportEvent| match event {
        ImportEvent::Progress { read, total } => bar.set(read, total),
        _ if talk == Talk::Nothing => {}
        ImportEvent::Warning(text) => bar.warn(&text),
        ImportEvent::Committed { scan_id, first_revision, last_revision } => {
            bar.say(&format!("scan {scan_id}: revisions {first_revision}..{last_revision}"));
        }
        ImportEvent::Skipped { scan_id } => bar.say(&format!("scan {scan_id}: in the store already, skipped")),
        ImportEvent::Continued { scan_id, lines } => bar.say(&format!("scan {scan_id}: continued after {lines} observations")),
    };
    import(writer, sources, options, &mut tell).await
}

/// `2 scans: 5 created, 1 deleted`; what is zero is not said.
fn in_words(report: &ImportReport) -> String {
    let scans = [(report.completed, "completed"), (report.failed, "failed"), (report.skipped, "skipped")];
    let scans = listed(&scans.map(|(count, what)| (count.cast_signed(), what)));
    format!("scans: {}; resources: {}", if scans.is_empty() { "none" } else { &scans }, changes_in_words(&report.counts))
}

/// `5 created, 1 deleted`; what is zero is not said.
pub(super) fn changes_in_words(counts: &ChangeCounts) -> String {
    let changes = listed(&[
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.deleted, "deleted"),
        (counts.unchanged, "unchanged"),
        (counts.late, "late"),
    ]);
    if changes.is_empty() { "nothing written".to_owned() } else { changes }
}

/// `2 completed, 1 failed`; what is zero is not said.
pub(super) fn listed(counts: &[(i64, &str)]) -> String {
    let said = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    said.collect::<Vec<_>>().join(", ")
}
