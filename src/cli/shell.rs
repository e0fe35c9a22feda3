//! The shell's engine: a session of SQL over a store, which sees what is new before each statement.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;

use super::open;
use super::output::OutputError;
use super::repl::{Names, Relation, Shell, ShellError};
use super::resolve::Settings;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::query::{QuerySession, told};
use crate::store::{ReaderPin, Snapshot, Store};

/// A session over a store.
#[derive(Debug)]
pub struct StoreShell {
    store: Store,
    seen: Arc<Snapshot>,
    is_fresh: bool,
    session: QuerySession,
    completes: bool,
    names: Names,
}

impl StoreShell {
    /// Opens the store that the settings name, pinned or not.
    ///
    /// # Errors
    /// As [`open::reader`] and [`QuerySession::new`].
    pub async fn open(settings: &Settings, as_of: Option<String>) -> Result<Self> {
        let store = open::reader(settings).await?;
        let seen = store.snapshot().await?;
        let session = open::session(settings, &seen, as_of)?;
        Ok(Self { store, seen, is_fresh: true, session, completes: false, names: Names::default() })
    }

    /// Gathers the names to complete, now and after each statement that may change them. The first of those may come long after.
    pub async fn with_names(mut self) -> Self {
        (self.completes, self.is_fresh) = (true, false);
        self.gather_names().await;
        self
    }

    /// What is seen.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.seen
    }

    /// The session.
    pub fn session(&mut self) -> &mut QuerySession {
        &mut self.session
    }

    /// Keeps the files of what is seen, which is the newest, from being removed until it is released.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn pin_files(&mut self) -> Result<ReaderPin> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (newest, pin) = self.store.pinned(&clock).await?;
        self.see(newest)?;
        Ok(pin)
    }

    fn see(&mut self, newest: Arc<Snapshot>) -> Result<()> {
        if !Arc::ptr_eq(&newest, &self.seen) {
            self.session.refresh(Arc::<Snapshot>::clone(&newest))?;
            self.seen = newest;
        }
        Ok(())
    }

    /// Lets the next statement see what was written meanwhile.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn refresh(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_fresh) {
            return Ok(());
        }
        let newest = self.store.snapshot().await?;
        self.see(newest)
    }

    /// Names are a convenience: where they cannot be had, nothing is completed.
    async fn gather_names(&mut self) {
        let columns = "SELECT table_name, column_name FROM information_schema.columns \
             WHERE table_schema <> 'information_schema' ORDER BY table_name, ordinal_position";
        let functions = "SELECT DISTINCT routine_name FROM information_schema.routines ORDER BY routine_name";
        let mut names = Names::default();
        for [table, column] in self.texts(columns).await.unwrap_or_default() {
            match names.relations.last_mut() {
                Some(relation) if relation.name == table => relation.columns.push(column),
                _ => names.relations.push(Relation { name: table, columns: vec![column], is_function: false }),
            }
        }
        names.relations.extend(table_functions());
        names.functions = self.texts(functions).await.unwrap_or_default().into_iter().map(|[name]| name).collect();
        self.names = names;
    }

    /// The rows of a query of texts; nothing for NULL.
    ///
    /// # Errors
    /// Whatever the query runs into.
    pub async fn texts<const N: usize>(&mut self, sql: &str) -> Result<Vec<[String; N]>> {
        let batches = self.session.execute(sql).await?.collect().await?;
        let mut rows = Vec::new();
        for batch in &batches {
            rows.extend(text_rows(batch)?);
        }
        Ok(rows)
    }
}

fn text_rows<const N: usize>(batch: &RecordBatch) -> Result<Vec<[String; N]>> {
    let columns = batch.columns().iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<Vec<_>, _>>()?;
    let text = |column: usize, row: usize| {
        let column = columns.get(column).map(|column| column.as_string::<i32>());
        column.filter(|column| column.is_valid(row)).map_or_else(String::new, |column| column.value(row).to_owned())
    };
    Ok((0..batch.num_rows()).map(|row| std::array::from_fn(|column| text(column, row))).collect())
}

/// Table functions are no tables of the catalogue.
fn table_functions() -> impl Iterator<Item = Relation> {
    crate::query::table_functions().into_iter().map(|(name, columns)| Relation { name, columns, is_function: true })
}

#[async_trait]
impl Shell for StoreShell {
    async fn execute(&mut self, statement: &str) -> Result<SendableRecordBatchStream, ShellError> {
        self.refresh().await.map_err(in_words)?;
        let rows = self.session.execute(statement).await.map_err(in_words)?;
        if self.completes && rows.schema().fields().is_empty() {
            self.gather_names().await;
        }
        Ok(rows.into_inner())
    }

    async fn pin(&mut self, point: Option<&str>) -> Result<(), ShellError> {
        self.refresh().await.map_err(in_words)?;
        match point {
            Some(point) => self.session.pin(point).map_err(in_words),
            None => {
                self.session.unpin();
                Ok(())
            }
        }
    }

    fn pinned(&self) -> Option<String> {
        self.session.view().pin().map(|pin| pin.revision.to_string())
    }

    fn names(&self) -> Names {
        self.names.clone()
    }

    fn explain(&self, error: OutputError) -> ShellError {
        in_words(from_output(error))
    }
}

/// An error that came while rows were read or written, as one of ours.
pub fn from_output(error: OutputError) -> Error {
    match error {
        OutputError::Query(error) => told(error),
        OutputError::Write(error) => Error::unavailable("write the result").with_source(error),
        OutputError::BinaryToTerminal(_) => Error::invalid(error.to_string()).with_hint("add --output FILE"),
        other => Error::internal("encode the result").with_source(other),
    }
}

/// An error as the shell says it.
pub fn in_words(error: Error) -> ShellError {
    ShellError { message: error.to_string(), hint: error.hint().map(str::to_owned) }
}

/// An error of the shell, as an error.
pub fn from_words(error: ShellError) -> Error {
    let told = Error::invalid(error.message);
    match error.hint {
        Some(hint) => told.with_hint(hint),
        None => told,
    }
}
