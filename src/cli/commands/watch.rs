//! `elava watch`

use std::io::{self, Write};
use std::time::Duration;

use crate::cli::args::WatchArgs;
use crate::cli::output::{OutputFormat, OutputOptions, write_results};
use crate::cli::shell::{StoreShell, from_output};
use crate::cli::signals::Signals;
use crate::cli::verbs::change::{headline, summary};
use crate::cli::verbs::filter::{Of, conditions};
use crate::cli::verbs::pen::{Ink, Pen};
use crate::cli::verbs::row::{Row, collect};
use crate::cli::verbs::sql::{filtered, text};
use crate::cli::verbs::{resolve, rows};
use crate::cli::{Context, ExitStatus};
use crate::error::{Error, Result};
use crate::model::Revision;
use crate::query::Point;

/// Revisions that are looked through at once for changes that pass the filters.
const STEP_REVISIONS: Revision = 262_144;
/// Changes that are printed at once: each is sorted in memory with its payload, which may be some tens of kilobytes.
const CHANGES_AT_ONCE: usize = 512;

/// Prints changes as they are committed, until a signal or the last point.
///
/// # Errors
/// `NotFound` if there is no such point, and whatever the query runs into.
pub async fn run(args: WatchArgs, context: &Context) -> Result<ExitStatus> {
    let mut signals = Signals::new()?;
    let mut shell = StoreShell::open(&context.settings, None).await?;
    let wanted = filtered(&conditions(&args.filter, Of::Changes)?);
    let until = args.until.as_deref().map(|point| last(&mut shell, point)).transpose()?;
    let mut at = resolve(&mut shell, "--from", &args.from)?.revision;
    if args.print_sql {
        return rows::print(&sql(&text(&args.from), &text(args.until.as_deref().unwrap_or("head")), &wanted), context);
    }
    let mut reader = Reader { out: context.printer.stdout(), is_gone: false };
    loop {
        let target = shell.snapshot().head().min(until.unwrap_or(Revision::MAX));
        while at < target {
            let next = target.min(at.saturating_add(STEP_REVISIONS));
            for end in ends(&mut shell, at, next, &wanted).await? {
                print(&mut shell, &sql(&at.to_string(), &end.to_string(), &wanted), &args, &mut reader, context).await?;
                at = end;
                // What is behind is read anew for each of them, so that no snapshot outlives the grace period.
                shell.refresh().await?;
                if reader.is_gone || was_asked_to_end(&mut signals, Duration::ZERO).await {
                    return Ok(ended(at, reader.is_gone, context));
                }
            }
        }
        if until.is_some_and(|until| at >= until) {
            return Ok(ExitStatus::Done);
        }
        if was_asked_to_end(&mut signals, Duration::from_secs(args.interval)).await {
            return Ok(ended(at, false, context));
        }
        shell.refresh().await?;
    }
}

/// The last revision to print. One that is written as a number may be yet to come.
fn last(shell: &mut StoreShell, point: &str) -> Result<Revision> {
    match Point::parse(point) {
        Ok(Point::Revision(revision)) => Ok(revision),
        _ => Ok(resolve(shell, "--until", point)?.revision),
    }
}

/// Where to stop on the way from one revision to another: after each of the changes that are printed at once, and at the end.
async fn ends(shell: &mut StoreShell, after: Revision, until: Revision, wanted: &str) -> Result<Vec<Revision>> {
    let found: Vec<[String; 1]> =
        shell.texts(&format!("SELECT revision FROM changes({after}, {until}){wanted}\nORDER BY revision")).await?;
    let revisions: Vec<Revision> = found.iter().flatten().filter_map(|revision| revision.parse().ok()).collect();
    let mut ends: Vec<Revision> = revisions.chunks(CHANGES_AT_ONCE).filter_map(|chunk| chunk.last()).copied().collect();
    ends.push(until);
    ends.dedup();
    Ok(ends)
}

fn sql(from: &str, to: &str, wanted: &str) -> String {
    format!("SELECT *\nFROM changes({from}, {to}){wanted}\nORDER BY revision")
}

async fn print(shell: &mut StoreShell, sql: &str, args: &WatchArgs, reader: &mut Reader, context: &Context) -> Result<()> {
    if args.oneline {
        let pen = Pen::of(context.printer);
        let path = args.filter.path.as_deref();
        let line = |row: Row<'_>| {
            let revision = pen.write(Ink::Changed, row.text("revision"));
            format!("{revision}  {}  {}{}\n", row.text("changed_at"), headline(row, pen), summary(row, path, pen))
        };
        return reader.print(&collect(shell, sql, line).await?.concat());
    }
    let options = OutputOptions { format: OutputFormat::Ndjson, nested: args.nested, ..OutputOptions::default() };
    let rows = shell.session().execute(sql).await?;
    write_results(rows.into_inner(), &options, reader).await.map_err(from_output)?;
    Ok(())
}

/// Waits, and tells whether a signal came meanwhile.
async fn was_asked_to_end(signals: &mut Signals, wait: Duration) -> bool {
    tokio::select! {
        biased;
        () = signals.next() => true,
        () = tokio::time::sleep(wait) => false,
    }
}

fn ended(at: Revision, is_unread: bool, context: &Context) -> ExitStatus {
    if !is_unread {
        context.printer.say(&format!("ended after revision {at}; --from {at} goes on from there"));
    }
    ExitStatus::Done
}

/// stdout, which remembers that nobody reads it any more.
struct Reader {
    out: io::Stdout,
    is_gone: bool,
}

impl Reader {
    /// Prints text; that nobody reads it is no error.
    fn print(&mut self, text: &str) -> Result<()> {
        match self.write_all(text.as_bytes()).and_then(|()| self.flush()) {
            Err(error) if !self.is_gone => Err(Error::unavailable("write to standard output").with_source(error)),
            _ => Ok(()),
        }
    }

    fn heard<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.is_gone |= matches!(&result, Err(error) if error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.heard(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.heard(flushed)
    }
}
