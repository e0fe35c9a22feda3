//! `elava sql`

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use crate::cli::args::SqlArgs;
use crate::cli::output::{OutputError, OutputOptions};
use crate::cli::repl::{Console, CtrlC, ScriptError, ScriptOptions, run_script};
use crate::cli::shell::{StoreShell, from_output, from_words};
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, Result};

/// Runs statements and writes their results.
///
/// # Errors
/// The first statement that fails, with its place; the store, the file or stdout refuses.
pub async fn run(args: SqlArgs, context: Context) -> Result<ExitStatus> {
    run_with(args, &context).await
}

/// As [`run`], of a context that is still needed.
///
/// # Errors
/// As [`run`].
pub async fn run_with(args: SqlArgs, context: &Context) -> Result<ExitStatus> {
    let script = Script::read(&args)?;
    let printer = context.printer;
    let settings = &context.settings;
    let max_rows = settings.max_rows.clone().or_flag(args.max_rows, "--max-rows").value;
    let format = settings.format.clone().or_flag(args.format.format, "--format").value;
    let terminal_width = if args.output.is_some() { None } else { printer.width() };
    if format.is_binary() && terminal_width.is_some() {
        return Err(from_output(OutputError::BinaryToTerminal(format)));
    }
    let output = OutputOptions { format, nested: args.nested, max_rows, terminal_width };
    let options = ScriptOptions { output, timing: args.timing };
    let mut file =
        args.output.map(|path| open::refuse_inside_store(settings, &path).and_then(|()| OutputFile::create(path))).transpose()?;
    let mut shell = StoreShell::open(settings, args.as_of).await?;
    let (mut stdout, mut err, mut interrupts) = (printer.stdout(), printer.stderr(), CtrlC);
    let out: &mut (dyn Write + Send) = match &mut file {
        Some(file) => &mut file.file,
        None => &mut stdout,
    };
    let mut console = Console { out, err: &mut err, interrupts: &mut interrupts };
    let done = run_script(&mut shell, &script.text, &options, &mut console).await;
    done.map_err(|error| script.failed(error))?;
    if let Some(file) = file {
        file.publish()?;
    }
    Ok(ExitStatus::Done)
}

/// Statements and where they came from.
struct Script {
    text: String,
    /// `None` for the command line.
    source: Option<String>,
}

impl Script {
    fn read(args: &SqlArgs) -> Result<Self> {
        if let Some(text) = &args.sql {
            return Ok(Self { text: text.clone(), source: None });
        }
        match args.file.as_deref() {
            Some(path) if path != Path::new("-") => {
                let text =
                    fs::read_to_string(path).map_err(|error| Error::invalid(format!("read {}", path.display())).with_source(error))?;
                Ok(Self { text, source: Some(path.display().to_string()) })
            }
            None if io::stdin().is_terminal() => Err(Error::invalid("there is no SQL to run")
                .with_hint("give it as an argument, with -f FILE or on standard input; `elava` alone opens the shell")),
            _ => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text).map_err(|error| Error::invalid("read standard input").with_source(error))?;
                Ok(Self { text, source: Some("standard input".to_owned()) })
            }
        }
    }

    fn failed(&self, error: ScriptError) -> Error {
        match (error, &self.source) {
            (ScriptError::Interrupted, _) => Error::unavailable("interrupted"),
            (ScriptError::Failed { line, error }, Some(source)) => from_words(error).context(format!("{source}, line {line}")),
            (ScriptError::Failed { error, .. }, None) => from_words(error),
        }
    }
}

/// A file that takes the place of another only when it is whole.
pub(super) struct OutputFile {
    file: File,
    path: PathBuf,
    /// `None` where the path names a pipe or a device.
    temporary: Option<PathBuf>,
}

impl OutputFile {
    /// # Errors
    /// `Invalid` for a folder, `Unavailable` if it cannot be made.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let failed = |error: io::Error| Error::unavailable(format!("create {}", path.display())).with_source(error);
        match fs::metadata(&path) {
            Ok(known) if known.is_dir() => return Err(Error::invalid(format!("{} is a folder", path.display()))),
            Ok(known) if !known.is_file() => {
                let file = File::options().write(true).open(&path).map_err(failed)?;
                return Ok(Self { file, path, temporary: None });
            }
            _ => {}
        }
        // A link is written through: what it points to is replaced.
        let path = path.canonicalize().unwrap_or(path);
        let name = path.file_name().ok_or_else(|| Error::invalid(format!("{} is no file name", path.display())))?;
        let temporary = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), uuid::Uuid::new_v4().simple()));
        let file =
            File::create_new(&temporary).map_err(|error| Error::unavailable(format!("create {}", path.display())).with_source(error))?;
        Ok(Self { file, path, temporary: Some(temporary) })
    }

    /// What is written is in place of the other once it is published.
    pub(super) fn writer(&mut self) -> &mut File {
        &mut self.file
    }

    /// # Errors
    /// `Unavailable` if it cannot take the other's place, which is still there.
    pub(super) fn publish(mut self) -> Result<()> {
        if let Some(temporary) = self.temporary.take() {
            fs::rename(&temporary, &self.path).map_err(|error| {
                let _ = fs::remove_file(&temporary);
                Error::unavailable(format!("write {}", self.path.display())).with_source(error)
            })?;
        }
        Ok(())
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}
