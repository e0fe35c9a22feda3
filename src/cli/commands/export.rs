//! `elava export`

use std::env;
use std::fs::File;
use std::path::PathBuf;

use async_trait::async_trait;
use clap::ValueEnum;
use datafusion::execution::SendableRecordBatchStream;

use crate::cli::args::{ExportArgs, ExportFormat};
use crate::cli::output::{OutputFormat, OutputOptions, write_results};
use crate::cli::progress::Progress;
use crate::cli::shell::{StoreShell, from_output};
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, ErrorKind, Result};
use crate::export::{ExportRequest, ParquetFiles, WriteFile, export};
use crate::query::Point;

/// Exports a table.
///
/// # Errors
/// `Conflict` if the target holds something, `Invalid` for a wrong table, point or condition; a file cannot be written.
pub async fn run(args: ExportArgs, context: &Context) -> Result<ExitStatus> {
    let spinner = Progress::spinner(context.printer, "exporting");
    let exported = once(&args, context).await;
    drop(spinner);
    context.printer.say(&exported?);
    Ok(ExitStatus::Done)
}

/// One export; says what it wrote.
///
/// # Errors
/// As [`run`].
pub(super) async fn once(args: &ExportArgs, context: &Context) -> Result<String> {
    let (until, target) = destinations(args)?;
    if target.contains("://") {
        return Err(Error::new(ErrorKind::Unsupported, format!("an export to {target} is not supported by this version"))
            .with_hint("name a folder"));
    }
    let target = PathBuf::from(target);
    open::refuse_inside_store(&context.settings, &target)?;
    let mut shell = StoreShell::open(&context.settings, args.as_of.clone()).await?;
    // However long it takes, its files stay.
    let pin = shell.pin_files().await?;
    let exported = from_shell(args, until, target, &mut shell).await;
    pin.release().await;
    exported
}

/// The export of what a shell sees.
async fn from_shell(args: &ExportArgs, until: Option<String>, target: PathBuf, shell: &mut StoreShell) -> Result<String> {
    let relation = relation(args, until, shell)?;
    let columns = args.partition_by.iter().filter_map(ValueEnum::to_possible_value);
    let request = ExportRequest {
        relation: relation.0,
        condition: match (&relation.1, &args.condition) {
            (Some(range), Some(condition)) => Some(format!("{range} AND ({condition}\n)")),
            (range, condition) => range.clone().or_else(|| condition.clone()),
        },
        partition_by: columns.map(|column| column.get_name().to_owned()).collect(),
        target,
    };
    let files: Box<dyn WriteFile> = match args.format {
        ExportFormat::Parquet => Box::new(ParquetFiles),
        ExportFormat::Csv => Box::new(TextFiles(OutputFormat::Csv, "csv")),
        ExportFormat::Ndjson => Box::new(TextFiles(OutputFormat::Ndjson, "ndjson")),
        ExportFormat::Arrow => Box::new(TextFiles(OutputFormat::Arrow, "arrows")),
    };
    let report = export(shell.session(), &request, &*files).await?;
    let (target, rows) = (request.target.display(), report.rows);
    Ok(format!("{target}: {rows} rows in {} files, {} bytes", report.files, report.bytes))
}

/// The end of the range and the folder. Both are `--to`; the first after `--from` is the end of the range.
fn destinations(args: &ExportArgs) -> Result<(Option<String>, String)> {
    match (args.to.as_slice(), &args.from) {
        ([], _) => Err(Error::invalid("--to names the folder to make")),
        ([target], _) => Ok((None, target.clone())),
        ([first, second], Some(_)) => {
            let typed: Vec<String> = env::args().collect();
            let place = |option: &str| typed.iter().position(|word| word == option || word.starts_with(&format!("{option}=")));
            // Written before --from, the first names the folder.
            if place("--to") < place("--from") {
                Ok((Some(second.clone()), first.clone()))
            } else {
                Ok((Some(first.clone()), second.clone()))
            }
        }
        _ => Err(Error::invalid("--to names the folder to make, once; a second one, after --from, ends a range")),
    }
}

/// What stands after FROM, and a condition that a range makes.
fn relation(args: &ExportArgs, until: Option<String>, shell: &mut StoreShell) -> Result<(String, Option<String>)> {
    let table = args.table.trim().to_lowercase();
    if table.is_empty() || !table.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Error::invalid(format!("{:?} is no name of a table", args.table)));
    }
    let view = shell.session().view();
    let revision = |point: &str| Ok::<_, Error>(Point::parse(point)?.resolve(&view)?.revision);
    let from = args.from.as_deref().map(&revision).transpose().map_err(|error| error.context("--from"))?;
    let until = until.as_deref().map_or(Ok(view.head()), revision).map_err(|error| error.context("--to"))?;
    match (table.as_str(), from) {
        ("changes" | "diff", from) => Ok((format!("{table}({}, {until})", from.unwrap_or(view.floor())), None)),
        ("observations", Some(from)) if from <= until => Ok((table, Some(format!("revision > {from} AND revision <= {until}")))),
        ("observations", Some(from)) => Err(Error::invalid(format!("the range begins at revision {from} and ends at {until}"))),
        (_, Some(_)) => {
            Err(Error::invalid(format!("a range of {table} cannot be exported; --from goes with changes, diff and observations")))
        }
        (_, None) => Ok((table, None)),
    }
}

/// Writes the formats of `elava sql`.
struct TextFiles(OutputFormat, &'static str);

#[async_trait]
impl WriteFile for TextFiles {
    fn extension(&self) -> &'static str {
        self.1
    }

    async fn write(&self, rows: SendableRecordBatchStream, _sorted_by: &[String], file: &mut File) -> Result<u64> {
        let options = OutputOptions { format: self.0, ..OutputOptions::default() };
        let count = write_results(rows, &options, file).await.map_err(from_output)?;
        Ok(count.rows)
    }
}
