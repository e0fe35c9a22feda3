//! Colour in what is printed for people. The text is the same without.

use crate::cli::output::printable;
use crate::cli::printer::Printer;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// What is new.
    Added,
    /// What is gone.
    Removed,
    /// What is different.
    Changed,
    /// A name of something.
    Name,
    /// What is only looked at when it is needed.
    Quiet,
    /// What a page is about.
    Strong,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Added => "32",
            Self::Removed => "31",
            Self::Changed => "33",
            Self::Name => "36",
            Self::Quiet => "2",
            Self::Strong => "1",
        }
    }
}

/// Writes in colour, or not.
#[derive(Debug, Clone, Copy)]
pub struct Pen {
    colors: bool,
}

impl Pen {
    /// For what goes to stdout.
    pub fn of(printer: Printer) -> Self {
        Self { colors: printer.uses_color() }
    }

    /// A text, made printable.
    pub fn write(self, ink: Ink, text: &str) -> String {
        let text = printable(text);
        if self.colors && !text.is_empty() { format!("\x1b[{}m{text}\x1b[0m", ink.code()) } else { text.into_owned() }
    }
}
