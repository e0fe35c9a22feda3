//! `elava completions`

use clap_complete::env::Shells;

use crate::cli::ExitStatus;
use crate::cli::args::CompletionsArgs;
use crate::cli::env::COMPLETE;
use crate::cli::printer::Printer;
use crate::error::{Error, Result};

/// The name by which the script is told and the command is run.
const COMMAND: &str = "elava";

/// Prints the script.
///
/// # Errors
/// stdout refuses it.
pub fn run(args: &CompletionsArgs, printer: Printer) -> Result<ExitStatus> {
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell.to_string());
    let shell = shell.ok_or_else(|| Error::internal(format!("nothing is known of the shell {}", args.shell)))?;
    let mut script = Vec::new();
    let written = shell.write_registration(COMPLETE, COMMAND, COMMAND, COMMAND, &mut script);
    written.map_err(|error| Error::internal("write the script").with_source(error))?;
    printer.data(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Done)
}
