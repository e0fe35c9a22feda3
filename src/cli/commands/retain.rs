//! `elava retain`

use crate::cli::args::RetainArgs;
use crate::cli::progress::Progress;
use crate::cli::resolve::Settings;
use crate::cli::shell::StoreShell;
use crate::cli::{Context, ExitStatus, open};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::model::{Revision, TimeSpan, Timestamp};
use crate::query::Point;
use crate::store::{CompactOptions, Compacted, Holder, LogIndex, RetentionPlan, RetentionSettings, Writer};

/// Raises the floor, and removes what lies below it.
///
/// # Errors
/// `Invalid` if nothing says what is kept, `NotFound` if there is no store or no such point, `Conflict` if something held the
/// floor back at that very moment; the store cannot be written.
pub async fn run(args: RetainArgs, context: &Context) -> Result<ExitStatus> {
    let mut shell = StoreShell::open(&context.settings, None).await?;
    let asked = Asked::of(&args, &mut shell, &context.settings)?;
    if args.dry_run {
        let (snapshot, now) = (shell.snapshot(), SystemClock.now());
        let floor = asked.floor(snapshot.index(), now)?;
        tell(&RetentionPlan::new(snapshot.index(), snapshot.manifest(), floor)?, args.json, context)?;
        context.printer.say("nothing was done: that was a dry run");
        return Ok(ExitStatus::Done);
    }
    let writer = open::writer(&context.settings).await?;
    let spinner = Progress::spinner(context.printer, "removing");
    let retained = raise(&writer, &asked).await;
    drop(spinner);
    let (plan, compacted) = retained?;
    tell(&plan, args.json, context)?;
    let (bytes, hours) = (compacted.swept.bytes, CompactOptions::default().grace.as_secs() / 3600);
    if compacted.swept.objects > 0 {
        context.printer.say(&format!("removed {bytes} bytes that nothing needs"));
    }
    if plan.files > 0 {
        context.printer.say(&format!("the files go with the first compaction after {hours} hours, which readers have to finish"));
    }
    Ok(ExitStatus::Done)
}

/// Raises the floor as the settings of the store say; tells what went.
///
/// # Errors
/// As [`run`].
pub(super) async fn by_settings(writer: &Writer) -> Result<String> {
    let settings = writer.history().await?.index.settings.retention;
    let (plan, _) = raise(writer, &Asked::Settings(settings)).await?;
    let held = plan.held_by.as_ref().map_or(String::new(), |hold| format!(", held back: {hold}"));
    Ok(format!("the oldest revision is {}, {} files went{held}", plan.floor, plan.files))
}

async fn raise(writer: &Writer, asked: &Asked) -> Result<(RetentionPlan, Compacted)> {
    let history = writer.history().await?;
    let floor = asked.floor(&history.index, writer.clock().now())?;
    let plan = RetentionPlan::new(&history.index, &history.manifest, floor)?;
    if plan.raises() {
        writer.retain(&plan, &asked.in_words()).await?;
    }
    Ok((plan, writer.compact(CompactOptions::default()).await?))
}

/// What is to be kept.
enum Asked {
    Settings(RetentionSettings),
    From(Revision),
}

impl Asked {
    /// What the options say, else the settings file, else the store's own settings.
    fn of(args: &RetainArgs, shell: &mut StoreShell, settings: &Settings) -> Result<Self> {
        if let Some(point) = &args.before {
            let resolved = Point::parse(point).and_then(|point| point.resolve(&shell.session().view()));
            return Ok(Self::From(resolved.map_err(|error| error.context("--before"))?.revision));
        }
        let keep = args.keep.as_deref().map(TimeSpan::parse).transpose().map_err(|error| error.context("--keep"))?;
        Ok(Self::Settings(match (keep, args.keep_revisions) {
            (None, None) => settings.file.retention.over(shell.snapshot().index().settings.retention),
            (keep, keep_revisions) => RetentionSettings { keep, keep_revisions },
        }))
    }

    fn floor(&self, index: &LogIndex, now: Timestamp) -> Result<Revision> {
        match self {
            Self::From(revision) => Ok(*revision),
            Self::Settings(settings) => settings.floor(index, now).ok_or_else(|| {
                Error::invalid("nothing says how much is to be kept")
                    .with_hint("name it, as in `elava retain --keep 400d`, or set keep in [retention] of elava.toml")
            }),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::From(revision) => format!("before {revision}"),
            Self::Settings(settings) => settings.to_string(),
        }
    }
}

fn tell(plan: &RetentionPlan, json: bool, context: &Context) -> Result<()> {
    if json {
        let json = serde_json::to_string(plan).map_err(|error| Error::internal("encode the plan").with_source(error))?;
        return context.printer.data(&format!("{json}\n"));
    }
    context.printer.data(&for_people(plan))
}

fn for_people(plan: &RetentionPlan) -> String {
    let (revisions, epochs, files, bytes) = (plan.revisions, plan.epochs, plan.files, plan.bytes);
    let mut lines = vec![
        (
            "floor",
            match plan.raises() {
                true => format!("revision {}, before {}", plan.floor, plan.old_floor),
                false => format!("revision {}, as before", plan.floor),
            },
        ),
        ("goes", format!("{revisions} revisions; {epochs} epochs, {files} files, {bytes} bytes")),
    ];
    if let Some(hold) = &plan.held_by {
        lines.push(("held back", format!("{hold}; asked for was {}", plan.asked)));
        lines.push(("until", ends(&hold.holder)));
    }
    lines.iter().map(|(name, value)| format!("{name:<14} {value}\n")).collect()
}

/// What ends a hold.
fn ends(holder: &Holder) -> String {
    match holder {
        Holder::Tag(name) => format!("`elava tag {name} --release`"),
        Holder::Scan { .. } => {
            "it ends: the same import, run again, goes on with it, and `elava scan` ends what was not heard of for 24 hours".to_owned()
        }
    }
}
