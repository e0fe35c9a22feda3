//! The laws, as a property: whatever is written by several writers, with scans that overlap, break and go on, with
//! compaction and reopening at random points, every answer is the naive oracle's, row for row.

use std::collections::HashMap;
use std::sync::Arc;

use elava::model::{CanonicalJson, Content, CoverageStatus, Observation, ResourceKey, Scope, ScopeReport, Sighting, Timestamp};
use elava::store::{Backend, Begin, CompactOptions, RetentionPlan, ScanBegun, ScanSession, Store, Writer};
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::oracle::answers::{self, View, sorted};
use crate::oracle::history::{Op, Player, Shape, asked, from_seed, retained, scripts};
use crate::oracle::model as naive;
use crate::support::driver::of_short_histories;
use crate::support::{Row, Scratch, clock, rows, session, try_rows};

/// The engine under the same steps as the oracle.
struct Engine {
    backend: Arc<dyn Backend>,
    writers: HashMap<u8, Writer>,
    scans: HashMap<u8, OpenScan>,
}

/// A scan that a writer has open, with what it takes to go on after a reopening.
struct OpenScan {
    begin: Begin,
    session: ScanSession,
    handed_in: Vec<Observation>,
    scopes: Vec<ScopeReport>,
}

impl Engine {
    fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, writers: HashMap::new(), scans: HashMap::new() }
    }

    async fn writer(&mut self, number: u8) -> Writer {
        if !self.writers.contains_key(&number) {
            let writer = Writer::open(Arc::clone(&self.backend), clock()).await.unwrap();
            let settings = writer.history().await.unwrap().index.settings.clone();
            let wanted = of_short_histories(settings.clone());
            if settings != wanted {
                writer.change_settings(wanted).await.unwrap();
            }
            self.writers.insert(number, writer);
        }
        self.writers[&number].clone()
    }

    async fn begin(&mut self, number: u8, begin: Begin) -> elava::Result<ScanSession> {
        match self.writer(number).await.begin(begin).await? {
            ScanBegun::Session(session) => Ok(session),
            ScanBegun::Completed => panic!("no scan of these histories completes twice"),
        }
    }

    /// Applies a step; false if it was refused.
    async fn apply(&mut self, op: &Op) -> bool {
        match op {
            Op::Begin { writer, scan_id, provider, at, lift } => {
                let begin = Begin {
                    scan_id: scan_id.clone(),
                    provider: Some(provider.clone()),
                    at: Some(Timestamp::from_micros(*at)),
                    lift: *lift,
                    guard: false,
                    scopes: Vec::new(),
                };
                let Ok(session) = self.begin(*writer, begin.clone()).await else { return false };
                self.scans.insert(*writer, OpenScan { begin, session, handed_in: Vec::new(), scopes: Vec::new() });
            }
            Op::Observe { writer, batch } => {
                let scan = self.scans.get_mut(writer).unwrap();
                let batch: Vec<Observation> = batch.iter().map(observation).collect();
                scan.handed_in.extend(batch.iter().cloned());
                scan.session.observe(batch).await.unwrap();
            }
            Op::Scope { writer, line } => self.scans.get_mut(writer).unwrap().scopes.push(report(line)),
            Op::Complete { writer, at } => {
                let scan = self.scans.remove(writer).unwrap();
                scan.session.complete(at.map(Timestamp::from_micros), scan.scopes).await.unwrap();
            }
            Op::Fail { writer } => {
                let scan = self.scans.remove(writer).unwrap();
                scan.session.fail("broke", scan.scopes).await.unwrap();
            }
            Op::Abandon { writer } => drop(self.scans.remove(writer)),
            Op::Retain { share } => {
                // Any process may do it.
                let writer = self.writer(share % 3).await;
                let history = writer.history().await.unwrap();
                let plan = RetentionPlan::new(&history.index, &history.manifest, asked(*share, history.head())).unwrap();
                if plan.raises() {
                    writer.retain(&plan, "a test").await.unwrap();
                }
            }
            Op::Compact => {
                let options = CompactOptions { grace: std::time::Duration::ZERO };
                self.writer(0).await.compact(options).await.unwrap();
            }
            Op::Reopen => self.reopen().await,
            Op::Checkpoint => {}
        }
        true
    }

    /// All processes end; scans go on in new ones.
    async fn reopen(&mut self) {
        self.writers.clear();
        for (number, scan) in std::mem::take(&mut self.scans) {
            let session = self.begin(number, scan.begin.clone()).await.unwrap();
            assert_eq!(session.known_lines(), scan.handed_in.len() as u64);
            session.observe(scan.handed_in.clone()).await.unwrap();
            self.scans.insert(number, OpenScan { session, ..scan });
        }
    }
}

pub fn observation(naive: &naive::Observation) -> Observation {
    let scope = &naive.key.scope;
    let key = ResourceKey::new(&scope.provider, &scope.account_id, &scope.region, &scope.resource_type, &naive.key.resource_id).unwrap();
    let json = |value: &crate::oracle::value::Json| CanonicalJson::parse(value.scrambled().as_bytes()).unwrap();
    let boxed = |text: &Option<String>| text.as_deref().map(Into::into);
    let content = Content {
        native_type: boxed(&naive.content.native_type),
        arn: boxed(&naive.content.arn),
        name: boxed(&naive.content.name),
        state: boxed(&naive.content.state),
        created_at: naive.content.created_at.map(Timestamp::from_micros),
        tags: naive.content.tags.as_ref().map(|_| json(&naive.content.tags_json())),
        properties: json(&naive.content.properties),
    };
    let hash = content.hash(None);
    let sighting = if naive.deleted { Sighting::Deleted } else { Sighting::Present(Arc::new(content), hash) };
    Observation { key, sighting, observed_at: naive.observed_at.map(Timestamp::from_micros) }
}

pub fn report(line: &naive::ScopeLine) -> ScopeReport {
    let scope = Scope::new(&line.scope.provider, &line.scope.account_id, &line.scope.region, &line.scope.resource_type).unwrap();
    let status: CoverageStatus = line.status.text().parse().unwrap();
    ScopeReport { error_code: line.error_code.clone(), error: line.error.clone(), ..ScopeReport::new(scope, status) }
}

/// Compares one answer, row for row.
fn same(what: &str, expected: Vec<Row>, found: Vec<Row>, order: &[&str]) {
    let (expected, found) = (sorted(expected, order), sorted(found, order));
    for (row, (expected, found)) in expected.iter().zip(&found).enumerate() {
        assert_eq!(found, expected, "{what}, row {row}");
    }
    assert_eq!(found.len(), expected.len(), "{what}: rows");
}

/// Tags that are columns of the files, and one that is not.
const BY_TAGS: &str = "WHERE tags['env'] = 'prod' OR tags['a/b~c'] > 'a' OR tags['none'] IS NOT NULL";

fn by_tags(row: &Row) -> bool {
    let tags: serde_json::Value = row["tags"].as_str().map_or_else(Default::default, |tags| serde_json::from_str(tags).unwrap());
    tags["env"] == "prod" || tags["a/b~c"].as_str().is_some_and(|value| value > "a") || tags.get("none").is_some()
}

/// Compares every table with the oracle's, at some revisions.
pub async fn compare(store: &Store, view: View<'_>, pin: Option<i64>, picks: &[i64]) {
    let snapshot = store.snapshot().await.unwrap();
    let mut session = session(&snapshot, pin.map(|pin| pin.to_string()));
    let (floor, head) = (view.floor(), view.head());
    assert_eq!(snapshot.floor(), floor);
    let revisions: Vec<i64> = picks.iter().map(|pick| floor + pick.rem_euclid(head - floor + 1)).chain([floor, head]).collect();
    if floor > 0 {
        let refused = try_rows(&mut session, &format!("SELECT * FROM resources_as_of({})", floor - 1)).await.unwrap_err();
        assert!(refused.contains(&format!("has been compacted; the oldest is {floor}")), "{refused}");
    }
    let all = |table: &str| format!("SELECT * FROM {table}");
    same("resources", view.resources(), rows(&mut session, &all("resources")).await, answers::ORDER_BY_KEY);
    same("observations", view.observations(), rows(&mut session, &all("observations")).await, answers::ORDER_BY_REVISION);
    same("resource_versions", view.resource_versions(), rows(&mut session, &all("resource_versions")).await, answers::ORDER_BY_VERSION);
    for at in &revisions {
        let found = rows(&mut session, &all(&format!("resources_as_of({at})"))).await;
        same(&format!("resources_as_of({at}), pin {pin:?}"), view.resources_as_of(*at).unwrap(), found, answers::ORDER_BY_KEY);
        let found = rows(&mut session, &format!("SELECT * FROM resources_as_of({at}) {BY_TAGS}")).await;
        let expected = view.resources_as_of(*at).unwrap().into_iter().filter(by_tags).collect();
        same(&format!("resources_as_of({at}) by tags, pin {pin:?}"), expected, found, answers::ORDER_BY_KEY);
    }
    let found = rows(&mut session, &format!("SELECT * FROM resource_versions {BY_TAGS}")).await;
    let expected = view.resource_versions().into_iter().filter(by_tags).collect();
    same("resource_versions by tags", expected, found, answers::ORDER_BY_VERSION);
    for pair in revisions.windows(2) {
        let (from, to) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
        let found = rows(&mut session, &all(&format!("changes({from}, {to})"))).await;
        same(&format!("changes({from}, {to}), pin {pin:?}"), view.changes(from, to).unwrap(), found, answers::ORDER_BY_REVISION);
        let found = rows(&mut session, &all(&format!("diff({from}, {to})"))).await;
        same(&format!("diff({from}, {to}), pin {pin:?}"), view.diff(from, to).unwrap(), found, answers::ORDER_BY_KEY);
    }
    same("scans", view.scans(), rows(&mut session, &all("scans")).await, answers::ORDER_BY_SCAN);
    same("coverage", view.coverage(), rows(&mut session, &all("coverage")).await, answers::ORDER_BY_SCAN_AND_SCOPE);
    same("scopes", view.scopes(), rows(&mut session, &all("scopes")).await, answers::ORDER_BY_SCOPE);
    for resource in ["i-1", "aws/111122223333/us-east-1/aws_test_alpha/a/b c"] {
        let found = rows(&mut session, &all(&format!("history('{resource}')"))).await;
        same(&format!("history({resource}), pin {pin:?}"), view.history(resource), found, answers::ORDER_BY_VERSION);
    }
}

/// Plays a history in a place where there is no store yet, and compares every answer.
pub async fn check(backend: Arc<dyn Backend>, ops: &[Op], picks: &[i64]) {
    let (mut player, mut engine) = (Player::default(), Engine::new(backend));
    for op in ops {
        let expected = player.apply(op).is_ok();
        assert_eq!(engine.apply(op).await, expected, "{op:?}");
        if matches!(op, Op::Checkpoint) && player.oracle.head() > 0 {
            let store = Store::open(Arc::clone(&engine.backend)).await.unwrap();
            compare(&store, player.oracle.view(), None, picks).await;
        }
    }
    if engine.writers.is_empty() {
        return;
    }
    let store = Store::open(Arc::clone(&engine.backend)).await.unwrap();
    compare(&store, player.oracle.view(), None, picks).await;
    let (floor, head) = (player.oracle.view().floor(), player.oracle.head());
    let pin = floor + picks[0].rem_euclid(head - floor + 1);
    compare(&store, player.oracle.pinned(pin).unwrap(), Some(pin), picks).await;
    engine.apply(&Op::Compact).await;
    compare(&store, player.oracle.view(), None, picks).await;
}

fn run(ops: &[Op], picks: &[i64]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let scratch = Scratch::new();
    runtime.block_on(check(scratch.backend(), ops, picks));
}

/// Cases of a property: enough for a push; `PROPTEST_CASES` asks for more.
fn cases(of: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(of), failure_persistence: None, max_shrink_iters: 400, ..Config::default() }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn every_answer_is_the_oracles(script in scripts(&Shape::overlapping()), picks in prop::collection::vec(any::<i64>(), 4)) {
        run(&script.ops(), &picks);
    }
}

proptest! {
    #![proptest_config(cases(16))]

    /// Wherever retention comes in, with scans of several writers under way, and whoever compacts after it.
    #[test]
    fn every_answer_above_the_floor_is_the_oracles(
        script in scripts(&Shape::overlapping()),
        marks in prop::collection::vec((any::<usize>(), any::<u8>()), 1..5),
        picks in prop::collection::vec(any::<i64>(), 4),
    ) {
        run(&retained(script.ops(), &marks), &picks);
    }
}

#[test]
fn histories_of_fixed_seeds_answer_as_the_oracle_does() {
    for seed in 0..6 {
        run(&from_seed(seed, &Shape::overlapping()).ops(), &[1, 7, 13, 29]);
    }
}

#[test]
fn histories_of_fixed_seeds_answer_as_the_oracle_does_above_the_floor() {
    let marks = [(11, 90), (29, 128), (53, 160), (83, 220), (7, 255)];
    for seed in 20..26 {
        run(&retained(from_seed(seed, &Shape::overlapping()).ops(), &marks), &[1, 7, 13, 29]);
    }
}

/// A scan that goes on in another process lists what it saw, not what it said was gone after another scan had seen it.
#[test]
fn a_late_deletion_is_not_listed_by_a_continued_scan() {
    let text = |text: &str| text.to_owned();
    let scope = naive::Scope {
        provider: text("aws"),
        account_id: text("111122223333"),
        region: text("us-east-1"),
        resource_type: text("aws_test_alpha"),
    };
    let key = naive::Key { scope, resource_id: text("i-1") };
    let observed = |deleted| naive::Observation { key: key.clone(), content: Default::default(), observed_at: None, deleted };
    let begin =
        |writer| Op::Begin { writer, scan_id: format!("scan-{writer}"), provider: text("aws"), at: 1_735_689_600_000_000, lift: false };
    let ops = [
        begin(0),
        begin(1),
        Op::Observe { writer: 1, batch: vec![observed(false)] },
        Op::Observe { writer: 0, batch: vec![observed(true)] },
        Op::Reopen,
        Op::Complete { writer: 0, at: None },
    ];
    run(&ops, &[0, 0, 0, 0]);
}

#[test]
fn one_writer_answers_as_the_oracle_does() {
    for seed in 100..104 {
        run(&from_seed(seed, &Shape::serial()).ops(), &[2, 5, 11, 17]);
    }
}
