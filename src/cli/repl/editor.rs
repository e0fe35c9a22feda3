//! Reading lines from a person: rustyline with history, completion and colour.

use std::borrow::Cow;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Context, Helper};

use super::complete::{Names, complete};
use super::highlight::highlight;

/// Statements that the history keeps: years of use, read in a moment.
const HISTORY_SIZE_MAX: usize = 10_000;

/// What a person gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A line, without its newline; one recalled from history may hold several.
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the end of a script.
    End,
}

/// Where the shell gets its lines from.
pub trait Editor {
    /// Blocks until a line is there. `pending` is what was typed of the statement on the lines before.
    ///
    /// # Errors
    ///
    /// The terminal failed.
    fn read_line(&mut self, prompt: &str, pending: &str) -> io::Result<Input>;

    /// Keeps a statement for later sessions, unless it begins with a space.
    fn remember(&mut self, statement: &str);

    /// Replaces the names to complete.
    fn set_names(&mut self, names: Names);

    /// Columns of the terminal; `None` if results do not go to one.
    fn terminal_width(&mut self) -> Option<usize>;
}

/// How a [`TerminalEditor`] is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditorOptions {
    /// The history file; made with its folder if missing, readable by its owner only.
    pub history: Option<PathBuf>,
    /// Whether SQL is shown in colour.
    pub color: bool,
}

/// The editor of a terminal.
#[derive(Debug)]
pub struct TerminalEditor {
    editor: rustyline::Editor<ShellHelper, FileHistory>,
    history: Option<PathBuf>,
}

impl TerminalEditor {
    /// Takes over the terminal for as long as a line is read. Without a usable history file the session goes
    /// on, and only remembers itself.
    ///
    /// # Errors
    ///
    /// The terminal cannot be set up.
    pub fn new(options: EditorOptions) -> io::Result<Self> {
        let config = Config::builder()
            .max_history_size(HISTORY_SIZE_MAX)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(into_io_error)?
            .history_ignore_space(true)
            .auto_add_history(false)
            .completion_type(CompletionType::List)
            .color_mode(if options.color { ColorMode::Enabled } else { ColorMode::Disabled })
            .build();
        let mut editor = rustyline::Editor::with_config(config).map_err(into_io_error)?;
        editor.set_helper(Some(ShellHelper {
            names: Names::default(),
            pending: String::new(),
            color: options.color,
            files: FilenameCompleter::new(),
        }));
        let history = options.history.filter(|path| match prepare_history(path) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "no history is kept");
                false
            }
        });
        if let Some(path) = &history
            && let Err(error) = editor.load_history(path)
        {
            tracing::warn!(path = %path.display(), %error, "the history cannot be read");
        }
        Ok(Self { editor, history })
    }
}

impl Editor for TerminalEditor {
    fn read_line(&mut self, prompt: &str, pending: &str) -> io::Result<Input> {
        if let Some(helper) = self.editor.helper_mut() {
            pending.clone_into(&mut helper.pending);
        }
        match self.editor.readline(prompt) {
            Ok(line) => Ok(Input::Line(line)),
            Err(ReadlineError::Interrupted) => Ok(Input::Interrupted),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(into_io_error(error)),
        }
    }

    fn remember(&mut self, statement: &str) {
        let added = self.editor.add_history_entry(statement);
        if let (Ok(true), Some(path)) = (added, &self.history)
            && let Err(error) = self.editor.append_history(path)
        {
            tracing::warn!(path = %path.display(), %error, "the history cannot be written");
        }
    }

    fn set_names(&mut self, names: Names) {
        if let Some(helper) = self.editor.helper_mut() {
            helper.names = names;
        }
    }

    fn terminal_width(&mut self) -> Option<usize> {
        self.editor.dimensions().map(|(columns, _)| usize::from(columns))
    }
}

/// Columns of the terminal that stdout goes to; `None` if it goes elsewhere.
#[must_use]
pub fn stdout_width() -> Option<usize> {
    let mut editor = rustyline::DefaultEditor::new().ok()?;
    editor.dimensions().map(|(columns, _)| usize::from(columns))
}

/// The history may hold what is nobody else's business: its file and folder are the owner's alone.
fn prepare_history(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let _: File = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

fn into_io_error(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}

struct ShellHelper {
    names: Names,
    pending: String,
    color: bool,
    files: FilenameCompleter,
}

impl Helper for ShellHelper {}
impl Hinter for ShellHelper {
    type Hint = String;
}
impl Validator for ShellHelper {}

impl Completer for ShellHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, position: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let takes_file = ["\\i ", ".i ", "\\run ", ".run ", ".read ", "\\o ", ".o ", "\\output ", ".output "];
        if self.pending.is_empty() && takes_file.iter().any(|command| line.starts_with(command)) {
            return self.files.complete(line, position, context);
        }
        let whole = format!("{}{line}", self.pending);
        let completion = complete(&whole, self.pending.len() + position, &self.names);
        let pairs = completion.candidates.into_iter().map(|candidate| Pair { display: candidate.clone(), replacement: candidate });
        Ok((completion.start.saturating_sub(self.pending.len()), pairs.collect()))
    }
}

impl Highlighter for ShellHelper {
    fn highlight<'l>(&self, line: &'l str, _position: usize) -> Cow<'l, str> {
        if self.color && !super::meta::is_meta(line) { Cow::Owned(highlight(&self.pending, line)) } else { Cow::Borrowed(line) }
    }

    fn highlight_char(&self, _line: &str, _position: usize, kind: CmdKind) -> bool {
        self.color && kind != CmdKind::MoveCursor
    }
}
