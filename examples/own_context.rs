//! Elava's tables and functions inside a DataFusion context of one's own.
//!
//! `elava demo && cargo run --example own_context -- ./elava-demo`

#![allow(clippy::print_stdout, reason = "an example talks")]

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use elava::query::register;
use elava::store::{LocalBackend, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "elava-demo".to_owned());
    let snapshot = Store::open(Arc::new(LocalBackend::new(folder))).await?.snapshot().await?;
    let context = SessionContext::new();
    register(&context, snapshot)?;
    context
        .sql("CREATE TABLE prices (resource_type TEXT, monthly DOUBLE) AS VALUES ('aws_vpc_nat_gateway', 32.9), ('aws_vpc_eip', 3.6)")
        .await?;
    context
        .sql("SELECT p.resource_type, count(*) AS resources, sum(p.monthly) AS monthly FROM elava.public.resources r JOIN prices p ON p.resource_type = r.resource_type GROUP BY 1 ORDER BY 1")
        .await?
        .show()
        .await?;
    Ok(())
}
