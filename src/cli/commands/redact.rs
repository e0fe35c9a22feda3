//! `elava redact`

use std::sync::Arc;

use serde::Serialize;

use crate::cli::args::RedactArgs;
use crate::cli::progress::Progress;
use crate::cli::shell::StoreShell;
use crate::cli::verbs::resource;
use crate::cli::{Context, ExitStatus, open};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ResourceKey, Timestamp};
use crate::notify::Outbox;
use crate::store::{Backend, Purged, Readers, RedactionPlan, pins, purge};

/// Replaces what was recorded of a resource, and removes what held it. Exit status 1 if something of it is left in the store.
///
/// # Errors
/// `Invalid` if there is no reason, or the name stands for several resources; `NotFound` if for none; `Conflict` if a reader
/// needs files that would go; the store cannot be written.
pub async fn run(args: RedactArgs, context: &Context) -> Result<ExitStatus> {
    if args.reason.trim().is_empty() {
        return Err(Error::invalid("--reason is empty: say why, for the log"));
    }
    let plan = plan(&args, context).await?;
    let backend = open::backend(&context.settings).await?;
    let outbox = Outbox::new(Arc::clone(&backend));
    let messages = outbox.naming(&plan.resource_key).await?;
    let mut report = Report { plan, messages: messages.len(), done: None };
    if args.dry_run {
        report.tell(args.json, context)?;
        context.printer.say("nothing was done: that was a dry run");
        return Ok(ExitStatus::Done);
    }
    let spinner = Progress::spinner(context.printer, "redacting");
    let purged = redact(&args, &report.plan, context).await;
    drop(spinner);
    let purged = purged?;
    for message in &messages {
        outbox.remove(message).await?;
    }
    clear_cache(&*backend)?;
    let is_left = !purged.left.is_empty();
    report.done = Some(purged);
    report.tell(args.json, context)?;
    context.printer.say("backups, exports, copies and caches elsewhere, and versions that a bucket keeps, are not reached: see the README");
    Ok(if is_left { ExitStatus::No } else { ExitStatus::Done })
}

/// What is to be done to the resource that is named. One that is hidden, since all of it lies below the floor, has to be named by its
/// key.
async fn plan(args: &RedactArgs, context: &Context) -> Result<RedactionPlan> {
    let mut shell = StoreShell::open(&context.settings, None).await?;
    let found = resource::find(&mut shell, &args.resource, "head").await;
    let name = found.as_ref().map_or_else(|_| args.resource.clone(), String::clone);
    let Ok(key) = ResourceKey::from_stored(&name) else {
        return Err(found.err().unwrap_or_else(|| Error::internal(format!("{name} is no key"))));
    };
    let history = open::reader(&context.settings).await?.history().await;
    let plan = RedactionPlan::new(&history, &key).await?;
    match found {
        Err(error) if error.kind() != ErrorKind::NotFound || !plan.redacts() => Err(error),
        _ => Ok(plan),
    }
}

async fn redact(args: &RedactArgs, plan: &RedactionPlan, context: &Context) -> Result<Purged> {
    let readers = if args.now { Readers::Interrupt } else { Readers::AwaitPinned };
    let writer = open::writer(&context.settings).await?;
    let history = writer.history().await?;
    if plan.redacts()
        && readers == Readers::AwaitPinned
        && let Some(pin) = pins(&history).await?.iter().max_by_key(|pin| pin.runs_out_in())
    {
        let left = i64::try_from(pin.runs_out_in().as_micros()).unwrap_or(i64::MAX);
        let until = Timestamp::from_micros(SystemClock.now().micros().saturating_add(left));
        let message = format!("a reader that takes long, as backups and exports do, needs the files of manifest {}", pin.manifest());
        let hint = format!("wait for it: if it has died, that ends at {until}; with --now it has to begin again");
        return Err(Error::new(ErrorKind::Conflict, message).with_hint(hint));
    }
    if plan.redacts() {
        writer.redact(&ResourceKey::from_stored(&plan.resource_key)?, &args.reason).await?;
    }
    purge(&writer, readers).await
}

/// Blocks of files that went, now or long ago, may be in this machine's cache.
fn clear_cache(backend: &dyn Backend) -> Result<()> {
    let cleared = backend.cache().map_or(Ok(()), |cache| cache.clear());
    cleared.map_err(|error| {
        Error::unavailable("the cache of this machine cannot be cleared, which may hold what was redacted").with_source(error)
    })
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    plan: RedactionPlan,
    /// Waiting messages that name the resource.
    messages: usize,
    /// Nothing was done if it is missing.
    done: Option<Purged>,
}

impl Report {
    fn tell(&self, json: bool, context: &Context) -> Result<()> {
        if json {
            let json = serde_json::to_string(self).map_err(|error| Error::internal("encode the report").with_source(error))?;
            return context.printer.data(&format!("{json}\n"));
        }
        context.printer.data(&self.lines().iter().map(|(name, value)| format!("{name:<14} {value}\n")).collect::<String>())
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let RedactionPlan { resource_key, head, versions, findings, files, bytes, segments } = &self.plan;
        let mut lines = vec![
            ("resource", resource_key.clone()),
            ("redacts", format!("{versions} versions, up to revision {head}; {findings} findings")),
            ("writes anew", format!("{files} files, {bytes} bytes")),
        ];
        match &self.done {
            None => lines.push(("cuts", format!("{segments} segments of the log down to their headers"))),
            Some(Purged { removed, .. }) => {
                let (segments, objects, bytes) = (removed.segments, removed.objects, removed.bytes);
                lines.push(("removed", format!("{bytes} bytes: the payload of {segments} segments, {objects} files")));
            }
        }
        lines.push(("messages", format!("{} that waited to be delivered", self.messages)));
        lines.extend(self.done.iter().flat_map(|done| left(done)));
        lines
    }
}

/// What is left in the store, and what becomes of it.
fn left(done: &Purged) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let left = &done.left;
    if left.segments > 0 {
        lines.push(("left", format!("{} segments of the log: run it again", left.segments)));
    }
    if let Some(manifest) = left.pinned_manifest {
        lines.push(("left", format!("the files of manifest {manifest}, which a reader has pinned: run it again, or with --now")));
    }
    if left.temporary_files > 0 {
        let count = left.temporary_files;
        lines.push(("left", format!("{count} temporary files of writers that are at work, or died lately: run it again, or with --now")));
    }
    lines
}
