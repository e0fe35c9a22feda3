//! `elava backup` and `elava restore`

use crate::cli::args::{BackupArgs, RestoreArgs};
use crate::cli::progress::Progress;
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, Result};
use crate::store::{self, BackupOptions, BackupReport};

/// Copies the store, or what is new in it.
///
/// # Errors
/// As [`store::backup`].
pub async fn backup(args: BackupArgs, context: &Context) -> Result<ExitStatus> {
    let from = open::backend(&context.settings).await?;
    let to = open::backend(&context.settings.at(&args.to, "TO")?).await?;
    let bar = Progress::bytes(context.printer, "copying");
    let progress = |copied, total| bar.set(copied, Some(total));
    let report = store::backup(from, to, &BackupOptions { prune: args.prune, progress: Some(&progress) }).await;
    drop(bar);
    tell(context, &report?, &args.to, args.json)
}

/// Makes a store of a backup.
///
/// # Errors
/// As [`store::restore`].
pub async fn restore(args: RestoreArgs, context: &Context) -> Result<ExitStatus> {
    let from = open::backend(&context.settings.at(&args.from, "FROM")?).await?;
    let to = open::backend(&context.settings).await?;
    let bar = Progress::bytes(context.printer, "copying");
    let progress = |copied, total| bar.set(copied, Some(total));
    let report = store::restore(from, to, Some(&progress)).await;
    drop(bar);
    tell(context, &report?, &context.settings.store.value.to_string(), args.json)
}

fn tell(context: &Context, report: &BackupReport, place: &str, json: bool) -> Result<ExitStatus> {
    let text = if json {
        let json = serde_json::to_string(report).map_err(|error| Error::internal("encode the report").with_source(error))?;
        format!("{json}\n")
    } else {
        for_people(report, place)
    };
    context.printer.data(&text)?;
    Ok(ExitStatus::Done)
}

fn for_people(report: &BackupReport, place: &str) -> String {
    let (segments, files, bytes) = (report.segments, report.files, report.bytes);
    let copied = match report.bytes {
        0 => "nothing was missing".to_owned(),
        _ => format!("copied {segments} segments and {files} files, {bytes} bytes"),
    };
    let pruned = if report.pruned > 0 { format!("removed {} objects that it does not need\n", report.pruned) } else { String::new() };
    format!("{copied}\n{pruned}{place} holds all up to revision {}, head hash {}\n", report.head, report.head_hash)
}
