//! Tests over stores made by hand.

mod fake;
mod laws;
mod parameters;
mod sessions;
mod surface;
mod timeline;

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{HistorySource, QuerySession, SessionOptions};
use crate::clock::ManualClock;
use crate::model::Timestamp;
use fake::{HOUR, START};

/// Rows as text: values separated by `|`.
pub(super) fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        lines.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|")),
        );
    }
    lines
}

pub(super) fn session(source: Arc<dyn HistorySource>) -> QuerySession {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(START + 100 * HOUR)));
    QuerySession::new(source, SessionOptions { clock, target_partitions: Some(2), ..SessionOptions::default() }).unwrap()
}

pub(super) async fn rows(session: &mut QuerySession, sql: &str) -> Vec<String> {
    let stream = session.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    lines(&stream.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}")))
}

pub(super) async fn sorted(session: &mut QuerySession, sql: &str) -> Vec<String> {
    let mut rows = rows(session, sql).await;
    rows.sort_unstable();
    rows
}

pub(super) async fn failure(session: &mut QuerySession, sql: &str) -> String {
    let error = match session.execute(sql).await {
        Ok(stream) => match stream.collect().await {
            Ok(batches) => panic!("{sql}: no error but {:?}", lines(&batches)),
            Err(error) => error,
        },
        Err(error) => error,
    };
    match error.hint() {
        Some(hint) => format!("{:?}: {error} [{hint}]", error.kind()),
        None => format!("{:?}: {error}", error.kind()),
    }
}
