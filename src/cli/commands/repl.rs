//! `elava` without a command: the shell, or a script where there is no terminal.

use std::io::{self, IsTerminal};

use super::sql;
use crate::cli::args::{FormatArgs, SqlArgs};
use crate::cli::output::OutputOptions;
use crate::cli::repl::{Console, CtrlC, EditorOptions, ScriptOptions, TerminalEditor, run_repl};
use crate::cli::resolve::history_file;
use crate::cli::shell::StoreShell;
use crate::cli::{Context, ExitStatus};
use crate::error::{Error, Result};

/// Opens the shell.
///
/// # Errors
/// The store cannot be opened, or the terminal failed.
pub async fn run(context: &Context) -> Result<ExitStatus> {
    if !io::stdin().is_terminal() {
        let script = SqlArgs {
            sql: None,
            file: None,
            format: FormatArgs::default(),
            output: None,
            as_of: None,
            timing: false,
            max_rows: None,
            nested: false,
        };
        return sql::run_with(script, context).await;
    }
    let printer = context.printer;
    let mut shell = StoreShell::open(&context.settings, None).await?.with_names().await;
    let snapshot = shell.snapshot();
    printer.say(&match snapshot.head_time() {
        Some(time) => format!("{}: revision {} at {time}. \\? for help, Ctrl-D leaves.", snapshot.location(), snapshot.head()),
        None => format!("{}: nothing was observed yet. \\? for help, Ctrl-D leaves.", snapshot.location()),
    });
    let mut editor = TerminalEditor::new(EditorOptions { history: history_file(), color: printer.uses_color() })
        .map_err(|error| Error::unavailable("take over the terminal").with_source(error))?;
    let (mut out, mut err, mut interrupts) = (printer.stdout(), printer.stderr(), CtrlC);
    let console = Console { out: &mut out, err: &mut err, interrupts: &mut interrupts };
    let output =
        OutputOptions { format: context.settings.format.value, max_rows: context.settings.max_rows.value, ..OutputOptions::default() };
    let options = ScriptOptions { output, timing: false };
    run_repl(&mut shell, &mut editor, console, options)
        .await
        .map_err(|error| Error::unavailable("read from the terminal").with_source(error))?;
    Ok(ExitStatus::Done)
}
