//! Observations follow up: each that saw a version saw one that held then, of a resource of its scope.
//!
//! Versions are looked up by the revision that they began with, as many epochs at a time as fit a limit; the observations of
//! their time are read again for each such stretch.

use arrow::array::{Array, RecordBatch};
use futures::StreamExt;
use hashbrown::HashMap;

use super::Damage;
use super::tables::Tables;
use crate::error::Result;
use crate::model::{Change, Revision};
use crate::store::data_file::DataFile;
use crate::store::manifest::Epoch;
use crate::store::parquet_io::read_file;
use crate::store::schema;
use crate::store::segment::{numbers, texts};
use crate::store::tag_columns::schema_of;

/// Rows of versions that are looked up in at once, unless one epoch has more: about 40 bytes each.
const VERSIONS_HELD_MAX: u64 = 1 << 22;
/// The columns of a scope.
const SCOPE: [&str; 4] = ["provider", "account_id", "region", "resource_type"];

/// A version: until when it held, `MAX` while nothing is known of its end; and a digest of its scope.
#[derive(Debug, Clone, Copy)]
struct Life {
    to: Revision,
    scope: u64,
}

/// Follows all observations up.
///
/// # Errors
/// `Unavailable` if the storage refuses.
pub async fn check(tables: &mut Tables<'_, '_>) -> Result<()> {
    let mut epochs = tables.manifest.epochs.as_slice();
    while !epochs.is_empty() {
        let mut rows = 0;
        let fits = |epoch: &&Epoch| {
            rows += epoch.files.iter().map(|file| file.rows).sum::<u64>();
            rows <= VERSIONS_HELD_MAX
        };
        let (now, later) = epochs.split_at(epochs.iter().take_while(fits).count().max(1));
        check_stretch(tables, now).await?;
        epochs = later;
    }
    Ok(())
}

async fn check_stretch(tables: &mut Tables<'_, '_>, epochs: &[Epoch]) -> Result<()> {
    let mut lives = HashMap::new();
    for epoch in epochs {
        for file in &epoch.files {
            read_versions(tables, file, &mut lives).await?;
        }
        if let Some(file) = &epoch.closings {
            let closings = read_file(&*tables.audit.backend, file, &schema::CLOSINGS).await?;
            let (from, to) = (numbers(&closings, "valid_from_revision")?, numbers(&closings, "valid_to_revision")?);
            for (from, to) in from.values().iter().zip(to.values()) {
                if let Some(life) = lives.get_mut(from) {
                    life.to = *to;
                }
            }
        }
    }
    let start = epochs.first().map_or(0, |epoch| epoch.start).max(tables.after);
    let end = epochs.last().and_then(|epoch| epoch.end).unwrap_or(Revision::MAX);
    let manifest = tables.manifest;
    for file in &manifest.observations {
        if file.int_bounds("revision").is_some_and(|(first, last)| first <= end && last > start) {
            let read = check_file(tables, file, &lives, start, end).await;
            tables.audit.note(&file.name, read)?;
        }
    }
    Ok(())
}

async fn read_versions(tables: &Tables<'_, '_>, file: &DataFile, lives: &mut HashMap<Revision, Life>) -> Result<()> {
    let columns = [SCOPE.as_slice(), &["valid_from_revision", "valid_to_revision"]].concat();
    let mut batches = tables.open(file, &schema_of(file), &columns);
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let (from, to) = (numbers(&batch, "valid_from_revision")?, numbers(&batch, "valid_to_revision")?);
        let scopes = tables.audit.digests.of(&batch, &SCOPE)?;
        for (row, scope) in scopes.into_iter().enumerate() {
            let to = if to.is_valid(row) { to.value(row) } else { Revision::MAX };
            lives.insert(from.value(row), Life { to, scope });
        }
    }
    Ok(())
}

async fn check_file(
    tables: &mut Tables<'_, '_>,
    file: &DataFile,
    lives: &HashMap<Revision, Life>,
    start: Revision,
    end: Revision,
) -> Result<()> {
    let columns = [SCOPE.as_slice(), &["revision", "version_revision", "change"]].concat();
    let mut batches = tables.open(file, &schema::OBSERVATIONS, &columns);
    while let Some(batch) = batches.next().await {
        check_rows(tables, file, &batch?, lives, start, end)?;
    }
    Ok(())
}

fn check_rows(
    tables: &mut Tables<'_, '_>,
    file: &DataFile,
    batch: &RecordBatch,
    lives: &HashMap<Revision, Life>,
    start: Revision,
    end: Revision,
) -> Result<()> {
    let (revisions, versions, changes) = (numbers(batch, "revision")?, numbers(batch, "version_revision")?, texts(batch, "change")?);
    let scopes = tables.audit.digests.of(batch, &SCOPE)?;
    for (row, scope) in scopes.into_iter().enumerate() {
        let (revision, version) = (revisions.value(row), versions.value(row));
        if revision <= start || revision > end {
            continue;
        }
        let is_deletion = changes.value(row) == Change::Deleted.as_str();
        let right = lives.get(&version).is_some_and(|life| {
            let holds = if is_deletion { life.to == revision } else { version < revision && revision < life.to };
            life.scope == scope && (holds || version == revision)
        });
        if !right {
            let what = format!("an observation by {:?} of version {version}, which did not hold then", changes.value(row));
            tables.found(Damage::new(&file.name, what).about(revision, revision));
        }
    }
    Ok(())
}
