//! The rows of versions, epoch by epoch: in order, within their epoch, and in agreement with what comes before and after.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListBuilder, RecordBatch, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use futures::StreamExt;

use super::Damage;
use super::chain::Told;
use super::digest::{Side, pick, rows_where};
use super::tables::{Agreement, Tables, change_columns, names_of, opened_columns, version_columns};
use crate::error::{Error, Result};
use crate::model::{Change, Revision};
use crate::store::closings::Closings;
use crate::store::content_columns::{ContentColumns, content_arrays};
use crate::store::data_file::DataFile;
use crate::store::manifest::Epoch;
use crate::store::parquet_io::{Bounds, FileKind, read_file};
use crate::store::schema;
use crate::store::segment::{numbers, texts, times};
use crate::store::tag_columns::{is_tag_column, schema_of, with_tags};

/// One epoch, and what was seen of it so far.
struct OfEpoch<'e> {
    place: usize,
    epoch: &'e Epoch,
    closings: Closings,
    /// How many of the closings were of a row.
    closed: usize,
    alive: u64,
}

/// Reads all versions.
///
/// # Errors
/// `Unavailable` if the storage refuses.
pub async fn check(tables: &mut Tables<'_, '_>) -> Result<()> {
    let (manifest, name) = (tables.manifest, tables.manifest_name());
    for (place, epoch) in manifest.epochs.iter().enumerate() {
        if let Some(file) = &epoch.closings
            && !tables.sources.read(tables.audit, file).await?
        {
            continue;
        }
        let read = closings_of(tables, epoch).await;
        let object = epoch.closings.as_ref().map_or(name.as_str(), |file| &file.name);
        let Some(closings) = tables.audit.note(object, read)? else { continue };
        let mut of_epoch = OfEpoch { place, epoch, closings, closed: 0, alive: 0 };
        for file in &epoch.files {
            if !tables.sources.read(tables.audit, file).await? {
                continue;
            }
            let read = of_epoch.check_file(tables, file).await;
            tables.audit.note(&file.name, read)?;
        }
        let (expected, found) = (of_epoch.closings.rows().num_rows(), of_epoch.closed);
        if expected != found {
            let damage = Damage::new(object, format!("it ends {expected} versions, but {found} rows of the epoch are of such"));
            tables.found(damage.about(epoch.start + 1, epoch.end.unwrap_or(manifest.index.head)));
        }
        if epoch.end.is_none() && of_epoch.alive != manifest.cutting.alive {
            let what = format!("it says that {} resources are alive, but {} rows are open", manifest.cutting.alive, of_epoch.alive);
            tables.found(Damage::new(&name, what));
        }
    }
    Ok(())
}

async fn closings_of(tables: &mut Tables<'_, '_>, epoch: &Epoch) -> Result<Closings> {
    let Some(file) = &epoch.closings else { return Closings::new(RecordBatch::new_empty(Arc::clone(&schema::CLOSINGS))) };
    let rows = read_file(&*tables.audit.backend, file, &schema::CLOSINGS).await?;
    let mut bounds = Bounds::new(FileKind::Closings);
    bounds.add(&rows)?;
    tables.check_bounds(file, bounds, rows.num_rows() as u64);
    Closings::new(rows)
}

impl OfEpoch<'_> {
    async fn check_file(&mut self, tables: &mut Tables<'_, '_>, file: &DataFile) -> Result<()> {
        let (schema, deep) = (schema_of(file), tables.audit.options.deep);
        let tags = schema.fields().iter().map(|field| field.name().as_str()).filter(|name| is_tag_column(name));
        let columns: Vec<&str> = version_columns(deep).into_iter().chain(tags).collect();
        let (mut bounds, mut rows, mut last) = (Bounds::new(FileKind::Versions), 0, None);
        let mut batches = tables.open(file, &schema, &columns);
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            bounds.add(&batch)?;
            rows += batch.num_rows() as u64;
            let plain = batch.project(&(0..version_columns(deep).len()).collect::<Vec<_>>())?;
            if deep && with_tags(&plain, &schema)?.columns() != batch.columns() {
                tables.found(Damage::new(&file.name, "its columns of tags are not what its tags say"));
            }
            self.check_order(tables, file, &plain, &mut last)?;
            let closed = numbers(&plain, "valid_from_revision")?.values().iter().filter(|from| self.closings.row_of(**from).is_some());
            self.closed += closed.count();
            let plain = self.closings.close(&plain)?;
            self.check_spans(tables, file, &plain)?;
            self.began(tables, file, &plain)?;
            self.ended(tables, &plain)?;
            self.at_cuts(tables, &plain)?;
        }
        tables.check_bounds(file, bounds, rows);
        Ok(())
    }

    /// Rows are sorted by type, key and revision, and no two of a resource hold at once.
    fn check_order(
        &self,
        tables: &mut Tables<'_, '_>,
        file: &DataFile,
        batch: &RecordBatch,
        last: &mut Option<(String, String, Revision)>,
    ) -> Result<()> {
        let (types, keys, from) = (texts(batch, "resource_type")?, texts(batch, "resource_key")?, numbers(batch, "valid_from_revision")?);
        for row in 0..batch.num_rows() {
            let (resource_type, key, revision) = (types.value(row), keys.value(row), from.value(row));
            if let Some((last_type, last_key, last_revision)) = last
                && (last_type.as_str(), last_key.as_str(), *last_revision) >= (resource_type, key, revision)
            {
                let damage = Damage::new(&file.name, format!("its rows are not in order at {key}"));
                tables.found(damage.about(revision, revision));
            }
            match last {
                Some((_, last_key, last_revision)) if last_key == key => *last_revision = revision,
                _ => *last = Some((resource_type.to_owned(), key.to_owned(), revision)),
            }
        }
        Ok(())
    }

    /// Each row holds at some moment of the epoch.
    fn check_spans(&self, tables: &mut Tables<'_, '_>, file: &DataFile, batch: &RecordBatch) -> Result<()> {
        let (from, to) = (numbers(batch, "valid_from_revision")?, numbers(batch, "valid_to_revision")?);
        let (ended_by, changes) = (texts(batch, "ended_by")?, texts(batch, "change")?);
        let (start, end) = (self.epoch.start, self.epoch.end.unwrap_or(tables.manifest.index.head));
        for row in 0..batch.num_rows() {
            let is_late = changes.value(row) == Change::Late.as_str();
            let holds = match to.is_valid(row) {
                false => !is_late && ended_by.is_null(row),
                true if is_late => to.value(row) == from.value(row) && from.value(row) > start && ended_by.is_null(row),
                true => to.value(row) > from.value(row).max(start) && to.value(row) <= end && ended_by.is_valid(row),
            };
            if !holds || from.value(row) > end {
                let damage =
                    Damage::new(&file.name, format!("the version does not belong to the epoch of revisions {} to {end}", start + 1));
                tables.found(damage.about(from.value(row), from.value(row)));
            }
        }
        Ok(())
    }

    /// The versions that began in the epoch, late contents among them.
    fn began(&self, tables: &mut Tables<'_, '_>, file: &DataFile, batch: &RecordBatch) -> Result<()> {
        let (from, after, deep) = (numbers(batch, "valid_from_revision")?, tables.after.max(self.epoch.start), tables.audit.options.deep);
        let began = rows_where(batch, |row| from.value(row) > after)?;
        let key = "valid_from_revision";
        tables.tell(Told::Opened, &began, key, &opened_columns(deep))?;
        let scope = ["provider", "account_id", "region", "resource_type"];
        let facts = [&[key, key, "change", "scan_id", "valid_from"], scope.as_slice()].concat();
        tables.agree(Agreement::Beginnings, Side::Found, &began, key, &facts)?;
        let changes = texts(&began, "change")?;
        let updated = rows_where(&began, |row| changes.value(row) == Change::Updated.as_str())?;
        tables.agree(Agreement::Successions, Side::Found, &updated, key, &[key, "resource_key", "first_seen_revision", "first_seen_at"])?;
        let told = rows_where(&began, |row| changes.value(row) != Change::Late.as_str())?;
        let of_change = |name: &'static str| match name {
            "revision" => key,
            "changed_at" => "valid_from",
            other => other,
        };
        let facts: Vec<&str> = change_columns(deep).into_iter().map(of_change).collect();
        tables.agree(Agreement::Changes, Side::Expected, &told, key, &facts)?;
        check_lives(tables, file, &began)?;
        if deep {
            let revisions = numbers(&began, key)?;
            for row in tables.rules.disagreeing(&began, &tables.redactions, |row| tables.chain.seq_of(revisions.value(row)))? {
                let damage = Damage::new(&file.name, "the content of the version does not have the hash that is stored with it");
                tables.found(damage.about(revisions.value(row), revisions.value(row)));
            }
        }
        Ok(())
    }

    /// The versions that ended in the epoch.
    fn ended(&self, tables: &mut Tables<'_, '_>, batch: &RecordBatch) -> Result<()> {
        let (ended_by, to, after) = (texts(batch, "ended_by")?, numbers(batch, "valid_to_revision")?, tables.after);
        let ended = rows_where(batch, |row| ended_by.is_valid(row) && to.value(row) > after)?;
        let key = "valid_to_revision";
        tables.tell(Told::Closed, &ended, key, &names_of(&schema::CLOSINGS))?;
        tables.agree(Agreement::Endings, Side::Found, &ended, key, &[key, "ended_by", "ending_scan_id", "valid_to"])?;
        let ended_by = texts(&ended, "ended_by")?;
        let deleted = rows_where(&ended, |row| ended_by.value(row) == Change::Deleted.as_str())?;
        tables.agree(Agreement::Deletions, Side::Found, &deleted, key, &["valid_from_revision", key])?;
        self.deletions(tables, &deleted)?;
        let updated = rows_where(&ended, |row| ended_by.value(row) == Change::Updated.as_str())?;
        tables.agree(
            Agreement::Successions,
            Side::Expected,
            &updated,
            key,
            &[key, "resource_key", "first_seen_revision", "first_seen_at"],
        )?;
        if tables.audit.options.deep {
            let columns = [pick(&updated, &[key])?, vec![replaced(&updated)?]].concat();
            let digests = tables.audit.digests.of_arrays(&columns)?;
            tables.agreements.add(Agreement::Replaced as usize, Side::Expected, numbers(&updated, key)?.values().iter().copied(), digests);
        }
        Ok(())
    }

    /// Deleted versions as changes tell of them.
    fn deletions(&self, tables: &mut Tables<'_, '_>, deleted: &RecordBatch) -> Result<()> {
        let column = |name: &str| -> Result<ArrayRef> {
            let name = match name {
                "revision" => "valid_to_revision",
                "changed_at" => "valid_to",
                "scan_id" => "ending_scan_id",
                "change" => "ended_by",
                "changed_paths" => return Ok(no_paths(deleted.num_rows())),
                other => other,
            };
            deleted.column_by_name(name).cloned().ok_or_else(|| Error::internal(format!("no column {name}")))
        };
        let columns = change_columns(tables.audit.options.deep).into_iter().map(column).collect::<Result<Vec<_>>>()?;
        let digests = tables.audit.digests.of_arrays(&columns)?;
        let revisions = numbers(deleted, "valid_to_revision")?.values().iter().copied();
        tables.agreements.add(Agreement::Changes as usize, Side::Expected, revisions, digests);
        Ok(())
    }

    /// What is alive at the epoch's cuts: all of it is in the next epoch too, and nothing else.
    fn at_cuts(&mut self, tables: &mut Tables<'_, '_>, batch: &RecordBatch) -> Result<()> {
        let (from, to) = (numbers(batch, "valid_from_revision")?, numbers(batch, "valid_to_revision")?);
        let columns = opened_columns(tables.audit.options.deep);
        let open = rows_where(batch, |row| to.is_null(row))?;
        self.alive += open.num_rows() as u64;
        if self.epoch.end.is_some() {
            let digests = tables.audit.digests.of(&open, &columns)?;
            digests.into_iter().for_each(|row| tables.agreements.add_at(self.place, Agreement::Carried as usize, Side::Expected, row));
        }
        let carried = rows_where(batch, |row| from.value(row) <= self.epoch.start)?;
        let digests = tables.audit.digests.of(&carried, &columns)?;
        match self.place.checked_sub(1) {
            Some(before) => {
                digests.into_iter().for_each(|row| tables.agreements.add_at(before, Agreement::Carried as usize, Side::Found, row));
            }
            None if self.epoch.start == 0 && !digests.is_empty() => {
                let damage = Damage::new(&tables.manifest_name(), "versions begin before the first revision");
                tables.found(damage);
            }
            None => {}
        }
        Ok(())
    }
}

/// A life begins with the version that was created.
fn check_lives(tables: &mut Tables<'_, '_>, file: &DataFile, began: &RecordBatch) -> Result<()> {
    let (from, first, changes) = (numbers(began, "valid_from_revision")?, numbers(began, "first_seen_revision")?, texts(began, "change")?);
    let (at, first_at) = (times(began, "valid_from")?, times(began, "first_seen_at")?);
    for row in 0..began.num_rows() {
        let is_first = first.value(row) == from.value(row);
        let right = match changes.value(row) {
            "created" | "late" => is_first && first_at.value(row) == at.value(row),
            "updated" => first.value(row) < from.value(row),
            _ => false,
        };
        if !right {
            let what = format!("a version by {:?} whose life begins with revision {}", changes.value(row), first.value(row));
            tables.found(Damage::new(&file.name, what).about(from.value(row), from.value(row)));
        }
    }
    Ok(())
}

/// The contents of rows, as changes tell of what an update replaced.
fn replaced(rows: &RecordBatch) -> Result<ArrayRef> {
    let arrays = content_arrays(rows)?;
    let contents = ContentColumns::new(&arrays)?;
    let mut before = StringViewBuilder::with_capacity(rows.num_rows());
    for row in 0..rows.num_rows() {
        let mut text = String::new();
        contents.write_json(row, &mut text);
        before.append_value(&text);
    }
    Ok(Arc::new(before.finish()))
}

/// Rows without paths.
fn no_paths(rows: usize) -> ArrayRef {
    let item = Field::new("item", DataType::Utf8View, false);
    let mut paths = ListBuilder::new(StringViewBuilder::new()).with_field(item);
    (0..rows).for_each(|_| paths.append(true));
    Arc::new(paths.finish())
}
