//! Plays a history to a store that may fail, going on as the errors tell a caller to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use elava::model::{Observation, ScopeReport, Timestamp};
use elava::store::{
    Backend, Begin, CompactOptions, RetentionPlan, ScanBegun, ScanSession, Snapshot, Store, StoreSettings, VerifyOptions, Writer,
    verify_with,
};
use elava::{Error, ErrorKind, Result};

use super::{Row, clock, session, try_rows};
use crate::model::{observation, report};
use crate::oracle::answers::{self, View, sorted};
use crate::oracle::history::{Op, Player, asked};

/// Small enough that short histories are cut into several epochs.
const EPOCH_ROWS_MIN: u64 = 3;

/// Settings of stores with short histories: several epochs, and columns of tags that these histories have.
pub fn of_short_histories(settings: StoreSettings) -> StoreSettings {
    StoreSettings { epoch_rows_min: EPOCH_ROWS_MIN, tag_columns: ["env", "a/b~c"].map(str::to_owned).to_vec(), ..settings }
}
/// How often a step is tried again.
const TRIES_MAX: usize = 30;

/// The engine under the steps of a history.
pub struct Driver {
    backend: Arc<dyn Backend>,
    writers: HashMap<u8, Writer>,
    scans: HashMap<u8, OpenScan>,
}

struct OpenScan {
    begin: Begin,
    /// None where it broke off and must be begun again.
    session: Option<ScanSession>,
    handed_in: Vec<Observation>,
    scopes: Vec<ScopeReport>,
}

impl Driver {
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, writers: HashMap::new(), scans: HashMap::new() }
    }

    async fn writer(&mut self, number: u8) -> Result<Writer> {
        if !self.writers.contains_key(&number) {
            let writer = Writer::open(Arc::clone(&self.backend), clock()).await?;
            let settings = writer.history().await?.index.settings.clone();
            let wanted = of_short_histories(settings.clone());
            if settings != wanted {
                writer.change_settings(wanted).await?;
            }
            self.writers.insert(number, writer);
        }
        Ok(self.writers[&number].clone())
    }

    /// Begins a scan again that broke off, and hands in what it handed in before. False: it has completed.
    async fn resume(&mut self, number: u8) -> Result<bool> {
        if self.scans.get(&number).is_none_or(|scan| scan.session.is_some()) {
            return Ok(true);
        }
        let begin = self.scans[&number].begin.clone();
        let session = match self.writer(number).await?.begin(begin).await? {
            ScanBegun::Session(session) => session,
            ScanBegun::Completed => return Ok(false),
        };
        let scan = self.scans.get_mut(&number).unwrap();
        session.observe(scan.handed_in.clone()).await?;
        scan.session = Some(session);
        Ok(true)
    }

    /// One try of a step. `Invalid` is a refusal that the oracle must share.
    pub async fn apply(&mut self, op: &Op) -> Result<()> {
        match op {
            Op::Begin { writer, scan_id, provider, at, lift } => {
                let (scan_id, provider, at) = (scan_id.clone(), Some(provider.clone()), Some(Timestamp::from_micros(*at)));
                let begin = Begin { scan_id, provider, at, lift: *lift, guard: false, scopes: Vec::new() };
                let begun = self.writer(*writer).await?.begin(begin.clone()).await?;
                let ScanBegun::Session(session) = begun else { panic!("no scan of these histories completes twice") };
                self.scans.insert(*writer, OpenScan { begin, session: Some(session), handed_in: Vec::new(), scopes: Vec::new() });
            }
            Op::Observe { writer, batch } => {
                self.resume(*writer).await?;
                let scan = self.scans.get_mut(writer).unwrap();
                let batch: Vec<Observation> = batch.iter().map(observation).collect();
                let outcome = scan.session.as_ref().unwrap().observe(batch.clone()).await;
                match outcome.as_ref().map_err(Error::kind) {
                    Ok(_) => scan.handed_in.extend(batch),
                    // What is handed in again is passed over if it was written.
                    Err(ErrorKind::Uncertain) => scan.session = None,
                    Err(_) => {}
                }
                outcome?;
            }
            Op::Scope { writer, line } => self.scans.get_mut(writer).unwrap().scopes.push(report(line)),
            Op::Complete { writer, at } => {
                if self.resume(*writer).await? {
                    let scan = self.scans.get_mut(writer).unwrap();
                    let session = scan.session.take().unwrap();
                    session.complete(at.map(Timestamp::from_micros), scan.scopes.clone()).await?;
                }
                self.scans.remove(writer);
            }
            Op::Fail { writer } => {
                self.resume(*writer).await?;
                let scan = self.scans.get_mut(writer).unwrap();
                let session = scan.session.take().unwrap();
                session.fail("broke", scan.scopes.clone()).await?;
                self.scans.remove(writer);
            }
            Op::Abandon { writer } => drop(self.scans.remove(writer)),
            Op::Retain { share } => {
                let writer = self.writer(0).await?;
                let history = writer.history().await?;
                let plan = RetentionPlan::new(&history.index, &history.manifest, asked(*share, history.head()))?;
                if plan.raises() {
                    writer.retain(&plan, "a test").await?;
                }
            }
            Op::Compact => {
                self.writer(0).await?.compact(CompactOptions { grace: Duration::ZERO }).await?;
            }
            Op::Reopen => {
                self.writers.clear();
                self.scans.values_mut().for_each(|scan| scan.session = None);
            }
            Op::Checkpoint => {}
        }
        Ok(())
    }

    /// Tries a step until it is done or refused; false if it was refused.
    pub async fn insist(&mut self, op: &Op) -> bool {
        for _ in 0..TRIES_MAX {
            match self.apply(op).await {
                Ok(()) => return true,
                Err(error) if error.kind() == ErrorKind::Invalid => return false,
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Uncertain), "{op:?}: {:?} {error}", error.kind())
                }
            }
        }
        panic!("{op:?} was never done");
    }
}

/// The answers of a store that an oracle is compared with.
pub struct Answers {
    pub session: elava::query::QuerySession,
    observations: Vec<Row>,
    pub head: i64,
    pub floor: i64,
}

impl Answers {
    pub async fn of(snapshot: &Arc<Snapshot>) -> Result<Self, String> {
        let mut session = session(snapshot, None);
        let observations = try_rows(&mut session, "SELECT * FROM observations").await?;
        Ok(Self { session, observations, head: snapshot.head(), floor: snapshot.floor() })
    }

    /// Whether these are the answers to a history; else what differs.
    pub async fn are(&mut self, view: View<'_>) -> Result<(), String> {
        if self.floor != view.floor() {
            return Err(format!("floor: expected {}, found {}", view.floor(), self.floor));
        }
        same("observations", view.observations(), self.observations.clone(), answers::ORDER_BY_REVISION)?;
        let found = try_rows(&mut self.session, "SELECT * FROM resource_versions").await?;
        same("resource_versions", view.resource_versions(), found, answers::ORDER_BY_VERSION)?;
        let middle = view.floor() + (view.head() - view.floor()) / 2;
        let found = try_rows(&mut self.session, &format!("SELECT * FROM resources_as_of({middle})")).await?;
        same("resources_as_of", view.resources_as_of(middle).unwrap(), found, answers::ORDER_BY_KEY)
    }
}

/// Compares one answer, row for row; else what differs.
pub fn same(what: &str, expected: Vec<Row>, found: Vec<Row>, order: &[&str]) -> Result<(), String> {
    let (expected, found) = (sorted(expected, order), sorted(found, order));
    if let Some((expected, found)) = expected.iter().zip(&found).find(|(expected, found)| expected != found) {
        return Err(format!("{what}: expected {expected:?}, found {found:?}"));
    }
    if expected.len() == found.len() { Ok(()) } else { Err(format!("{what}: expected {} rows, found {}", expected.len(), found.len())) }
}

/// The oracle's player after some steps.
pub fn played(ops: &[Op]) -> Player {
    let mut player = Player::default();
    for op in ops {
        let _ = player.apply(op);
    }
    player
}

/// What must hold of a store after the first `acknowledged` steps of a history were acknowledged and the next was under
/// way: it opens, holds all of them and the next one whole or not at all; then writing goes on, and a compaction alters no
/// answer.
pub async fn check_recovery(backend: Arc<dyn Backend>, ops: &[Op], acknowledged: usize, go_on: bool) -> Result<(), String> {
    let text = |error: Error| format!("{:?}: {error}", error.kind());
    let store = match Store::open(Arc::clone(&backend)).await {
        Ok(store) => Some(store),
        Err(error) if error.kind() == ErrorKind::NotFound && !ops[..acknowledged].iter().any(|op| matches!(op, Op::Begin { .. })) => None,
        Err(error) => return Err(text(error)),
    };
    let (before, after) = (played(&ops[..acknowledged]), played(&ops[..ops.len().min(acknowledged + 1)]));
    let mut in_flight = false;
    if let Some(store) = &store {
        let mut found = Answers::of(&store.snapshot().await.map_err(text)?).await?;
        in_flight = (found.head, found.floor) != (before.oracle.head(), before.oracle.view().floor());
        found.are(if in_flight { after.oracle.view() } else { before.oracle.view() }).await?;
    }
    if !go_on {
        return Ok(());
    }
    let mut player = if in_flight { after } else { before };
    let mut driver = Driver::new(Arc::clone(&backend));
    for op in more() {
        driver.apply(&op).await.map_err(text)?;
        let _ = player.apply(&op);
        if matches!(op, Op::Complete { .. } | Op::Compact) {
            let store = Store::open(Arc::clone(&backend)).await.map_err(text)?;
            Answers::of(&store.snapshot().await.map_err(text)?).await?.are(player.oracle.view()).await?;
        }
    }
    let deep = VerifyOptions { deep: true, ..VerifyOptions::default() };
    let report = verify_with(backend, &deep).await.map_err(text)?;
    if report.is_sound() { Ok(()) } else { Err(format!("verify: {:?}", report.damage)) }
}

/// One more scan, long after all others, and maintenance.
fn more() -> Vec<Op> {
    use crate::oracle::model::{Key, Observation, Scope, ScopeLine, Status};
    let text = |text: &str| text.to_owned();
    let scope =
        Scope { provider: text("aws"), account_id: text("111122223333"), region: text("us-east-1"), resource_type: text("aws_test_alpha") };
    let key = Key { scope: scope.clone(), resource_id: text("i-1") };
    let content = crate::oracle::value::Content { name: Some(text("afterwards")), ..Default::default() };
    let line = ScopeLine { scope, status: Status::Complete, error_code: None, error: None };
    // 2029-01-01T00:00:00Z
    let at = 1_861_920_000_000_000;
    vec![
        Op::Begin { writer: 9, scan_id: text("afterwards"), provider: text("aws"), at, lift: false },
        Op::Observe { writer: 9, batch: vec![Observation { key, content, observed_at: None, deleted: false }] },
        Op::Scope { writer: 9, line },
        Op::Complete { writer: 9, at: None },
        Op::Compact,
        Op::Compact,
    ]
}
