//! Elava in a Rust program: append two scans, ask what changed.
//!
//! `cargo run --example embed`

#![allow(clippy::print_stdout, reason = "an example talks")]

use std::sync::Arc;

use elava::clock::{Clock, SystemClock};
use elava::model::{CanonicalJson, Content, CoverageStatus, Observation, ResourceKey, Scope, ScopeReport, Sighting};
use elava::query::{QuerySession, SessionOptions};
use elava::store::{Backend, Begin, LocalBackend, ScanBegun, Store, Writer};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let backend: Arc<dyn Backend> = Arc::new(LocalBackend::new(folder.path().join("store")));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let writer = Writer::open(Arc::clone(&backend), clock).await?;

    scan(&writer, "monday", &[("vol-1", "in-use"), ("vol-2", "in-use")]).await?;
    scan(&writer, "tuesday", &[("vol-1", "available")]).await?;

    let snapshot = Store::open(backend).await?.snapshot().await?;
    let mut session = QuerySession::new(snapshot, SessionOptions::default())?;
    let changes = session.execute("SELECT revision, change, resource_id, state, changed_paths FROM changes(2, 'head') ORDER BY 1").await?;
    println!("{}", arrow::util::pretty::pretty_format_batches(&changes.collect().await?)?);
    Ok(())
}

/// One complete listing of the volumes of an account's region: what it does not list is gone.
async fn scan(writer: &Writer, scan_id: &str, volumes: &[(&str, &str)]) -> Outcome<()> {
    let begin = Begin { scan_id: scan_id.into(), provider: Some("aws".into()), at: None, lift: false, guard: false, scopes: Vec::new() };
    let ScanBegun::Session(session) = writer.begin(begin).await? else { return Ok(()) };
    let observations = volumes.iter().map(|(id, state)| volume(id, state)).collect::<elava::Result<Vec<_>>>()?;
    session.observe(observations).await?;
    let scope = Scope::new("aws", "111122223333", "us-east-1", "aws_ebs_volume")?;
    session.complete(None, vec![ScopeReport::new(scope, CoverageStatus::Complete)]).await?;
    Ok(())
}

fn volume(id: &str, state: &str) -> elava::Result<Observation> {
    let content = Content {
        native_type: Some("AWS::EC2::Volume".into()),
        arn: None,
        name: None,
        state: Some(state.into()),
        created_at: None,
        tags: None,
        properties: CanonicalJson::empty_object(),
    };
    let hash = content.hash(None);
    let key = ResourceKey::new("aws", "111122223333", "us-east-1", "aws_ebs_volume", id)?;
    Ok(Observation { key, sighting: Sighting::Present(Arc::new(content), hash), observed_at: None })
}
