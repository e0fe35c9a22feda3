//! `elava demo`: a store of its own, and a tour of what a history can answer.

use std::fs;
use std::io::{self, Cursor};
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::import::{Talk, import_with_progress};
use crate::cli::args::DemoArgs;
use crate::cli::output::{OutputOptions, write_results};
use crate::cli::progress::Progress;
use crate::cli::resolve::{Origin, Place};
use crate::cli::shell::{StoreShell, from_output};
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, ErrorKind, Result};
use crate::ingest::{ImportOptions, Source};
use crate::store::{CompactOptions, LocalBackend, Store};

/// Sixty days of a made-up estate; `data/README.md` tells the story.
static DATA: &[u8] = include_bytes!("../../../data/demo.ndjson.zst");
static TOUR: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sql/tour");
/// A store that holds this scan is a demo.
const FIRST_SCAN: &str = "demo-2026-09-01T02";
/// Rows of each answer: the tour is read in a minute.
const ROWS_SHOWN: usize = 4;
/// Columns of a terminal that is none.
const WIDTH_DEFAULT: usize = 120;

/// Makes the demo store, if it is not there, and shows the tour.
///
/// # Errors
/// `Conflict` if the folder holds something else; the folder cannot be written.
pub async fn run(args: DemoArgs, mut context: Context) -> Result<ExitStatus> {
    let queries = queries()?;
    if args.print_sql {
        let texts: Vec<&str> = queries.iter().map(|query| query.text).collect();
        context.printer.data(&texts.join("\n"))?;
        return Ok(ExitStatus::Done);
    }
    let folder = &args.folder;
    context.settings.store.value = Place::Folder(folder.clone());
    context.settings.store.origin = Origin::Flag("DIR");
    context.settings.file = crate::settings::FileSettings::default();
    if !is_empty(folder)? && !is_demo(folder).await {
        return Err(Error::new(ErrorKind::Conflict, format!("{} is not empty and holds no demo", folder.display()))
            .with_hint("name another folder: elava demo DIR"));
    }
    let writer = open::writer(&context.settings).await?;
    let sources = vec![Source::reader("the demo", Cursor::new(DATA))];
    import_with_progress(&writer, sources, &ImportOptions::default(), &context, Talk::Nothing).await?;
    let spinner = Progress::spinner(context.printer, "compacting");
    writer.compact(CompactOptions::default()).await?;
    drop(spinner);

    let mut shell = StoreShell::open(&context.settings, None).await?;
    let snapshot = shell.snapshot();
    let (head, scans) = (snapshot.head(), snapshot.scan_ends().len());
    context
        .printer
        .data(&format!("Sixty days of a made-up AWS estate: {scans} scans, {head} observations. What its history can tell:\n"))?;
    for (number, query) in (1..).zip(&queries) {
        show(&mut shell, number, query, &context).await?;
    }
    let quoted = shell_word(&folder.display().to_string());
    context
        .printer
        .data(&format!("\nThe SQL of these answers:   elava demo --print-sql\nAsk your own questions:     elava --store {quoted}\n"))?;
    Ok(ExitStatus::Done)
}

/// A query of the tour.
struct Query {
    title: &'static str,
    question: &'static str,
    text: &'static str,
}

fn queries() -> Result<Vec<Query>> {
    let mut files: Vec<_> = TOUR.files().collect();
    files.sort_by_key(|file| file.path());
    let read = files.into_iter().map(|file| {
        let text = file.contents_utf8().ok_or_else(|| Error::internal(format!("{} is not UTF-8", file.path().display())))?;
        let header =
            |key: &str| text.lines().find_map(|line| line.strip_prefix("-- ")?.strip_prefix(key)?.strip_prefix(": ")).unwrap_or_default();
        Ok(Query { title: header("title"), question: header("question"), text })
    });
    read.collect()
}

async fn show(shell: &mut StoreShell, number: usize, query: &Query, context: &Context) -> Result<()> {
    let printer = context.printer;
    printer.data(&format!("\n{number}. {}\n   {}\n\n", query.title, query.question))?;
    let rows = shell.session().execute(query.text).await.map_err(|error| error.context(query.title))?;
    let width = printer.width().unwrap_or(WIDTH_DEFAULT);
    let options = OutputOptions { max_rows: ROWS_SHOWN, terminal_width: Some(width), ..OutputOptions::default() };
    let count = write_results(rows.into_inner(), &options, &mut printer.stdout()).await.map_err(from_output)?;
    match count.notice() {
        Some(notice) => printer.data(&format!("({notice})\n")),
        None => Ok(()),
    }
}

fn is_empty(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Error::unavailable(format!("read {}", folder.display())).with_source(error)),
    }
}

/// Whether a folder holds a demo, perhaps one that was interrupted.
async fn is_demo(folder: &Path) -> bool {
    let Ok(store) = Store::open(Arc::new(LocalBackend::new(folder))).await else { return false };
    let index = store.history().await.index;
    index.is_completed(FIRST_SCAN) || index.open_scans.contains_key(FIRST_SCAN)
}

/// A path as a POSIX shell reads it.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
