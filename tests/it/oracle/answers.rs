//! What the tables and functions of the SQL surface answer, as rows with its column names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::{Change, Coverage, End, Key, Oracle, Record, Refusal, Revision, Scan, Scope, Status};
use super::value::{Content, Micros, changed_paths, rfc3339};

pub type Row = BTreeMap<String, Value>;
pub type Rows = Vec<Row>;

/// The columns that say in which order the rows of an answer are compared.
pub const ORDER_BY_KEY: &[&str] = &["resource_key"];
pub const ORDER_BY_REVISION: &[&str] = &["revision"];
pub const ORDER_BY_VERSION: &[&str] = &["resource_key", "valid_from_revision"];
pub const ORDER_BY_SCAN: &[&str] = &["scan_id"];
pub const ORDER_BY_SCOPE: &[&str] = &["provider", "account_id", "region", "resource_type"];
pub const ORDER_BY_SCAN_AND_SCOPE: &[&str] = &["scan_id", "provider", "account_id", "region", "resource_type"];

/// Puts rows into the order of some columns, texts by their bytes.
pub fn sorted(mut rows: Rows, columns: &[&str]) -> Rows {
    rows.sort_by_key(|row| {
        let values = columns.iter().map(|column| row.get(*column));
        values.map(|value| (value.and_then(Value::as_i64), value.and_then(Value::as_str).map(str::to_owned))).collect::<Vec<_>>()
    });
    rows
}

/// A maximal run of equal observations within a life: half-open.
#[derive(Clone, Debug)]
struct Version {
    key: Key,
    content: Content,
    from: Revision,
    from_at: Micros,
    change: Change,
    changed_paths: Vec<String>,
    first_seen: Revision,
    first_seen_at: Micros,
    /// Revision, time, and whether it was updated or deleted.
    end: Option<(Revision, Micros, Change)>,
}

impl Version {
    fn is_present_at(&self, revision: Revision) -> bool {
        self.from <= revision && self.end.is_none_or(|(to, ..)| revision < to)
    }
}

/// The store as it stood just before the observation that follows the pin. At the floor there is a state, and below
/// it nothing.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    oracle: &'a Oracle,
    pin: Revision,
}

impl Oracle {
    /// The store as it is.
    pub fn view(&self) -> View<'_> {
        View { oracle: self, pin: self.head() }
    }

    /// The store as it stood at a revision.
    pub fn pinned(&self, pin: Revision) -> Result<View<'_>, Refusal> {
        self.view().check(pin)?;
        Ok(View { oracle: self, pin })
    }
}

/// Points in time.
impl View<'_> {
    pub fn head(&self) -> Revision {
        self.pin
    }

    pub fn floor(&self) -> Revision {
        self.oracle.floor
    }

    /// Refuses a revision that cannot be asked for.
    pub fn check(&self, revision: Revision) -> Result<Revision, Refusal> {
        if revision < self.oracle.floor {
            Err(Refusal::BelowFloor { floor: self.oracle.floor })
        } else if revision > self.pin {
            Err(Refusal::AboveHead { head: self.pin })
        } else {
            Ok(revision)
        }
    }

    /// The last revision observed at or before a time.
    pub fn at_time(&self, time: Micros) -> Result<Revision, Refusal> {
        let last = self.held().iter().rfind(|record| record.observed_at <= time);
        self.check(last.map_or(0, |record| record.revision))
    }

    /// `head~N`: the last revision written before the end of the Nth ended scan before the newest.
    pub fn head_back(&self, scans: usize) -> Result<Revision, Refusal> {
        let ends = self.oracle.ended.iter().filter_map(|handle| self.oracle.scan(*handle).end.as_ref());
        let heads: Vec<Revision> = ends.map(|end| end.head).filter(|head| *head <= self.pin).collect();
        let head = heads.iter().rev().nth(scans).ok_or(Refusal::NoSuchScanEnd)?;
        self.check(*head)
    }

    pub fn tag(&self, name: &str) -> Result<Revision, Refusal> {
        let mut tags = self.oracle.tags.iter().filter(|(_, _, made_at)| *made_at <= self.pin);
        let (_, revision, _) = tags.find(|(tag, ..)| tag == name).ok_or(Refusal::NoSuchTag)?;
        self.check(*revision)
    }
}

/// Tables.
impl View<'_> {
    pub fn observations(&self) -> Rows {
        let visible = self.held().iter().filter(|record| record.revision > self.oracle.floor);
        visible.map(|record| self.observation_row(record)).collect()
    }

    pub fn resources(&self) -> Rows {
        by_key(&self.state(self.pin))
    }

    pub fn resources_as_of(&self, at: Revision) -> Result<Rows, Refusal> {
        Ok(by_key(&self.state(self.check(at)?)))
    }

    pub fn resource_versions(&self) -> Rows {
        sorted(self.visible_versions().iter().map(version_row).collect(), ORDER_BY_VERSION)
    }

    /// After `from`, up to and including `to`.
    pub fn changes(&self, from: Revision, to: Revision) -> Result<Rows, Refusal> {
        self.check_range(from, to)?;
        let versions = self.versions();
        let records = self.held().iter().filter(|record| from < record.revision && record.revision <= to);
        let changes = records.filter(|record| record.change.alters_state()).map(|record| {
            let same_key = || versions.iter().filter(|version| version.key == record.key);
            let before = same_key().find(|version| version.end.is_some_and(|(to, ..)| to == record.revision));
            let after = same_key().find(|version| version.from == record.revision);
            let mut row = change_row(record.change, before, after);
            put_revision(&mut row, record.revision, record.observed_at);
            put(&mut row, "scan_id", self.oracle.scan(record.scan).id.as_str());
            row
        });
        Ok(changes.collect())
    }

    /// The two states compared; what happened in between and was undone does not show.
    pub fn diff(&self, from: Revision, to: Revision) -> Result<Rows, Refusal> {
        self.check_range(from, to)?;
        let (old, new) = (self.state(from), self.state(to));
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let mut rows = Vec::new();
        for key in keys {
            let (before, after) = (old.get(key), new.get(key));
            let change = match (before, after) {
                (None, _) => Change::Created,
                (_, None) => Change::Deleted,
                (Some(before), Some(after)) if before.content == after.content => continue,
                _ => Change::Updated,
            };
            let mut records = self.held().iter().filter(|record| from < record.revision && record.revision <= to);
            let last = records.rfind(|record| record.key.text() == *key && record.change.alters_state());
            let mut row = change_row(change, before, after);
            if let Some(last) = last {
                put_revision(&mut row, last.revision, last.observed_at);
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// The versions of the resource with this exact key; else of all that ever had this ARN; else of all with this id.
    pub fn history(&self, resource: &str) -> Rows {
        let versions = self.visible_versions();
        let named = |names: &dyn Fn(&Version) -> bool| -> BTreeSet<String> {
            versions.iter().filter(|version| names(version)).map(|version| version.key.text()).collect()
        };
        let by_key = named(&|version| version.key.text() == resource);
        let by_arn = named(&|version| version.content.arn.as_deref() == Some(resource));
        let by_id = named(&|version| version.key.resource_id == resource);
        let keys = [by_key, by_arn, by_id].into_iter().find(|keys| !keys.is_empty()).unwrap_or_default();
        let rows = versions.iter().filter(|version| keys.contains(&version.key.text())).map(|version| {
            let mut row = version_row(version);
            put(&mut row, "changed_paths", version.changed_paths.clone());
            row
        });
        sorted(rows.collect(), ORDER_BY_VERSION)
    }

    pub fn scans(&self) -> Rows {
        let scans = self.oracle.handles().filter(|handle| self.oracle.scan(*handle).token <= self.pin);
        let rows = scans.map(|handle| {
            let scan = self.oracle.scan(handle);
            let records: Vec<&Record> = self.held().iter().filter(|record| record.scan == handle).collect();
            let end = self.end(scan);
            let coverage = end.map_or(&[][..], |end| &end.coverage[..]);
            // One that has not ended is counted from its observations, as far as they are kept.
            let kept = || records.iter().filter(|record| end.is_some() || record.revision > self.oracle.floor);
            let observed = kept().map(|record| &record.key.scope.account_id);
            let covered = coverage.iter().map(|covered| &covered.line.scope.account_id);
            let accounts: BTreeSet<&String> = observed.chain(covered).collect();
            let mut row = Row::new();
            put(&mut row, "scan_id", scan.id.as_str());
            put(&mut row, "provider", scan.provider.as_str());
            put(&mut row, "account_id", accounts.first().filter(|_| accounts.len() == 1).map(|account| account.as_str()));
            put(&mut row, "started_at", rfc3339(scan.started_at));
            put(&mut row, "finished_at", end.map(|end| rfc3339(end.at)));
            put(&mut row, "status", end.map_or("running", |end| scan_status(end.completed, coverage)));
            put(&mut row, "first_revision", records.first().map(|record| record.revision));
            put(&mut row, "last_revision", records.last().map(|record| record.revision));
            for change in [Change::Created, Change::Updated, Change::Unchanged, Change::Deleted, Change::Late] {
                put(&mut row, change.text(), kept().filter(|record| record.change == change).count());
            }
            put(&mut row, "errors", coverage.iter().filter(|covered| is_error(covered)).count());
            row
        });
        sorted(rows.collect(), ORDER_BY_SCAN)
    }

    /// Of ended scans only: what a scan covered is settled at its end.
    pub fn coverage(&self) -> Rows {
        let mut rows = Vec::new();
        for handle in self.oracle.handles() {
            let scan = self.oracle.scan(handle);
            for Coverage { line, missing } in self.end(scan).iter().flat_map(|end| &end.coverage) {
                let in_scope = |record: &&Record| record.scan == handle && record.key.scope == line.scope;
                let records: Vec<&Record> = self.held().iter().filter(in_scope).collect();
                let mut row = Row::new();
                put(&mut row, "scan_id", scan.id.as_str());
                put_scope(&mut row, &line.scope);
                put(&mut row, "status", line.status.text());
                put(&mut row, "error_code", line.error_code.as_deref());
                put(&mut row, "error", line.error.as_deref());
                put(&mut row, "listed", records.iter().filter(|record| record.sighting).count());
                put(&mut row, "missing", *missing);
                put(&mut row, "deleted", records.iter().filter(|record| record.change == Change::Deleted).count());
                put(&mut row, "duration_ms", Value::Null);
                put(&mut row, "api_calls", Value::Null);
                rows.push(row);
            }
        }
        sorted(rows, ORDER_BY_SCAN_AND_SCOPE)
    }

    pub fn scopes(&self) -> Rows {
        let scans = self.oracle.ended.iter().map(|handle| self.oracle.scan(*handle));
        let ends: Vec<_> = scans.filter_map(|scan| self.end(scan)).collect();
        let kept = self.held().iter().filter(|record| record.revision > self.oracle.floor).map(|record| &record.key.scope);
        let covered = ends.iter().flat_map(|end| &end.coverage).map(|covered| &covered.line.scope);
        let state = self.state(self.pin);
        let scopes: BTreeSet<&Scope> = kept.chain(covered).chain(state.values().map(|version| &version.key.scope)).collect();
        let rows = scopes.into_iter().map(|scope| {
            let in_scope = |covered: &&Coverage| covered.line.scope == *scope;
            let is_complete = |covered: &Coverage| in_scope(&covered) && covered.line.status == Status::Complete;
            let last = ends.iter().rev().find_map(|end| end.coverage.iter().find(in_scope));
            let last_complete = ends.iter().rev().find(|end| end.coverage.iter().any(is_complete));
            let mut row = Row::new();
            put_scope(&mut row, scope);
            put(&mut row, "resources", state.values().filter(|version| version.key.scope == *scope).count());
            put(&mut row, "last_complete_at", last_complete.map(|end| rfc3339(end.at)));
            put(&mut row, "last_complete_revision", last_complete.map(|end| end.head));
            put(&mut row, "last_status", last.map(|covered| covered.line.status.text()));
            put(&mut row, "last_error_code", last.and_then(|covered| covered.line.error_code.as_deref()));
            row
        });
        sorted(rows.collect(), ORDER_BY_SCOPE)
    }
}

/// What the answers are made from.
impl View<'_> {
    /// What the log held at the pin.
    fn held(&self) -> &[Record] {
        let records = &self.oracle.records;
        &records[..records.iter().filter(|record| record.revision <= self.pin).count()]
    }

    /// The end of a scan, where the log held it at the pin.
    fn end<'s>(&self, scan: &'s Scan) -> Option<&'s End> {
        scan.end.as_ref().filter(|end| end.head <= self.pin)
    }

    fn check_range(&self, from: Revision, to: Revision) -> Result<(), Refusal> {
        self.check(from)?;
        self.check(to)?;
        if from > to { Err(Refusal::FromAfterTo) } else { Ok(()) }
    }

    /// Created, updated and deleted end the version before and, but for the last, begin the next.
    fn versions(&self) -> Vec<Version> {
        let mut versions: Vec<Version> = Vec::new();
        for record in self.held().iter().filter(|record| record.change.alters_state()) {
            let open = versions.iter_mut().find(|version| version.key == record.key && version.end.is_none());
            let before = open.map(|version| {
                version.end = Some((record.revision, record.observed_at, record.change));
                version.clone()
            });
            if record.change == Change::Deleted {
                continue;
            }
            versions.push(Version {
                key: record.key.clone(),
                content: record.content.clone(),
                from: record.revision,
                from_at: record.observed_at,
                change: record.change,
                changed_paths: before.as_ref().map_or_else(Vec::new, |before| changed_paths(&before.content, &record.content)),
                first_seen: before.as_ref().map_or(record.revision, |before| before.first_seen),
                first_seen_at: before.as_ref().map_or(record.observed_at, |before| before.first_seen_at),
                end: None,
            });
        }
        versions
    }

    fn visible_versions(&self) -> Vec<Version> {
        let floor = self.oracle.floor;
        self.versions().into_iter().filter(|version| version.end.is_none_or(|(to, ..)| to > floor)).collect()
    }

    fn state(&self, at: Revision) -> BTreeMap<String, Version> {
        let present = self.versions().into_iter().filter(|version| version.is_present_at(at));
        present.map(|version| (version.key.text(), version)).collect()
    }

    fn observation_row(&self, record: &Record) -> Row {
        let mut row = Row::new();
        put_resource(&mut row, &record.key, &record.content);
        put(&mut row, "revision", record.revision);
        put(&mut row, "observed_at", rfc3339(record.observed_at));
        put(&mut row, "scan_id", self.oracle.scan(record.scan).id.as_str());
        put(&mut row, "change", record.change.text());
        row
    }
}

/// Law 2: a state, with the changes that follow it applied, is the later state.
pub fn apply_changes(resources: &Rows, changes: &Rows) -> Rows {
    let key = |row: &Row| row["resource_key"].to_string();
    let mut state: BTreeMap<String, Row> = resources.iter().map(|row| (key(row), row.clone())).collect();
    for change in changes {
        let before = state.remove(&key(change));
        if change["change"] == "deleted" {
            continue;
        }
        let mut row = change.clone();
        row.retain(|column, _| !["scan_id", "change", "changed_paths", "before", "after"].contains(&column.as_str()));
        let (first_seen, life) =
            before.as_ref().map_or((("revision", "changed_at"), change), |row| (("first_seen_revision", "first_seen_at"), row));
        row.insert("first_seen_revision".to_owned(), life[first_seen.0].clone());
        row.insert("first_seen_at".to_owned(), life[first_seen.1].clone());
        state.insert(key(change), row);
    }
    sorted(state.into_values().collect(), ORDER_BY_KEY)
}

fn scan_status(completed: bool, coverage: &[Coverage]) -> &'static str {
    let settled = |covered: &Coverage| matches!(covered.line.status, Status::Complete | Status::Skipped);
    match (completed, coverage.iter().all(settled)) {
        (false, _) => "failed",
        (true, true) => "complete",
        (true, false) => "partial",
    }
}

fn is_error(covered: &Coverage) -> bool {
    covered.line.status == Status::Failed || covered.line.error_code.is_some()
}

fn by_key(state: &BTreeMap<String, Version>) -> Rows {
    state.values().map(resource_row).collect()
}

fn resource_row(version: &Version) -> Row {
    let mut row = Row::new();
    put_resource(&mut row, &version.key, &version.content);
    put_revision(&mut row, version.from, version.from_at);
    put(&mut row, "first_seen_revision", version.first_seen);
    put(&mut row, "first_seen_at", rfc3339(version.first_seen_at));
    row
}

fn version_row(version: &Version) -> Row {
    let mut row = resource_row(version);
    put(&mut row, "valid_from_revision", version.from);
    put(&mut row, "valid_from", rfc3339(version.from_at));
    put(&mut row, "valid_to_revision", version.end.map(|(to, ..)| to));
    put(&mut row, "valid_to", version.end.map(|(_, at, _)| rfc3339(at)));
    put(&mut row, "change", version.change.text());
    put(&mut row, "ended_by", version.end.map(|(.., change)| change.text()));
    row
}

/// The resource columns are those after the change, or before a deletion.
fn change_row(change: Change, before: Option<&Version>, after: Option<&Version>) -> Row {
    let (before, after) = match change {
        Change::Created => (None, after),
        Change::Deleted => (before, None),
        _ => (before, after),
    };
    let mut row = Row::new();
    if let Some(shown) = after.or(before) {
        put_resource(&mut row, &shown.key, &shown.content);
    }
    let paths = match (before, after) {
        (Some(before), Some(after)) => changed_paths(&before.content, &after.content),
        _ => Vec::new(),
    };
    put(&mut row, "change", change.text());
    put(&mut row, "changed_paths", paths);
    put(&mut row, "before", before.map(|version| version.content.json().canonical()));
    put(&mut row, "after", after.map(|version| version.content.json().canonical()));
    row
}

fn put(row: &mut Row, column: &str, value: impl Into<Value>) {
    row.insert(column.to_owned(), value.into());
}

fn put_revision(row: &mut Row, revision: Revision, changed_at: Micros) {
    put(row, "revision", revision);
    put(row, "changed_at", rfc3339(changed_at));
}

fn put_scope(row: &mut Row, scope: &Scope) {
    put(row, "provider", scope.provider.as_str());
    put(row, "account_id", scope.account_id.as_str());
    put(row, "region", scope.region.as_str());
    put(row, "resource_type", scope.resource_type.as_str());
}

fn put_resource(row: &mut Row, key: &Key, content: &Content) {
    put(row, "resource_key", key.text());
    put_scope(row, &key.scope);
    put(row, "native_type", content.native_type.as_deref());
    put(row, "resource_id", key.resource_id.as_str());
    put(row, "arn", content.arn.as_deref());
    put(row, "name", content.name.as_deref());
    put(row, "state", content.state.as_deref());
    put(row, "created_at", content.created_at.map(rfc3339));
    put(row, "tags", content.tags.as_ref().map(|_| content.tags_json().canonical()));
    put(row, "properties", content.properties.canonical());
}
