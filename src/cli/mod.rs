//! The command line: the only layer that prints, exits and reads the environment.
//!
//! What is typed ([`args`]) is made one with the environment and the settings file (`resolve`); a command is a function of
//! its arguments, the settings and the printer, and returns an exit status. No runtime is started for what needs none.

pub mod args;
mod bucket;
mod commands;
mod complete;
mod env;
mod exit;
mod open;
pub mod output;
mod panics;
mod printer;
mod progress;
pub mod repl;
mod resolve;
mod shell;
mod signals;
mod verbs;

use std::ffi::OsString;
use std::future::Future;
use std::io;

use clap::Parser;
use tracing_subscriber::EnvFilter;

pub use exit::ExitStatus;

use args::{Cli, Command};
use env::Environment;
use printer::{ColorChoice, Printer};
use resolve::Settings;

use crate::error::{Error, Result};

/// The engine's plans are deep trees that are walked by recursion.
const STACK_BYTES: usize = 8 << 20;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    settings: Settings,
    printer: Printer,
}

/// Runs the command that the arguments name, the first of which is the program's own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(status) = complete::answer(&arguments) {
        return status;
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that has gone away, as of `elava --help | head`, is no error.
            let _ = error.print();
            return if error.use_stderr() { ExitStatus::Failed } else { ExitStatus::Done };
        }
    };
    let mut printer = Printer::new(cli.global.color.unwrap_or(ColorChoice::Auto));
    panics::hush();
    match panics::caught(|| start(cli, &mut printer)) {
        Ok(status) => status,
        Err(error) => {
            printer.error(&error);
            ExitStatus::Failed
        }
    }
}

fn start(cli: Cli, printer: &mut Printer) -> Result<ExitStatus> {
    if let Some(Command::Completions(args)) = &cli.command {
        return commands::completions::run(args, *printer);
    }
    let environment = Environment::read()?;
    start_log(cli.global.verbose, environment.get(env::LOG))?;
    let settings = Settings::resolve(&cli.global, &environment)?;
    *printer = Printer::new(settings.color.value);
    let context = Context { settings, printer: *printer };
    match cli.command {
        None => block_on(commands::repl::run(&context)),
        Some(Command::Sql(args)) => block_on(commands::sql::run(args, context)),
        Some(Command::Import(args)) => block_on(commands::import::run(args, &context)),
        #[cfg(feature = "aws")]
        Some(Command::Scan(args)) => block_on(commands::scan::run(args, &context)),
        Some(Command::Daemon) => block_on(commands::daemon::run(&context)),
        Some(Command::Log(args)) => block_on(commands::log::run(args, &context)),
        Some(Command::Show(args)) => block_on(commands::show::run(args, &context)),
        Some(Command::Diff(args)) => block_on(commands::diff::run(args, &context)),
        Some(Command::Blame(args)) => block_on(commands::blame::run(args, &context)),
        Some(Command::Bisect(args)) => block_on(commands::bisect::run(args, &context)),
        Some(Command::Watch(args)) => block_on(commands::watch::run(args, &context)),
        Some(Command::Check(args)) => block_on(commands::check::run(args, &context)),
        Some(Command::Tag(args)) => block_on(commands::tag::run(args, &context)),
        Some(Command::Export(args)) => block_on(commands::export::run(args, &context)),
        Some(Command::Demo(args)) => block_on(commands::demo::run(args, context)),
        Some(Command::Compact) => block_on(commands::compact::run(&context)),
        Some(Command::Redact(args)) => block_on(commands::redact::run(args, &context)),
        Some(Command::Retain(args)) => block_on(commands::retain::run(args, &context)),
        Some(Command::Verify(args)) => block_on(commands::verify::run(args, &context)),
        Some(Command::Backup(args)) => block_on(commands::backup::backup(args, &context)),
        Some(Command::Restore(args)) => block_on(commands::backup::restore(args, &context)),
        Some(Command::Repair(args)) => block_on(commands::repair::run(args, &context)),
        Some(Command::Status(args)) => block_on(commands::status::run(args, &context)),
        Some(Command::Config) => commands::config::run(&context),
        Some(Command::Completions(args)) => commands::completions::run(&args, context.printer),
    }
}

/// Runs a command on this thread, with a thread per core beside it.
fn block_on<T>(command: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build();
    let runtime = runtime.map_err(|error| Error::unavailable("start the threads").with_source(error))?;
    let done = runtime.block_on(command);
    // What still runs in the background has been told to stop, and nothing waits for it.
    runtime.shutdown_background();
    done
}

/// Log lines go to stderr: warnings, more with `-v`, or what the environment asks for.
fn start_log(verbose: u8, filter: Option<&str>) -> Result<()> {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = match filter {
        Some(filter) => EnvFilter::try_new(filter).map_err(|error| Error::invalid(format!("{}: {error}", env::LOG)))?,
        None => EnvFilter::new(format!("elava={level}")),
    };
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false).without_time().with_target(false);
    // Fails only where a test has one already.
    let _ = subscriber.try_init();
    Ok(())
}
