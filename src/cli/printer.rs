//! The one owner of stdout and stderr: data goes to the first, talk to the second.

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;

use super::output::printable;
use super::repl::stdout_width;
use crate::error::{Error, ErrorKind, Result};

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Writes to the terminal, or to what is in its place.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    color: ColorChoice,
}

impl Printer {
    /// A printer that uses colour or not.
    pub fn new(color: ColorChoice) -> Self {
        Self { color }
    }

    /// Where data goes. A reader that has gone away is an error of kind `BrokenPipe`.
    pub fn stdout(self) -> io::Stdout {
        io::stdout()
    }

    /// Where talk goes.
    pub fn stderr(self) -> io::Stderr {
        io::stderr()
    }

    /// Columns of the terminal that data goes to; `None` if it goes elsewhere.
    pub fn width(self) -> Option<usize> {
        if io::stdout().is_terminal() { stdout_width() } else { None }
    }

    /// Whether a person sees what is said.
    pub fn talks_to_terminal(self) -> bool {
        io::stderr().is_terminal()
    }

    /// Whether what is written to stdout may hold colour.
    pub fn uses_color(self) -> bool {
        self.colors(io::stdout().is_terminal())
    }

    fn colors(self, is_terminal: bool) -> bool {
        match self.color {
            ColorChoice::Auto => is_terminal,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        }
    }

    /// Writes data. If its reader has gone away, that is no error: nobody waits for it.
    ///
    /// # Errors
    /// `Unavailable` if stdout refuses it.
    pub fn data(self, text: &str) -> Result<()> {
        self.stream(|out| out.write_all(text.as_bytes()))
    }

    /// Writes data piece by piece, as [`Printer::data`] does at once.
    ///
    /// # Errors
    /// `Unavailable` if stdout refuses it.
    pub fn stream(self, write: impl FnOnce(&mut BufWriter<io::Stdout>) -> io::Result<()>) -> Result<()> {
        let mut out = BufWriter::new(io::stdout());
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::unavailable("write to standard output").with_source(error))
            }
            _ => Ok(()),
        }
    }

    /// Says something. It may quote data, so it is made printable; what cannot be said is not said.
    pub fn say(self, text: &str) {
        let mut err = io::stderr();
        for line in text.lines() {
            let _ = writeln!(err, "{}", printable(line));
        }
    }

    /// Says something that one would want to know.
    pub fn warn(self, text: &str) {
        self.labelled("warning", "33", text);
    }

    /// Says why it could not be done, and the next step.
    pub fn error(self, error: &Error) {
        self.labelled("error", "31", &error.to_string());
        // Wherever damage is met, the next step is the same.
        let damaged =
            (error.kind() == ErrorKind::Corrupt).then_some("`elava verify` names all damage, `elava repair` says what would help");
        if let Some(hint) = error.hint().or(damaged) {
            self.labelled("hint", "36", hint);
        }
    }

    fn labelled(self, label: &str, color: &str, text: &str) {
        let mut err = io::stderr();
        let mut lines = text.lines().map(printable);
        let first = lines.next().unwrap_or_default();
        let _ = if self.colors(err.is_terminal()) {
            writeln!(err, "\x1b[1;{color}m{label}:\x1b[0m {first}")
        } else {
            writeln!(err, "{label}: {first}")
        };
        for line in lines {
            let _ = writeln!(err, "  {line}");
        }
    }
}
