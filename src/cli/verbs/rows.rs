//! The rows of a verb's query, or the query itself.

use crate::cli::args::FormatArgs;
use crate::cli::output::{OutputFormat, OutputOptions, write_results};
use crate::cli::shell::{StoreShell, from_output};
use crate::cli::{Context, ExitStatus};
use crate::error::Result;

/// The format that the command asks for, else that of the settings.
pub fn format(args: &FormatArgs, context: &Context) -> OutputFormat {
    args.format.unwrap_or(context.settings.format.value)
}

/// The format of rows; `None` where nobody asks for one, so that people get a page.
pub fn asked_format(asked: Option<OutputFormat>, context: &Context) -> Option<OutputFormat> {
    let settled = context.settings.format.value;
    asked.or((settled != OutputFormat::default()).then_some(settled))
}

/// Prints SQL, as `elava sql` takes it.
///
/// # Errors
/// stdout refuses it.
pub fn print(sql: &str, context: &Context) -> Result<ExitStatus> {
    context.printer.data(&format!("{sql};\n"))?;
    Ok(ExitStatus::Done)
}

/// Runs the SQL and writes its rows to stdout; returns how many there are.
///
/// # Errors
/// Whatever the query runs into; stdout refuses the rows.
pub async fn query(shell: &mut StoreShell, sql: &str, format: OutputFormat, context: &Context) -> Result<u64> {
    let rows = shell.session().execute(sql).await?;
    let options = OutputOptions {
        format,
        max_rows: context.settings.max_rows.value,
        terminal_width: context.printer.width(),
        ..OutputOptions::default()
    };
    let count = write_results(rows.into_inner(), &options, &mut context.printer.stdout()).await.map_err(from_output)?;
    if let Some(notice) = count.notice() {
        context.printer.say(&notice);
    }
    Ok(count.rows)
}
