//! Building a writer's state: from the tables, from segments, and from the observations since a scan began.

use std::sync::Arc;

use arrow::array::{Array, AsArray, FixedSizeBinaryArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{Int64Type, UInt8Type};
use hashbrown::HashSet;

use super::history::History;
use super::index::LogIndex;
use super::parquet_io::{fetch_through, read_file};
use super::redaction::Redactions;
use super::run::Runs;
use super::schema;
use super::segment::{Segment, content_hashes, numbers, segment_name, texts, times};
use super::state::{Known, NO_SCAN, ScanNo, Seen, State};
use super::tag_columns::schema_of;
use super::versions::read_keys;
use crate::error::{Error, Result};
use crate::model::{Change, ContentHash, ResourceKey, Revision, Timestamp};

/// Rows of versions that are decoded at once.
const STATE_BATCH_ROWS: usize = 1 << 13;
/// The columns of versions that a state is made of.
const STATE_COLUMNS: [&str; 7] =
    ["resource_key", "content_hash", "first_seen_revision", "first_seen_at", "change", "valid_from_revision", "valid_to_revision"];

/// The state at the head of a history. Scopes that have numbers already keep them.
///
/// # Errors
/// `Corrupt` if the tables or segments are damaged.
pub async fn load_state(history: &History, scopes: &[Arc<str>]) -> Result<State> {
    let mut state = State::default();
    for scope in scopes {
        state.scope_number(scope);
    }
    let closed: HashSet<Revision> = numbers(&history.file_closings, "valid_from_revision")?.values().iter().copied().collect();
    for file in history.manifest.epochs.last().map_or(&[][..], |epoch| &epoch.files) {
        let bytes = fetch_through(&*history.backend, file).await?;
        for batch in super::parquet_io::read_columns(&file.name, bytes, &schema_of(file), STATE_BATCH_ROWS, &STATE_COLUMNS)? {
            load_versions(&mut state, &batch?, &closed)?;
        }
    }
    for segment in &history.tail {
        replay(&mut state, segment, None)?;
        redact(&mut state, segment, &history.index)?;
    }
    state.settle();
    Ok(state)
}

fn load_versions(state: &mut State, batch: &RecordBatch, closed: &HashSet<Revision>) -> Result<()> {
    let (from, to, first) =
        (numbers(batch, "valid_from_revision")?, numbers(batch, "valid_to_revision")?, numbers(batch, "first_seen_revision")?);
    let (keys, first_at) = (texts(batch, "resource_key")?, times(batch, "first_seen_at")?);
    let hashes = content_hashes(batch)?;
    for row in 0..batch.num_rows() {
        if to.is_valid(row) || closed.contains(&from.value(row)) {
            continue;
        }
        let known = Known::stored(hash_at(hashes, row), from.value(row), first.value(row), Timestamp::from_micros(first_at.value(row)));
        state.insert(ResourceKey::from_stored(keys.value(row))?, known);
    }
    Ok(())
}

fn hash_at(column: &FixedSizeBinaryArray, row: usize) -> ContentHash {
    ContentHash(column.value(row).try_into().unwrap_or([0; 16]))
}

/// Takes a segment into a state. With runs, sightings are noted for the scans under way; without, only what changes the
/// state is read: a scan that begins later asks for nothing older.
///
/// # Errors
/// `Corrupt` if the segment contradicts the state.
pub fn replay(state: &mut State, segment: &Segment, runs: Option<&mut Runs>) -> Result<()> {
    match runs {
        None => replay_changes(state, segment),
        Some(runs) => replay_observations(state, segment, runs),
    }
}

/// What a segment redacts has the hash of what replaces it from there on; the log as far as it was read tells which that is.
///
/// # Errors
/// `Corrupt` if a resource key is none.
pub fn redact(state: &mut State, segment: &Segment, index: &LogIndex) -> Result<()> {
    if !segment.redacts() {
        return Ok(());
    }
    let redactions = Redactions::new(&index.redactions);
    for redaction in index.redactions.iter().filter(|redaction| redaction.seq == segment.header.seq) {
        let Some(place) = state.find(&ResourceKey::from_stored(&redaction.resource_key)?) else { continue };
        let Some(known) = state.slot(place).map(|slot| slot.known) else { continue };
        if let Some(hash) = redactions.hash(&redaction.resource_key, known.version) {
            state.update(place, Known { hash, ..known });
        }
    }
    Ok(())
}

fn contradicts(segment: &Segment, revision: Revision) -> Error {
    Error::corrupt(format!("{}: revision {revision} contradicts the state before it", segment_name(segment.header.seq)))
}

/// The rows that a segment opened, as a state needs them.
struct Opened<'a> {
    keys: &'a StringViewArray,
    changes: &'a StringViewArray,
    revisions: &'a Int64Array,
    first_seen: &'a Int64Array,
    first_seen_at: &'a TimestampMicrosecondArray,
    hashes: &'a FixedSizeBinaryArray,
}

impl<'a> Opened<'a> {
    fn of(segment: &'a Segment) -> Result<Self> {
        let batch = &segment.versions;
        Ok(Self {
            keys: texts(batch, "resource_key")?,
            changes: texts(batch, "change")?,
            revisions: numbers(batch, "valid_from_revision")?,
            first_seen: numbers(batch, "first_seen_revision")?,
            first_seen_at: times(batch, "first_seen_at")?,
            hashes: content_hashes(batch)?,
        })
    }
}

/// Versions and deletions in the order of revisions, without the observations that changed nothing.
fn replay_changes(state: &mut State, segment: &Segment) -> Result<()> {
    let opened = Opened::of(segment)?;
    let (closed, ended) = (numbers(&segment.closings, "valid_from_revision")?, numbers(&segment.closings, "valid_to_revision")?);
    let ended_by = texts(&segment.closings, "ended_by")?;
    let mut row = 0;
    let deletions = (0..segment.closings.num_rows()).filter(|closing| ended_by.value(*closing) == Change::Deleted.as_str());
    for closing in deletions {
        while row < opened.revisions.len() && opened.revisions.value(row) < ended.value(closing) {
            open_version(state, &opened, row, NO_SCAN)?;
            row += 1;
        }
        close_version(state, segment, closed.value(closing), ended.value(closing), NO_SCAN)?;
    }
    (row..opened.revisions.len()).try_for_each(|row| open_version(state, &opened, row, NO_SCAN))
}

/// All observations in order.
fn replay_observations(state: &mut State, segment: &Segment, runs: &mut Runs) -> Result<()> {
    if segment.header.count == 0 {
        // Arrow cannot normalise the keys of an empty dictionary.
        return Ok(());
    }
    let (observations, opened) = (segment.raw_observations()?, Opened::of(segment)?);
    let versions = observations.column(0).as_primitive::<Int64Type>();
    let changes = observations.column(1).as_primitive::<UInt8Type>();
    let scans = observations.column(2).as_any_dictionary();
    let numbers: Vec<ScanNo> = scans.values().as_string::<i32>().iter().map(|scan| runs.number(scan.unwrap_or_default())).collect();
    let scan_keys = scans.normalized_keys();
    let mut row = 0;
    for ordinal in 0..observations.num_rows() {
        let revision = segment.header.first_revision + ordinal as i64;
        let scan = scan_keys.get(ordinal).and_then(|key| numbers.get(*key)).copied().unwrap_or(NO_SCAN);
        let version = versions.value(ordinal);
        match Change::from_code(changes.value(ordinal)) {
            Some(Change::Created | Change::Updated) => {
                open_version(state, &opened, row, scan)?;
                row += 1;
            }
            Some(Change::Late) if version == revision => {
                see_late(state, &opened, row, revision, scan)?;
                row += 1;
            }
            Some(change @ (Change::Unchanged | Change::Late)) => see_version(state, version, revision, scan, change),
            Some(Change::Deleted) => close_version(state, segment, version, revision, scan)?,
            None => return Err(contradicts(segment, revision)),
        }
    }
    Ok(())
}

/// A late observation that shows a version is a late deletion.
fn see_version(state: &mut State, version: Revision, revision: Revision, scan: ScanNo, change: Change) {
    let Some(place) = state.find_version(version) else { return };
    let Some(mut known) = state.slot(place).map(|slot| slot.known) else { return };
    known.note(revision, scan, change == Change::Unchanged);
    state.update(place, known);
}

/// A late observation with a content of its own is a sighting.
fn see_late(state: &mut State, opened: &Opened<'_>, row: usize, revision: Revision, scan: ScanNo) -> Result<()> {
    let key = ResourceKey::from_stored(opened.keys.value(row))?;
    let Some(place) = state.find(&key) else { return Ok(()) };
    let Some(mut known) = state.slot(place).map(|slot| slot.known) else { return Ok(()) };
    known.note(revision, scan, true);
    state.update(place, known);
    Ok(())
}

fn open_version(state: &mut State, opened: &Opened<'_>, row: usize, scan: ScanNo) -> Result<()> {
    if opened.changes.value(row) == Change::Late.as_str() {
        return Ok(());
    }
    let (revision, first_seen) = (opened.revisions.value(row), opened.first_seen.value(row));
    let first_seen_at = Timestamp::from_micros(opened.first_seen_at.value(row));
    let mut known = Known::stored(hash_at(opened.hashes, row), revision, first_seen, first_seen_at);
    let key = ResourceKey::from_stored(opened.keys.value(row))?;
    match state.find(&key) {
        Some(place) => {
            if let Some(before) = state.slot(place).map(|slot| slot.known) {
                known = known.with_traces_of(&before);
            }
            known.note(revision, scan, true);
            state.update(place, known);
        }
        None => {
            known.note(revision, scan, true);
            state.insert(key, known);
        }
    }
    Ok(())
}

fn close_version(state: &mut State, segment: &Segment, version: Revision, revision: Revision, scan: ScanNo) -> Result<()> {
    let place = state.find_version(version).ok_or_else(|| contradicts(segment, revision))?;
    let mut known = state.slot(place).map(|slot| slot.known).ok_or_else(|| contradicts(segment, revision))?;
    known.alive = false;
    known.note(revision, scan, false);
    state.update(place, known);
    Ok(())
}

/// Notes who saw what after a revision: a scan that goes on after it broke must know what it and others saw since it began.
/// What it recorded itself counts for its coverage.
///
/// # Errors
/// `Corrupt` if the observations are damaged.
pub async fn load_sightings(history: &History, state: &mut State, runs: &mut Runs, scan: Option<ScanNo>, token: Revision) -> Result<()> {
    let mut apart = Vec::new();
    for file in &history.manifest.observations {
        if file.int_bounds("revision").is_some_and(|(_, max)| max > token) {
            let batch = read_file(&*history.backend, file, &schema::OBSERVATIONS).await?;
            load_sightings_of(state, runs, &batch, scan, token, &mut apart)?;
        }
    }
    for segment in &history.tail {
        if segment.header.last_revision() > token {
            load_sightings_of(state, runs, &segment.observations()?, scan, token, &mut apart)?;
        }
    }
    let keys = read_keys(history, apart.iter().map(|apart| apart.version).collect()).await?;
    for apart in apart {
        if let Some(key) = keys.get(&apart.version) {
            load_apart(state, runs, key, &apart);
        }
    }
    Ok(())
}

/// An observation whose version is not in the state: a deletion, a late one with a content of its own, or one of a version
/// that has been followed by another.
struct Apart {
    version: Revision,
    seen: Seen,
    sighting: bool,
}

fn load_sightings_of(
    state: &mut State,
    runs: &mut Runs,
    batch: &RecordBatch,
    ours: Option<ScanNo>,
    token: Revision,
    apart: &mut Vec<Apart>,
) -> Result<()> {
    let (revisions, versions) = (numbers(batch, "revision")?, numbers(batch, "version_revision")?);
    let (scans, changes) = (texts(batch, "scan_id")?, texts(batch, "change")?);
    let parts = ["provider", "account_id", "region", "resource_type"].map(|name| texts(batch, name));
    let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
    for row in 0..batch.num_rows() {
        let revision = revisions.value(row);
        if revision <= token {
            continue;
        }
        let scan = runs.number(scans.value(row));
        let (version, seen) = (versions.value(row), Seen { revision, scan });
        let change = changes.value(row);
        let deleted = change == Change::Deleted.as_str();
        // A late observation that shows a version of the past is a late deletion.
        let sighting = !deleted && (change != Change::Late.as_str() || version == revision);
        if Some(scan) == ours {
            let scope = parts.iter().map(|part| part.value(row)).collect::<Vec<_>>().join("/");
            let scope = state.scope_number(&scope);
            runs.note(scan, scope, sighting, deleted);
        }
        match state.find_version(version) {
            Some(place) => see_older(state, runs, place, seen, sighting),
            None => apart.push(Apart { version, seen, sighting }),
        }
    }
    Ok(())
}

fn load_apart(state: &mut State, runs: &mut Runs, key: &ResourceKey, apart: &Apart) {
    let place = state.find(key).unwrap_or_else(|| {
        let dead = Known { alive: false, ..Known::stored(ContentHash([0; 16]), apart.version, apart.version, Timestamp::default()) };
        state.insert(key.clone(), dead)
    });
    see_older(state, runs, place, apart.seen, apart.sighting);
}

/// Notes an observation that may be older than others of the same resource.
fn see_older(state: &mut State, runs: &mut Runs, place: u32, seen: Seen, sighting: bool) {
    if sighting {
        runs.saw(seen.scan, place);
    }
    let Some(mut known) = state.slot(place).map(|slot| slot.known) else { return };
    known.note_older(seen, sighting);
    state.update(place, known);
}
