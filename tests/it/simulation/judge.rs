//! What must be true of a run: what was acknowledged is in the log, whole and once; the log, in its order, is a history of
//! which every answer is the oracle's, at the end and for everybody who asked on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use elava::model::Timestamp;
use elava::store::{Backend, CompactOptions, Snapshot, Store, VerifyOptions, verify_with};
use serde_json::Value;

use super::keeper::Kept;
use super::reader::{Seen, check_floor};
use super::storage::Storage;
use super::writer::{Ledger, ScanRecord, open};
use crate::model::compare;
use crate::oracle::answers;
use crate::oracle::history::Op;
use crate::oracle::model::{Handle, Oracle};
use crate::oracle::value::Micros;
use crate::support::driver::{Answers, same};
use crate::support::{Row, rows, session};

/// Every so many runs all tables are compared at several revisions and at a pin, not only those that tell the most.
const ALL_TABLES_EVERY: u64 = 32;

/// A scan as far as the log has told of it.
struct Told {
    handle: Handle,
    lines: usize,
    ended: bool,
}

/// The log in its order, told to an oracle.
struct Telling {
    scans: BTreeMap<String, ScanRecord>,
    told: BTreeMap<String, Told>,
    /// Revisions by the tags that hold them.
    held: BTreeMap<String, i64>,
    oracle: Oracle,
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row[column].as_str().unwrap()
}

fn micros(row: &Row) -> Micros {
    Timestamp::parse(text(row, "at")).unwrap().micros()
}

impl Telling {
    fn take(&mut self, row: &Row) {
        let Some(scan_id) = row["scan_id"].as_str() else { return self.take_retention(row) };
        let record = self.scans.get(scan_id).unwrap_or_else(|| panic!("nobody began {scan_id}")).clone();
        match text(row, "entry") {
            "scan_started" => {
                let at = record.at.unwrap_or_else(|| micros(row));
                let handle = self.oracle.begin(scan_id, &record.provider, at, true).unwrap();
                self.told.insert(scan_id.to_owned(), Told { handle, lines: 0, ended: false });
            }
            "resource_observed" => self.observed(row, scan_id, &record),
            "scan_completed" => {
                let Some(Op::Complete { at, .. }) = &record.end else { panic!("nobody completed {scan_id}") };
                let handle = self.end(scan_id, &record);
                let at = if record.at.is_some() { *at } else { Some(micros(row)) };
                self.oracle.complete(handle, at).unwrap();
            }
            "scan_failed" => {
                assert!(matches!(record.end, Some(Op::Fail { .. })), "nobody failed {scan_id}");
                let handle = self.end(scan_id, &record);
                self.oracle.fail(handle).unwrap();
            }
            _ => {}
        }
    }

    /// The floor, and tags that hold it.
    fn take_retention(&mut self, row: &Row) {
        let entry = text(row, "entry");
        if !matches!(entry, "retention" | "tag_held" | "tag_released") {
            return;
        }
        let details: Value = serde_json::from_str(text(row, "details")).unwrap();
        if entry == "retention" {
            let floor = details["floor"].as_i64().unwrap();
            assert!(floor <= self.oracle.head(), "the floor is raised to {floor}, above the head");
            self.oracle.retain(self.held.values().copied().fold(floor, i64::min));
            assert!(self.oracle.view().floor() >= floor, "the floor is raised to {floor}, above what holds it");
            return;
        }
        let (name, revision) = (details["name"].as_str().unwrap().to_owned(), details["revision"].as_i64().unwrap());
        if entry == "tag_held" {
            assert!(revision >= self.oracle.view().floor(), "{name} holds revision {revision}, below the floor");
            self.held.insert(name, revision);
        } else {
            self.held.remove(&name);
        }
    }

    fn observed(&mut self, row: &Row, scan_id: &str, record: &ScanRecord) {
        let details: Value = serde_json::from_str(text(row, "details")).unwrap();
        let lines = usize::try_from(details["lines"].as_u64().unwrap()).unwrap();
        let told = self.told.get_mut(scan_id).unwrap();
        // The deletions at a scan's end are a batch too, of no lines.
        if lines == told.lines {
            return;
        }
        assert!(record.batches.contains(&lines), "{scan_id}: {lines} lines are in the log, which is a part of a batch");
        let revisions = row["first_revision"].as_i64().zip(row["last_revision"].as_i64());
        if let Some(acknowledged) = record.committed.get(&lines) {
            assert_eq!(revisions, Some(*acknowledged), "{scan_id}: the revisions that were acknowledged after {lines} lines");
        }
        let mut batch = record.lines[told.lines..lines].to_vec();
        if record.at.is_none() && revisions.is_some() {
            // Of a scan that begins now a life that goes on with it has another now.
            batch.iter_mut().for_each(|line| line.observed_at = Some(micros(row)));
        }
        self.oracle.observe(told.handle, &batch).unwrap();
        told.lines = lines;
    }

    fn end(&mut self, scan_id: &str, record: &ScanRecord) -> Handle {
        let told = self.told.get_mut(scan_id).unwrap();
        assert_eq!(told.lines, record.lines.len(), "{scan_id} ends before all that it saw is in the log");
        told.ended = true;
        record.scopes.iter().for_each(|line| self.oracle.scope(told.handle, line).unwrap());
        told.handle
    }

    /// All that was acknowledged is there.
    fn check_acknowledged(&self, kept: &Kept) {
        assert!(self.oracle.view().floor() >= kept.floor, "floor {} was acknowledged, and is {}", kept.floor, self.oracle.view().floor());
        for (name, revision) in &kept.held {
            assert_eq!(self.held.get(name), Some(revision), "tag {name} was acknowledged to hold");
        }
        for (scan_id, record) in self.scans.iter().filter(|(_, record)| record.begun) {
            let told = self.told.get(scan_id).unwrap_or_else(|| panic!("{scan_id} began, and is not in the log"));
            assert!(told.lines >= record.acknowledged, "{scan_id}: {} lines acknowledged, {} there", record.acknowledged, told.lines);
            assert!(told.ended || !record.ended, "{scan_id} ended, and the log does not say so");
        }
    }
}

async fn check_answers(snapshot: &Arc<Snapshot>, oracle: &Oracle, picks: &[i64]) {
    let view = oracle.view();
    let mut answers = Answers::of(snapshot).await.unwrap();
    answers.are(view).await.unwrap();
    let (session, floor, head) = (&mut answers.session, view.floor(), view.head());
    check_floor(session, floor).await;
    let revisions: Vec<i64> = picks.iter().map(|pick| floor + pick % (head - floor + 1)).collect();
    let (from, to) = (revisions[0].min(revisions[1]), revisions[0].max(revisions[1]));
    let found = rows(session, &format!("SELECT * FROM changes({from}, {to})")).await;
    same("changes", view.changes(from, to).unwrap(), found, answers::ORDER_BY_REVISION).unwrap();
}

/// Judges a run that has ended.
pub async fn judge(seed: u64, live: bool, storage: &Storage, ledger: &Ledger, kept: &Kept, seen: &[Seen]) {
    let backend: Arc<dyn Backend> = Arc::new(storage.clone());
    let store = Store::open(Arc::clone(&backend)).await.unwrap();
    let snapshot = store.snapshot().await.unwrap();
    let log = rows(&mut session(&snapshot, None), "SELECT * FROM audit_log").await;
    let scans = ledger.lock().unwrap().clone();
    let mut telling = Telling { scans, told: BTreeMap::new(), held: BTreeMap::new(), oracle: Oracle::new() };
    let mut seen: Vec<&Seen> = seen.iter().collect();
    seen.sort_by_key(|seen| seen.segments);
    let mut seen = seen.into_iter().peekable();
    for row in &log {
        let seq = row["seq"].as_u64().unwrap();
        while let Some(seen) = seen.next_if(|seen| seen.segments < seq) {
            seen.check(&telling.oracle);
        }
        telling.take(row);
    }
    seen.for_each(|seen| seen.check(&telling.oracle));
    telling.check_acknowledged(kept);
    let oracle = telling.oracle;
    let picks: Vec<i64> = (0..4).map(|_| i64::try_from(storage.world.state().chance.next(1 << 20)).unwrap()).collect();
    check_answers(&snapshot, &oracle, &picks).await;
    // Law 1: maintenance changes no answer.
    open(storage).await.unwrap().compact(CompactOptions { grace: std::time::Duration::ZERO }).await.unwrap();
    let store = Store::open(Arc::clone(&backend)).await.unwrap();
    check_answers(&store.snapshot().await.unwrap(), &oracle, &picks).await;
    // When a scan that begins now has failed only its process knows.
    if !live && seed.is_multiple_of(ALL_TABLES_EVERY) {
        compare(&store, oracle.view(), None, &picks).await;
        let floor = oracle.view().floor();
        let pin = floor + picks[0] % (oracle.head() - floor + 1);
        compare(&store, oracle.pinned(pin).unwrap(), Some(pin), &picks).await;
    }
    let report = verify_with(backend, &VerifyOptions { deep: true, ..VerifyOptions::default() }).await.unwrap();
    assert!(report.is_sound(), "verify: {:?}", report.damage);
}
