//! The one error type of the public API: a kind that tells the caller what to do next, a message that says what was
//! expected and found, and a hint with the next step.

use std::any::Any;
use std::fmt;

/// What the caller should do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Mend the argument, the SQL, the setting or the input.
    Invalid,
    /// Choose another store, revision, time or resource.
    NotFound,
    /// Another writer did the same at the same time; look at the store, then decide.
    Conflict,
    /// The storage or the system refused; it did not happen and may be tried again.
    Unavailable,
    /// It may have happened: open the store again and look.
    Uncertain,
    /// Stored bytes are not what was written: stop and run `elava verify`.
    Corrupt,
    /// The store was written by a newer Elava.
    Unsupported,
    /// A bug in Elava.
    Internal,
}

/// An error of Elava. Messages are lower case, without a full stop.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    byte: Option<u64>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything that can fail in Elava.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, byte: None, source: None }
    }

    /// Bad input, argument, SQL or setting.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// Something asked for is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Stored bytes are damaged.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// The storage refused and nothing happened.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// An invariant of Elava itself does not hold.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// What the reader of TOML says of a text, on one line, with the place in the file.
    pub fn toml(error: &toml::de::Error, text: &str, file: impl fmt::Display) -> Self {
        let tidy = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ").replace("unknown field", "unknown key");
        match error.span() {
            Some(span) => Self::invalid(tidy).context(format!("{file}, line {}", line_of(text, span.start))),
            None => Self::invalid(tidy).context(file),
        }
    }

    /// The same error with the next step to take.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error, told at which byte of an object it is: `message at byte N`.
    #[must_use]
    pub fn at_byte(mut self, byte: u64) -> Self {
        self.message = format!("{} at byte {byte}", self.message);
        self.byte = Some(byte);
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error, told where it happened: `context: message`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// The same error for another caller; the cause becomes part of the message.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { kind: self.kind, message: self.to_string(), hint: self.hint.clone(), byte: self.byte, source: None }
    }

    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What was expected and found.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The byte of the object that it is about, if it is known.
    pub fn byte(&self) -> Option<u64> {
        self.byte
    }

    /// The next step, if one is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// What somebody panicked about.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it did not say why")
}

/// The line of a place in a text, from 1.
pub fn line_of(text: &str, place: usize) -> usize {
    text.get(..place).unwrap_or_default().matches('\n').count() + 1
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        cause(&error).unwrap_or_else(|| Self::corrupt("arrow data cannot be read or written").with_source(error))
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(error: parquet::errors::ParquetError) -> Self {
        cause(&error).unwrap_or_else(|| Self::corrupt("parquet data cannot be read or written").with_source(error))
    }
}

impl From<object_store::Error> for Error {
    /// What the checks of bytes found is told as it is; all else is the storage's.
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::not_found(format!("{path} is not there")),
            object_store::Error::Generic { store, source } => match source.downcast::<Self>() {
                Ok(error) => *error,
                Err(source) => Self::unavailable("reading or writing failed").with_source(object_store::Error::Generic { store, source }),
            },
            error => Self::unavailable("reading or writing failed").with_source(error),
        }
    }
}

/// What is behind an error of a library, where it is not the data: an error of ours, or one of the storage, which says nothing
/// of the bytes that it did not hand out.
pub fn cause(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let causes = || std::iter::successors(Some(error), |error| error.source());
    if let Some(ours) = causes().find_map(|cause| cause.downcast_ref::<Error>()) {
        return Some(ours.duplicate());
    }
    let refused = causes().find_map(|cause| cause.downcast_ref::<object_store::Error>())?;
    Some(match refused {
        object_store::Error::NotFound { path, .. } => Error::corrupt(format!("{path} is missing")),
        refused => Error::unavailable(format!("reading or writing failed: {refused}")),
    })
}
