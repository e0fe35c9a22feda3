//! `elava completions`

use clap::CommandFactory;

use crate::cli::ExitStatus;
use crate::cli::args::{Cli, CompletionsArgs};
use crate::cli::printer::Printer;
use crate::error::Result;

/// Prints the script.
///
/// # Errors
/// stdout refuses it.
pub fn run(args: &CompletionsArgs, printer: Printer) -> Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "elava", &mut script);
    printer.data(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Done)
}
