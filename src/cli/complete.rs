//! Completion in the user's shell: its script runs `elava` with the words typed so far, and the name of the shell in
//! `COMPLETE`. What can stand at a place is told by the name of the value: `RESOURCE`, `AT`, `TYPE`.
//!
//! A completion is a convenience: where the store cannot be read, nothing of it is offered, and nothing is said.

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::args::{Cli, GlobalArgs};
use super::commands::check::given;
use super::env::{self, Environment};
use super::resolve::Settings;
use super::shell::StoreShell;
use super::verbs::sql::text;
use super::{ExitStatus, block_on};
use crate::error::Result;
use crate::query::table_functions;

/// Candidates that the store is asked for at once: more than a person looks through.
const CANDIDATES_MAX: usize = 100;
/// Points that are words.
const POINTS: [&str; 3] = ["head", "head~1", "yesterday"];

/// Answers a shell that asks for completions, or for the script that does; `None` if this is an ordinary run.
pub fn answer(arguments: &[OsString]) -> Option<ExitStatus> {
    let folder = std::env::current_dir().ok();
    match CompleteEnv::with_factory(|| command(arguments)).var(env::COMPLETE).try_complete(arguments.iter().cloned(), folder.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitStatus::Done),
        Err(_) => Some(ExitStatus::Failed),
    }
}

/// The commands, with what completes their values.
fn command(arguments: &[OsString]) -> Command {
    let asked = Arc::new(global(arguments));
    with_completers(Cli::command(), &asked)
}

fn with_completers(command: Command, asked: &Arc<GlobalArgs>) -> Command {
    let command = command.mut_args(|arg| with_completer(arg, asked));
    command.mut_subcommands(|command| with_completers(command, asked))
}

fn with_completer(arg: Arg, asked: &Arc<GlobalArgs>) -> Arg {
    let name = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    match name.as_str() {
        "RESOURCE" => completed(arg, asked, in_store(resources)),
        "AT" | "POINT" | "A" | "B" => completed(arg, asked, in_store(points)),
        "TYPE" => completed(arg, asked, in_store(types)),
        "REGION" => completed(arg, asked, in_store(|mut shell, word| async move { candidates(&mut shell, "region", &word).await })),
        "ACCOUNT" => completed(arg, asked, in_store(|mut shell, word| async move { candidates(&mut shell, "account_id", &word).await })),
        "PACK|CHECK" => completed(arg, asked, packs_and_checks),
        _ => arg,
    }
}

/// Completes an argument by what a function finds.
fn completed(
    arg: Arg,
    asked: &Arc<GlobalArgs>,
    find: impl Fn(&Settings, &str) -> Result<Vec<CompletionCandidate>> + Send + Sync + 'static,
) -> Arg {
    let asked = Arc::clone(asked);
    arg.add(ArgValueCompleter::new(move |word: &OsStr| {
        let Some(word) = word.to_str() else { return Vec::new() };
        let settings = Environment::read().and_then(|environment| Settings::resolve(&asked, &environment));
        settings.and_then(|settings| find(&settings, word)).unwrap_or_default()
    }))
}

/// What a function finds in the store that the settings name.
fn in_store<F>(
    find: impl Fn(StoreShell, String) -> F + Send + Sync + 'static,
) -> impl Fn(&Settings, &str) -> Result<Vec<CompletionCandidate>> + Send + Sync + 'static
where
    F: Future<Output = Result<Vec<CompletionCandidate>>>,
{
    move |settings, word| block_on(async { find(StoreShell::open(settings, None).await?, word.to_owned()).await })
}

/// The packs that are shipped and those of the settings, and the checks in them.
fn packs_and_checks(settings: &Settings, word: &str) -> Result<Vec<CompletionCandidate>> {
    let packs = given::packs(settings, &[], &[])?;
    let names = packs.packs().iter().map(|pack| (pack.id.as_str(), pack.title.as_str()));
    let names = names.chain(packs.checks().iter().map(|check| (check.about.id.as_str(), check.about.title.as_str())));
    Ok(names.filter(|(name, _)| name.starts_with(word)).map(|(name, title)| candidate(name, title)).collect())
}

/// The options that tell which store is meant, of a command line that is not complete yet.
fn global(arguments: &[OsString]) -> GlobalArgs {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let value = |option: &str| {
        let separate = words.iter().zip(words.iter().skip(1)).find(|(word, _)| **word == option).map(|(_, value)| *value);
        let joined = words.iter().find_map(|word| word.strip_prefix(option)?.strip_prefix('='));
        separate.or(joined).map(ToOwned::to_owned)
    };
    GlobalArgs { store: value("--store"), config: value("--config").map(Into::into), ..GlobalArgs::default() }
}

/// Keys, step by step as paths are, ids and names; names of several resources behind their types.
async fn resources(mut shell: StoreShell, word: String) -> Result<Vec<CompletionCandidate>> {
    let steps = ["provider", "account_id", "region", "resource_type"];
    let key = match steps.get(..=word.matches('/').count()) {
        Some(steps) => format!("{} || '/'", steps.join(" || '/' || ")),
        None => "resource_key".to_owned(),
    };
    let typed = if word.contains('/') { "resource_type || '/' || name" } else { "resource_type || '/'" };
    let names = ["name", "resource_id", typed].into_iter().filter(|_| !word.is_empty());
    let mut found = Vec::new();
    for told in [key.as_str()].into_iter().chain(names) {
        found.extend(candidates(&mut shell, told, &word).await?);
    }
    Ok(found)
}

/// Tags, and words.
async fn points(shell: StoreShell, word: String) -> Result<Vec<CompletionCandidate>> {
    let tags = shell.snapshot().tags().map(|(name, point)| (name.to_owned(), format!("revision {}", point.revision)));
    let tags = tags.filter(|(name, _)| name.starts_with(&word)).take(CANDIDATES_MAX).map(|(name, help)| candidate(&name, &help));
    Ok(tags.chain(POINTS.iter().filter(|point| point.starts_with(&word)).map(CompletionCandidate::new)).collect())
}

/// The types that have a view, and those in the store.
async fn types(mut shell: StoreShell, word: String) -> Result<Vec<CompletionCandidate>> {
    let views = table_functions().into_iter().filter_map(|(name, _)| name.strip_suffix("_as_of").map(ToOwned::to_owned));
    let views = views.filter(|name| name.contains('_') && name.starts_with(&word)).map(CompletionCandidate::new);
    let mut types: Vec<_> = views.collect();
    types.extend(candidates(&mut shell, "resource_type", &word).await?);
    types.sort_unstable();
    types.dedup_by(|one, other| one.get_value() == other.get_value());
    Ok(types)
}

/// The values of an expression that begin as the word does, of the resources that are there.
async fn candidates(shell: &mut StoreShell, told: &str, word: &str) -> Result<Vec<CompletionCandidate>> {
    // The types that have the id or name; all else is of many.
    let help = if ["name", "resource_id"].contains(&told) { "array_to_string(array_agg(DISTINCT resource_type), ', ')" } else { "''" };
    let begun = text(word);
    let sql =
        format!("SELECT {told}, {help} FROM resources WHERE starts_with({told}, {begun}) GROUP BY 1 ORDER BY 1 LIMIT {CANDIDATES_MAX}");
    let rows: Vec<[String; 2]> = shell.texts(&sql).await?;
    Ok(rows.iter().map(|[value, help]| candidate(value, help)).collect())
}

fn candidate(value: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help((!help.is_empty()).then(|| help.to_owned().into()))
}
