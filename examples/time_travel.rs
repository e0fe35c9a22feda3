//! Time travel over the demo: one question, asked at several moments.
//!
//! `elava demo && cargo run --example time_travel -- ./elava-demo`

#![allow(clippy::print_stdout, reason = "an example talks")]

use std::sync::Arc;

use elava::query::{QuerySession, SessionOptions};
use elava::store::{LocalBackend, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "elava-demo".to_owned());
    let store = Store::open(Arc::new(LocalBackend::new(folder))).await?;
    let mut session = QuerySession::new(store.snapshot().await?, SessionOptions::default())?;
    for at in ["2026-09-05", "2026-10-01", "head~10", "head"] {
        let sql = format!("SELECT '{at}' AS at, count(*) AS resources, count(tags['owner']) AS with_an_owner FROM resources_as_of('{at}')");
        let rows = session.execute(&sql).await?.collect().await?;
        println!("{}", arrow::util::pretty::pretty_format_batches(&rows)?);
    }
    // A pinned session sees the store as it stood: the same query, at any moment of the past.
    session.pin("2026-09-20")?;
    let rows = session.execute("SELECT elava_now() AS now, count(*) AS resources FROM resources").await?.collect().await?;
    println!("{}", arrow::util::pretty::pretty_format_batches(&rows)?);
    Ok(())
}
