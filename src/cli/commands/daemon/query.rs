//! The query of a job: its rows go to a file, or into the message.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::findings::last_message;
use crate::cli::commands::sql::OutputFile;
use crate::cli::output::{OutputFormat, OutputOptions, write_results};
use crate::cli::resolve::{QueryPlan, Statement};
use crate::cli::shell::{StoreShell, from_output};
use crate::cli::{Context, open};
use crate::error::{Error, Result};
use crate::notify::Rows;
use crate::schedule::Run;

/// Rows that a message holds.
const ROWS_MAX: usize = 100;

/// Runs it; says what came of it, in a line.
///
/// # Errors
/// Those of the statement; the file cannot be read or written.
pub async fn run(plan: &QueryPlan, run: &Run, zone: Tz, context: &Context) -> Result<(String, Rows)> {
    let sql = match &plan.sql {
        Statement::Text(sql) => sql.clone(),
        Statement::File(path) => read(path)?,
    };
    let mut shell = StoreShell::open(&context.settings, None).await?;
    let stream = shell.session().execute(&sql).await?.into_inner();
    if let Some((to, format)) = &plan.to {
        let path = to.at(run.due, zone);
        open::refuse_inside_store(&context.settings, &path)?;
        make_folder(&path)?;
        let mut file = OutputFile::create(path.clone())?;
        let options = OutputOptions { format: *format, ..OutputOptions::default() };
        let written = write_results(stream, &options, file.writer()).await.map_err(from_output)?;
        file.publish()?;
        let rows = Rows { count: written.rows, changed: false, first: Vec::new() };
        return Ok((format!("{} rows in {}", written.rows, path.display()), rows));
    }
    let mut lines = Lines::default();
    let options = OutputOptions { format: OutputFormat::Ndjson, nested: true, ..OutputOptions::default() };
    write_results(stream, &options, &mut lines).await.map_err(from_output)?;
    let (digest, before) = (lines.digest(), last_message(&run.job, context).await?);
    let changed = before.map_or(lines.count > 0, |before| !before.contains(&digest));
    let first = lines.first.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
    Ok((format!("{} rows ({digest})", lines.count), Rows { count: lines.count, changed, first }))
}

/// Makes the folder of a file: its name may have a date in it.
fn make_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), |folder| {
        fs::create_dir_all(folder).map_err(|error| Error::unavailable(format!("make {}", folder.display())).with_source(error))
    })
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Error::invalid(format!("read {}", path.display())).with_source(error))
}

/// Takes lines: counts them, keeps the first, and makes a digest of all in which their order does not count.
#[derive(Debug, Default)]
struct Lines {
    open: Vec<u8>,
    count: u64,
    first: Vec<Vec<u8>>,
    sum: u128,
}

impl Lines {
    /// The end of a run says it, so that the next one knows.
    fn digest(&self) -> String {
        format!("digest {:032x}", self.sum)
    }

    fn close(&mut self) {
        let line = std::mem::take(&mut self.open);
        let hash = Sha256::digest(&line).iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        self.sum = self.sum.wrapping_add(hash);
        self.count += 1;
        if self.first.len() < ROWS_MAX {
            self.first.push(line);
        }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(end) => {
                    self.open.extend_from_slice(end);
                    self.close();
                }
                None => self.open.extend_from_slice(part),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
