//! Running statements: one, or a script of them, with an interrupt that stops the query and nothing else.

use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;
use futures::future::BoxFuture;

use super::complete::Names;
use super::statement::split_statements;
use crate::cli::output::{OutputError, OutputOptions, RowCount, write_results};
use crate::query::text_literal;

/// What the shell needs of an engine: a session, pinned or not, that runs one statement at a time.
#[async_trait]
pub trait Shell: Send {
    /// Plans one statement and starts it. Dropping the stream stops it.
    ///
    /// # Errors
    ///
    /// The statement was refused; the message says why.
    async fn execute(&mut self, statement: &str) -> Result<SendableRecordBatchStream, ShellError>;

    /// Pins the session to a point in time, in any form that `--as-of` takes; `None` returns to the present.
    ///
    /// # Errors
    ///
    /// There is no such point.
    async fn pin(&mut self, point: Option<&str>) -> Result<(), ShellError>;

    /// The pin as the prompt shows it, a revision; `None` where nothing is pinned. `SET elava.as_of` moves it too.
    fn pinned(&self) -> Option<String>;

    /// Names to complete and to describe. Asked between statements; no I/O.
    fn names(&self) -> Names;

    /// The query behind `\d`.
    fn tables_query(&self) -> String {
        "SELECT table_name, table_type FROM information_schema.tables \
         WHERE table_schema <> 'information_schema' ORDER BY table_name"
            .to_owned()
    }

    /// The query behind `\d NAME`. The name is one of [`Shell::names`].
    fn describe_query(&self, name: &str) -> String {
        format!(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns \
             WHERE table_name = {} ORDER BY ordinal_position",
            text_literal(name)
        )
    }

    /// The query behind `\df`.
    fn functions_query(&self) -> String {
        "SELECT DISTINCT routine_name, function_type, description FROM information_schema.routines \
         ORDER BY routine_name"
            .to_owned()
    }

    /// Words for an error that came while rows were read or written.
    fn explain(&self, error: OutputError) -> ShellError {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        ShellError::new(message)
    }
}

/// An error in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellError {
    /// What went wrong.
    pub message: String,
    /// A next step.
    pub hint: Option<String>,
}

impl ShellError {
    /// An error without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }
}

impl fmt::Display for ShellError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ShellError {}

/// Where interrupts come from.
pub trait Interrupts: Send {
    /// Done when the user wants stopped what runs. Counts from its first poll; earlier interrupts do not.
    fn interrupted(&mut self) -> BoxFuture<'static, ()>;
}

/// Ctrl-C, while the terminal is not in the hands of the line editor.
#[derive(Clone, Copy, Debug, Default)]
pub struct CtrlC;

impl Interrupts for CtrlC {
    fn interrupted(&mut self) -> BoxFuture<'static, ()> {
        Box::pin(async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Where output goes and interrupts come from.
pub struct Console<'a> {
    /// Results.
    pub out: &'a mut (dyn Write + Send),
    /// Everything else: row counts, times, errors.
    pub err: &'a mut (dyn Write + Send),
    /// What stops a query.
    pub interrupts: &'a mut dyn Interrupts,
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Console").finish_non_exhaustive()
    }
}

/// How a script runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptOptions {
    /// How results are written.
    pub output: OutputOptions,
    /// Whether the time of each statement goes to `err`.
    pub timing: bool,
}

/// Why a script ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptError {
    /// A statement failed; the ones after it were not run.
    Failed {
        /// The line on which the statement begins, from 1.
        line: usize,
        /// What went wrong.
        error: ShellError,
    },
    /// The user stopped it.
    Interrupted,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { line, error } => write!(formatter, "line {line}: {error}"),
            Self::Interrupted => formatter.write_str("interrupted"),
        }
    }
}

impl std::error::Error for ScriptError {}

/// A statement whose result was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub count: RowCount,
    pub elapsed: Duration,
}

/// Runs the statements of a script, in order, up to the first that fails. What did not fit in a table is said
/// on `err`.
///
/// # Errors
///
/// The statement that failed with its line, or that the user stopped it. A second result in a binary format
/// is an error: one file holds one result.
pub async fn run_script(
    shell: &mut dyn Shell,
    script: &str,
    options: &ScriptOptions,
    console: &mut Console<'_>,
) -> Result<(), ScriptError> {
    tokio::select! {
        // One interrupt stops all of the script, also if it comes while one statement ends and the next begins.
        biased;
        () = console.interrupts.interrupted() => Err(ScriptError::Interrupted),
        result = run_statements(shell, script, options, console.out, console.err) => result,
    }
}

async fn run_statements(
    shell: &mut dyn Shell,
    script: &str,
    options: &ScriptOptions,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<(), ScriptError> {
    let script = script.trim_start_matches('\u{feff}');
    let mut has_result = false;
    for statement in split_statements(script) {
        let line = statement.line;
        let may_write = !(has_result && options.output.format.is_binary());
        let done = run_statement(shell, statement.text, &options.output, may_write, out).await;
        let Done { count, elapsed } = done.map_err(|error| ScriptError::Failed { line, error })?;
        has_result |= count.has_columns;
        say_notice(&count, err);
        if options.timing {
            say_time(elapsed, err);
        }
    }
    Ok(())
}

/// Runs one statement and writes its result.
pub(super) async fn run_statement(
    shell: &mut dyn Shell,
    statement: &str,
    options: &OutputOptions,
    may_write: bool,
    out: &mut (dyn Write + Send),
) -> Result<Done, ShellError> {
    let begun = Instant::now();
    let stream = shell.execute(statement).await?;
    if !may_write && !stream.schema().fields().is_empty() {
        let message = format!("{:?} holds one result, and this is another", options.format);
        return Err(ShellError::new(message));
    }
    let written = write_results(stream, options, out).await;
    let count = written.map_err(|error| shell.explain(error))?;
    Ok(Done { count, elapsed: begun.elapsed() })
}

/// One line on what was not shown. What cannot be said is not said: talk never fails a query.
pub(super) fn say_notice(count: &RowCount, err: &mut dyn Write) {
    if let Some(notice) = count.notice() {
        let _ = writeln!(err, "{notice}");
    }
}

pub(super) fn say_time(elapsed: Duration, err: &mut dyn Write) {
    let _ = writeln!(err, "Time: {:.3} ms", elapsed.as_secs_f64() * 1000.0);
}
