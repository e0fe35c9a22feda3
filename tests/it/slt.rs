//! The SQL surface from outside: the files in `tests/slt`, on one small history in several layouts.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use elava::Error;
use elava::ingest::{ImportOptions, Source, import};
use elava::query::{QuerySession, SessionOptions};
use elava::store::{CompactOptions, Snapshot, Store, StoreSettings, Writer};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

use crate::support::{Scratch, clock};

struct Session(QuerySession);

/// An error with its hint, as the command line tells it.
#[derive(Debug)]
struct Told(Error);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        self.0.hint().map_or(Ok(()), |hint| write!(f, " [{hint}]"))
    }
}

impl std::error::Error for Told {}

#[async_trait]
impl AsyncDB for Session {
    type Error = Told;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Told> {
        let stream = self.0.execute(sql).await.map_err(Told)?;
        let types = vec![DefaultColumnType::Any; stream.schema().fields().len()];
        let batches = stream.collect().await.map_err(Told)?;
        if types.is_empty() {
            return Ok(DBOutput::StatementComplete(0));
        }
        let options = FormatOptions::default().with_null("NULL");
        let mut rows = Vec::new();
        for batch in &batches {
            let columns: Vec<_> = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
            rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| text(&column.value(row).to_string())).collect()));
        }
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}
}

/// A value as it can stand in a file: never empty.
fn text(value: &str) -> String {
    if value.is_empty() { "(empty)".to_owned() } else { value.to_owned() }
}

/// How much of the history is compacted, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Layout {
    Log,
    Tables,
    Both,
}

async fn snapshot(scratch: &Scratch, history: &str, layout: Layout) -> Arc<Snapshot> {
    let history = std::fs::read_to_string(Path::new("tests/slt").join(history)).unwrap();
    let writer = Writer::open(scratch.backend(), clock()).await.unwrap();
    writer.change_settings(StoreSettings { epoch_rows_min: 2, ..StoreSettings::default() }).await.unwrap();
    for (nth, scan) in history.split_inclusive("09Z\"}\n").enumerate() {
        let path = scratch.store_folder().with_file_name(format!("{nth}.ndjson"));
        std::fs::write(&path, scan).unwrap();
        import(&writer, vec![Source::argument(path.to_str().unwrap())], &ImportOptions::default(), &mut |_| {}).await.unwrap();
        if layout == Layout::Both && nth == 1 {
            writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
        }
    }
    writer.tag("before-move", 4).await.unwrap();
    if layout == Layout::Tables {
        writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
    }
    Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap()
}

async fn run(file: &str, history: &str, layout: Layout) {
    let scratch = Scratch::new();
    let snapshot = snapshot(&scratch, history, layout).await;
    let folder = scratch.store_folder();
    std::fs::write(folder.with_file_name("prices.csv"), "type,price\nt3.micro,7\nr6i.large,90\n").unwrap();
    std::fs::write(folder.with_file_name("owners.ndjson"), "{\"id\":\"i-1\",\"team\":\"red\"}\n{\"id\":\"i-2\",\"team\":\"blue\"}\n")
        .unwrap();
    let mut runner = Runner::new(async || {
        let source = Arc::clone(&snapshot) as Arc<dyn elava::query::HistorySource>;
        let options = SessionOptions { clock: clock(), forbidden_folder: Some(folder.clone()), ..SessionOptions::default() };
        Ok(Session(QuerySession::new(source, options).unwrap()))
    });
    runner.set_var("FOLDER".to_owned(), folder.parent().unwrap().display().to_string());
    runner.set_var("STORE".to_owned(), folder.display().to_string());
    let path = Path::new("tests/slt").join(file);
    if std::env::var_os("ELAVA_UPDATE_SLT").is_some() {
        let (validator, normalizer) = (sqllogictest::default_validator, sqllogictest::default_normalizer);
        let types = sqllogictest::default_column_validator;
        runner.update_test_file(&path, " ", validator, normalizer, types).await.unwrap();
        return;
    }
    if let Err(error) = runner.run_file_async(&path).await {
        panic!("{layout:?}: {}", error.display(false));
    }
}

macro_rules! in_every_layout {
    ($history:literal: $($name:ident),*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            for layout in [Layout::Log, Layout::Tables, Layout::Both] {
                run(concat!(stringify!($name), ".slt"), $history, layout).await;
            }
        })*
    };
}

in_every_layout!("history.ndjson": tables, points, sessions, files, errors, postgres);
in_every_layout!("network.ndjson": relationships);
