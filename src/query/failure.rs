//! DataFusion's errors as ours: a kind that tells the user what to do, and a message without the engine's inner names.

use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;

use super::near::nearest;
use crate::error::{Error, ErrorKind, cause};

/// An error of DataFusion, told to the user.
pub fn told(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(source) => from_external(source),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => told(*inner),
        DataFusionError::Collection(errors) => match errors.into_iter().next() {
            Some(first) => told(first),
            None => Error::internal("an empty list of errors"),
        },
        DataFusionError::Shared(shared) => from_shared(&shared),
        DataFusionError::ArrowError(arrow, _) => from_arrow(*arrow),
        DataFusionError::SQL(error, _) => Error::invalid(format!("SQL cannot be read: {}", parser_text(&error.to_string()))),
        DataFusionError::SchemaError(error, _) => from_schema(&error),
        DataFusionError::Plan(text) | DataFusionError::Configuration(text) | DataFusionError::Execution(text) => {
            Error::invalid(tidy(&text))
        }
        DataFusionError::NotImplemented(text) => Error::invalid(tidy(&text)),
        DataFusionError::ResourcesExhausted(text) => {
            Error::unavailable(format!("the query needs more memory than it may use: {}", tidy(&text)))
                .with_hint("ask for fewer columns or rows, or raise the memory limit")
        }
        DataFusionError::IoError(error) => Error::unavailable("reading or writing failed").with_source(error),
        DataFusionError::ObjectStore(error) => (*error).into(),
        DataFusionError::ParquetError(error) => from_parquet(*error),
        other => Error::internal(tidy(&other.strip_backtrace())),
    }
}

fn from_external(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let source = match source.downcast::<Error>() {
        Ok(error) => return *error,
        Err(source) => source,
    };
    let source = match source.downcast::<DataFusionError>() {
        Ok(error) => return told(*error),
        Err(source) => source,
    };
    let source = match source.downcast::<ArrowError>() {
        Ok(error) => return from_arrow(*error),
        Err(source) => source,
    };
    match source.downcast::<ParquetError>() {
        Ok(error) => from_parquet(*error),
        Err(source) => match source.downcast::<object_store::Error>() {
            Ok(error) => (*error).into(),
            Err(source) => Error::internal(source.to_string()),
        },
    }
}

/// An error that others hold too: its kind and text.
fn from_shared(error: &DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::External(source) => match source.downcast_ref::<Error>() {
            Some(error) => Error::new(error.kind(), error.to_string()).with_hint(error.hint().unwrap_or_default()),
            None => Error::internal(source.to_string()),
        },
        DataFusionError::Execution(text) | DataFusionError::Plan(text) => Error::invalid(tidy(text)),
        DataFusionError::ArrowError(arrow, _) => Error::new(arrow_kind(arrow), arrow.to_string()),
        DataFusionError::ResourcesExhausted(text) => Error::unavailable(tidy(text)),
        DataFusionError::ParquetError(error) if is_refusal(error) => Error::unavailable(error.to_string()),
        DataFusionError::ParquetError(error) => cause(&**error).unwrap_or_else(|| Error::corrupt(error.to_string())),
        other => Error::internal(tidy(&other.strip_backtrace())),
    }
}

fn from_parquet(error: ParquetError) -> Error {
    match is_refusal(&error) {
        true => Error::unavailable(error.to_string()),
        false => error.into(),
    }
}

/// Whether a file's footer could not be fetched, of which DataFusion hands on no more than the text. What the checks of bytes
/// found comes in the name of `elava`.
fn is_refusal(error: &ParquetError) -> bool {
    let ParquetError::General(text) = error else { return false };
    text.starts_with("Failed to fetch metadata for file") && text.contains("Object Store error: ") && !text.contains("Generic elava error")
}

fn from_arrow(error: ArrowError) -> Error {
    match error {
        ArrowError::ExternalError(source) => from_external(source),
        error => Error::new(arrow_kind(&error), tidy(&error.to_string())),
    }
}

fn arrow_kind(error: &ArrowError) -> ErrorKind {
    match error {
        ArrowError::CastError(_)
        | ArrowError::ParseError(_)
        | ArrowError::DivideByZero
        | ArrowError::ArithmeticOverflow(_)
        | ArrowError::InvalidArgumentError(_)
        | ArrowError::ComputeError(_)
        | ArrowError::CsvError(_)
        | ArrowError::JsonError(_)
        | ArrowError::NotYetImplemented(_)
        | ArrowError::SchemaError(_) => ErrorKind::Invalid,
        ArrowError::IoError(..) => ErrorKind::Unavailable,
        ArrowError::ParquetError(_) => ErrorKind::Corrupt,
        ArrowError::MemoryError(_) => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

fn from_schema(error: &SchemaError) -> Error {
    let SchemaError::FieldNotFound { field, valid_fields } = error else { return Error::invalid(tidy(&error.to_string())) };
    let near = nearest(&field.name, valid_fields.iter().map(|known| known.name.as_str()));
    let unknown = Error::invalid(format!("there is no column {}", field.flat_name()));
    match near {
        Some(near) => unknown.with_hint(format!("did you mean {near}?")),
        None if valid_fields.is_empty() => unknown.with_hint("text stands in single quotes"),
        None => unknown.with_hint(format!("columns here are {}", listed(valid_fields.iter().map(|known| known.name.clone())))),
    }
}

/// The most names that a hint lists.
const LISTED_MAX: usize = 20;

fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    let more = names.len() > LISTED_MAX;
    names.truncate(LISTED_MAX);
    let text = names.join(", ");
    if more { format!("{text}, ...") } else { text }
}

/// A message with what only DataFusion's own developers need taken away.
fn tidy(text: &str) -> String {
    let text = text.split("\n\nbacktrace").next().unwrap_or(text);
    let mut text = text.trim();
    for prefix in ["Error during planning: ", "Execution error: ", "External error: ", "Arrow error: ", "This feature is not implemented: "]
    {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    text.to_owned()
}

fn parser_text(text: &str) -> String {
    text.strip_prefix("sql parser error: ").unwrap_or(text).to_owned()
}
