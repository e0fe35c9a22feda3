//! Commands to the shell itself: one enum, one table, one parser. `\name` and `.name` mean the same.

use std::fmt::Write;

use clap::ValueEnum;
use datafusion::common::utils::datafusion_strsim::levenshtein;

use crate::cli::output::OutputFormat;

#[cfg(test)]
mod tests;

/// Further apart than this, two names are not a slip of the hand.
const TYPING_ERRORS_MAX: usize = 3;

/// A command to the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetaCommand {
    /// List the commands.
    Help,
    /// Leave the shell.
    Quit,
    /// List tables and table functions.
    Tables,
    /// Show the columns of a table.
    Describe(String),
    /// List functions.
    Functions,
    /// Set the output format, or show it.
    Format(Option<OutputFormat>),
    /// Show rows vertically or not; toggle.
    Expanded(Option<bool>),
    /// Print the time of each statement or not; toggle.
    Timing(Option<bool>),
    /// Write JSON columns as JSON or not; toggle.
    Nested(Option<bool>),
    /// Pin the session to a point in time, or show the pin.
    AsOf(AsOf),
    /// Send results to a file, or back to the screen.
    Output(Option<String>),
    /// Run the statements of a file.
    Run(String),
    /// Set how many rows a table shows, or show it.
    MaxRows(Option<usize>),
}

/// What to do with the session's pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// Say where it is.
    Show,
    /// Return to the present.
    Off,
    /// Pin to this point in time, in any of its forms.
    At(String),
}

/// One line of the help.
struct Spec {
    /// Without prefix; the first is the one that help shows.
    names: &'static [&'static str],
    argument: &'static str,
    help: &'static str,
    parse: fn(&str) -> Result<MetaCommand, String>,
}

const SPECS: &[Spec] = &[
    Spec { names: &["?", "help", "h"], argument: "", help: "this list", parse: |argument| none(argument, MetaCommand::Help) },
    Spec { names: &["q", "quit", "exit"], argument: "", help: "leave (also Ctrl-D)", parse: |argument| none(argument, MetaCommand::Quit) },
    Spec {
        names: &["d", "describe", "schema", "tables", "dt"],
        argument: "[NAME]",
        help: "tables and table functions, or the columns of one",
        parse: |argument| Ok(text(argument).map_or(MetaCommand::Tables, MetaCommand::Describe)),
    },
    Spec { names: &["df", "functions"], argument: "", help: "functions", parse: |argument| none(argument, MetaCommand::Functions) },
    Spec {
        names: &["asof", "as_of"],
        argument: "[POINT|off]",
        help: "see the store as of a revision, time or tag; off for the present",
        parse: |argument| {
            Ok(MetaCommand::AsOf(match text(argument) {
                None => AsOf::Show,
                Some(off) if off.eq_ignore_ascii_case("off") => AsOf::Off,
                Some(point) => AsOf::At(point),
            }))
        },
    },
    Spec {
        names: &["format", "mode"],
        argument: "[FORMAT]",
        help: "how results are written: table, vertical, csv, tsv, json, ndjson, markdown, parquet, arrow",
        parse: |argument| {
            let Some(name) = text(argument) else {
                return Ok(MetaCommand::Format(None));
            };
            OutputFormat::from_str(&name, true)
                .map(|format| MetaCommand::Format(Some(format)))
                .map_err(|_| unknown("format", &name, format_names()))
        },
    },
    Spec {
        names: &["x", "expanded"],
        argument: "[on|off]",
        help: "one line per column (toggle)",
        parse: |argument| switch(argument).map(MetaCommand::Expanded),
    },
    Spec {
        names: &["nested"],
        argument: "[on|off]",
        help: "JSON columns as JSON in json and ndjson (toggle)",
        parse: |argument| switch(argument).map(MetaCommand::Nested),
    },
    Spec {
        names: &["maxrows", "max_rows"],
        argument: "[N]",
        help: "most rows that table, vertical and markdown show",
        parse: |argument| match text(argument) {
            None => Ok(MetaCommand::MaxRows(None)),
            Some(number) => match number.parse() {
                Ok(rows) if rows > 0 => Ok(MetaCommand::MaxRows(Some(rows))),
                _ => Err(format!("expected a number of rows from 1, found `{number}`")),
            },
        },
    },
    Spec {
        names: &["timing", "timer"],
        argument: "[on|off]",
        help: "print how long each statement took (toggle)",
        parse: |argument| switch(argument).map(MetaCommand::Timing),
    },
    Spec {
        names: &["o", "output"],
        argument: "[FILE]",
        help: "write results to a file; without FILE, to the screen again",
        parse: |argument| Ok(MetaCommand::Output(text(argument))),
    },
    Spec {
        names: &["i", "run", "read"],
        argument: "FILE",
        help: "run the SQL statements of a file",
        parse: |argument| {
            let file = text(argument).ok_or("expected the name of a file")?;
            Ok(MetaCommand::Run(file))
        },
    },
];

/// Whether the line is for the shell and not SQL.
#[must_use]
pub fn is_meta(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(['\\', '.']) || is_bare_word(line)
}

/// `help`, `quit` and `exit` are understood without a prefix: they are no SQL.
fn is_bare_word(line: &str) -> bool {
    let word = line.trim_end_matches(';').trim_end();
    ["help", "quit", "exit"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Parses a line for which [`is_meta`] holds.
///
/// # Errors
///
/// A message that names the nearest command, or what the argument should have been.
pub fn parse(line: &str) -> Result<MetaCommand, String> {
    let line = line.trim().trim_end_matches(';').trim_end();
    let command = line.strip_prefix(['\\', '.']).unwrap_or(line);
    let (name, argument) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let lower = name.to_lowercase();
    let spec = SPECS.iter().find(|spec| spec.names.contains(&lower.as_str()));
    if let Some(spec) = spec {
        (spec.parse)(argument).map_err(|error| format!("\\{lower}: {error}"))
    } else {
        let prefix = if line.starts_with('.') { '.' } else { '\\' };
        let message = match nearest(&lower, command_names()) {
            Some(near) => format!("; did you mean {prefix}{near}?"),
            None => String::new(),
        };
        Err(format!("unknown command {prefix}{name}{message} ({prefix}? lists all)"))
    }
}

/// The help: one command a line.
#[must_use]
pub fn help() -> String {
    let usages = SPECS.iter().map(|spec| {
        let name = spec.names.first().copied().unwrap_or("");
        let usage = format!("\\{name} {}", spec.argument).trim_end().to_owned();
        let long = spec.names.get(1).copied().unwrap_or("");
        (usage, long, spec.help)
    });
    let mut help = String::from("SQL statements end with `;`. Commands, with \\ or . before them:\n");
    for (usage, long, text) in usages {
        // Writing to a string has no way to fail.
        let _ = writeln!(help, "  {usage:<20} {long:<10} {text}");
    }
    help.push_str("Ctrl-C clears the line or stops the query, Ctrl-D leaves.\n");
    help
}

/// Every name of every command, without prefix.
pub(super) fn command_names() -> impl Iterator<Item = &'static str> {
    SPECS.iter().flat_map(|spec| spec.names.iter().copied())
}

/// The names of the output formats.
pub(super) fn format_names() -> impl Iterator<Item = String> {
    OutputFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value).map(|value| value.get_name().to_owned())
}

/// `unknown KIND X`, with the nearest known one if there is one.
pub(super) fn unknown(kind: &str, name: &str, known: impl Iterator<Item = impl AsRef<str>>) -> String {
    match nearest(name, known) {
        Some(near) => format!("unknown {kind} `{name}`; did you mean `{near}`?"),
        None => format!("unknown {kind} `{name}`"),
    }
}

/// The name that was meant, if one is near: as written but for a few letters, or begun.
fn nearest(name: &str, known: impl Iterator<Item = impl AsRef<str>>) -> Option<String> {
    let name = name.to_lowercase();
    let reach = TYPING_ERRORS_MAX.min(name.chars().count() * 2 / 3);
    known
        .filter_map(|candidate| {
            let candidate = candidate.as_ref();
            let lower = candidate.to_lowercase();
            let distance = if name.chars().count() > 1 && lower.starts_with(&name) { 1 } else { levenshtein(&name, &lower) };
            (distance <= reach).then(|| (distance, candidate.to_owned()))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

fn none(argument: &str, command: MetaCommand) -> Result<MetaCommand, String> {
    match text(argument) {
        None => Ok(command),
        Some(extra) => Err(format!("expected no argument, found `{extra}`")),
    }
}

/// The argument without the quotes around it; `None` if there is none.
fn text(argument: &str) -> Option<String> {
    let argument = argument.trim();
    let bare = ['\'', '"'].iter().find_map(|quote| argument.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(argument);
    (!bare.is_empty()).then(|| bare.to_owned())
}

fn switch(argument: &str) -> Result<Option<bool>, String> {
    match argument.trim().to_lowercase().as_str() {
        "" => Ok(None),
        "on" | "true" | "1" => Ok(Some(true)),
        "off" | "false" | "0" => Ok(Some(false)),
        other => Err(format!("expected on or off, found `{other}`")),
    }
}
