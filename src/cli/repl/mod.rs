//! The interactive shell: lines in, statements and commands out, one at a time.
//!
//! It knows the engine by [`Shell`], the terminal by [`Editor`] and Ctrl-C by [`Interrupts`], so a test plays
//! all three. Results go to one writer and talk to another; nothing here prints by itself.
//!
//! # Invariants
//!
//! - A statement runs when its semicolon is there and nothing is open, never before.
//! - Ctrl-C at the prompt drops what was typed; while statements run it drops all that the line holds. Neither ends the shell.
//! - A failed statement ends the line or file that it stands in, never the shell.
//! - Scripts are SQL alone: commands are for people.

mod complete;
mod editor;
mod highlight;
mod meta;
mod run;
mod statement;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write};

pub use complete::{Completion, Names, Relation, complete};
pub use editor::{Editor, EditorOptions, Input, TerminalEditor, stdout_width};
pub use meta::{AsOf, MetaCommand, help, is_meta, parse};
pub use run::{Console, CtrlC, Interrupts, ScriptError, ScriptOptions, Shell, ShellError, run_script};
pub use statement::{Completeness, Statement, completeness, split_statements};

use crate::cli::output::{OutputFormat, OutputOptions, printable};
use run::{Done, run_statement, say_notice, say_time};

/// Whether the loop goes on after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Go,
    Leave,
}

/// Reads and runs until the user leaves. The future blocks its thread while a line is read, so it belongs on
/// the main thread, beside a runtime of other threads.
///
/// # Errors
///
/// The terminal failed. Failed statements are told to the user and are no error.
pub async fn run_repl<'a>(
    shell: &'a mut dyn Shell,
    editor: &'a mut dyn Editor,
    console: Console<'a>,
    options: ScriptOptions,
) -> io::Result<()> {
    let mut repl = Repl { shell, editor, console, options, expanded: false, file: None };
    repl.run().await
}

struct Repl<'a> {
    shell: &'a mut dyn Shell,
    editor: &'a mut dyn Editor,
    console: Console<'a>,
    options: ScriptOptions,
    expanded: bool,
    /// Where results go instead of to the screen.
    file: Option<(String, File)>,
}

impl Repl<'_> {
    async fn run(&mut self) -> io::Result<()> {
        let mut pending = String::new();
        self.editor.set_names(self.shell.names());
        loop {
            let prompt = self.prompt(&pending);
            let line = match self.editor.read_line(&prompt, &pending)? {
                Input::Line(line) => line,
                Input::Interrupted => {
                    pending.clear();
                    continue;
                }
                Input::End => return Ok(()),
            };
            if pending.is_empty() && is_meta(&line) {
                self.editor.remember(&line);
                if self.command(&line).await == Next::Leave {
                    return Ok(());
                }
                continue;
            }
            pending.push_str(&line);
            if completeness(&pending) == Completeness::Incomplete {
                pending.push('\n');
                continue;
            }
            let text = std::mem::take(&mut pending);
            if !text.trim().is_empty() {
                self.editor.remember(&text);
            }
            self.statements(&text).await;
        }
    }

    /// `elava> `, with the pin if there is one; below it, as wide, `...> ` while a statement goes on.
    fn prompt(&self, pending: &str) -> String {
        let prompt = match self.shell.pinned() {
            Some(pin) => format!("elava@{pin}> "),
            None => "elava> ".to_owned(),
        };
        if pending.is_empty() { prompt } else { format!("{:>width$}", "...> ", width = prompt.chars().count()) }
    }

    /// Runs what was typed, up to the first statement that fails or an interrupt.
    async fn statements(&mut self, text: &str) {
        let interrupted = self.console.interrupts.interrupted();
        let run = async {
            for statement in split_statements(text) {
                if !self.statement(statement.text).await {
                    break;
                }
            }
        };
        let stopped = tokio::select! {
            biased;
            () = interrupted => true,
            () = run => false,
        };
        if stopped {
            self.say("interrupted");
        }
        self.editor.set_names(self.shell.names());
    }

    /// Runs one statement and tells how it went; false if it did not.
    async fn statement(&mut self, statement: &str) -> bool {
        let options = self.output_options();
        let out: &mut (dyn Write + Send) = match &mut self.file {
            Some((_, file)) => file,
            None => self.console.out,
        };
        match run_statement(self.shell, statement, &options, true, out).await {
            Ok(Done { count, elapsed }) => {
                if count.has_columns && options.format.is_for_people() && !count.more {
                    let unit = if count.rows == 1 { "row" } else { "rows" };
                    self.say(&format!("({} {unit})", count.rows));
                }
                say_notice(&count, self.console.err);
                if self.options.timing {
                    say_time(elapsed, self.console.err);
                }
                if count.has_columns && options.format.is_binary() {
                    self.close_file("a file of this format holds one result: ");
                }
                true
            }
            Err(error) => {
                self.say_error(&error);
                false
            }
        }
    }

    fn output_options(&mut self) -> OutputOptions {
        let mut options = self.options.output.clone();
        if self.expanded {
            options.format = OutputFormat::Vertical;
        }
        options.terminal_width = match self.file {
            Some(_) => None,
            None => self.editor.terminal_width(),
        };
        options
    }

    async fn command(&mut self, line: &str) -> Next {
        match parse(line) {
            Ok(MetaCommand::Quit) => return Next::Leave,
            Ok(command) => self.obey(command).await,
            Err(message) => self.say_error(&ShellError::new(message)),
        }
        Next::Go
    }

    async fn obey(&mut self, command: MetaCommand) {
        match command {
            MetaCommand::Help | MetaCommand::Quit => self.say(help().trim_end()),
            MetaCommand::Tables => self.query(self.shell.tables_query()).await,
            MetaCommand::Describe(name) => self.describe(&name).await,
            MetaCommand::Functions => self.query(self.shell.functions_query()).await,
            MetaCommand::Format(format) => self.set_format(format),
            MetaCommand::Expanded(on) => {
                self.expanded = on.unwrap_or(!self.expanded);
                self.say_switch("expanded", self.expanded);
            }
            MetaCommand::Timing(on) => {
                self.options.timing = on.unwrap_or(!self.options.timing);
                self.say_switch("timing", self.options.timing);
            }
            MetaCommand::Nested(on) => {
                self.options.output.nested = on.unwrap_or(!self.options.output.nested);
                self.say_switch("nested", self.options.output.nested);
            }
            MetaCommand::AsOf(AsOf::Show) => self.say_pin(),
            MetaCommand::AsOf(AsOf::Off) => self.pin(None).await,
            MetaCommand::AsOf(AsOf::At(point)) => self.pin(Some(&point)).await,
            MetaCommand::Output(None) => self.close_file(""),
            MetaCommand::Output(Some(path)) => self.open_file(path),
            MetaCommand::Run(path) => self.run_file(&path).await,
            MetaCommand::MaxRows(rows) => {
                let rows = rows.unwrap_or(self.options.output.max_rows);
                self.options.output.max_rows = rows;
                self.say(&format!("maxrows is {rows}"));
            }
        }
    }

    async fn query(&mut self, query: String) {
        self.statement(&query).await;
    }

    async fn describe(&mut self, name: &str) {
        let names = self.shell.names();
        if let Some(relation) = names.relation(name) {
            self.query(self.shell.describe_query(&relation.name)).await;
        } else {
            let known = names.relations.iter().map(|relation| &relation.name);
            self.say_error(&ShellError::new(meta::unknown("table", name, known)));
        }
    }

    fn set_format(&mut self, format: Option<OutputFormat>) {
        if let Some(format) = format {
            self.options.output.format = format;
            self.expanded = false;
        }
        let format = format!("{:?}", self.options.output.format).to_lowercase();
        self.say(&format!("format is {format}"));
    }

    async fn pin(&mut self, point: Option<&str>) {
        match self.shell.pin(point).await {
            Ok(()) => self.say_pin(),
            Err(error) => self.say_error(&error),
        }
    }

    fn open_file(&mut self, path: String) {
        match File::create(&path) {
            Ok(file) => {
                self.say(&format!("results go to {path}"));
                self.file = Some((path, file));
            }
            Err(error) => {
                self.say_error(&ShellError::new(format!("create {path}: {error}")));
            }
        }
    }

    fn close_file(&mut self, reason: &str) {
        if self.file.take().is_some() {
            self.say(&format!("{reason}results go to the screen again"));
        }
    }

    /// Runs a file of SQL; it stops at the first statement that fails.
    async fn run_file(&mut self, path: &str) {
        let script = match fs::read_to_string(path) {
            Ok(script) => script,
            Err(error) => {
                self.say_error(&ShellError::new(format!("read {path}: {error}")));
                return;
            }
        };
        for statement in split_statements(script.trim_start_matches('\u{feff}')) {
            if !self.statement(statement.text).await {
                self.say(&format!("stopped at {path}, line {}", statement.line));
                break;
            }
        }
        self.editor.set_names(self.shell.names());
    }

    fn say_pin(&mut self) {
        match self.shell.pinned() {
            Some(pin) => self.say(&format!("as of {pin}")),
            None => self.say("as of now"),
        }
    }

    fn say_switch(&mut self, name: &str, on: bool) {
        self.say(&format!("{name} is {}", if on { "on" } else { "off" }));
    }

    fn say_error(&mut self, error: &ShellError) {
        self.say(&format!("error: {}", error.message));
        if let Some(hint) = &error.hint {
            self.say(&format!("hint: {hint}"));
        }
    }

    /// Talk, line by line. It may quote data, so it is made printable; what cannot be said is not said.
    fn say(&mut self, text: &str) {
        for line in text.lines() {
            let _ = writeln!(self.console.err, "{}", printable(line));
        }
    }
}
