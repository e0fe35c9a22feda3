//! Redaction: the content of one resource is found nowhere any more, all others answer as before, and the chain still verifies.

pub mod leftovers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use elava::clock::Clock;
use elava::model::{CanonicalJson, Change, Content, CoverageStatus, Observation, ResourceKey, Scope, ScopeReport, Sighting, Timestamp};
use elava::store::{
    BackupOptions, Begin, CompactOptions, FindingRecord, FindingStatus, LastRun, Purged, Readers, RedactionPlan, RetentionPlan, RunRecord,
    ScanBegun, ScanSession, Snapshot, Store, StoreSettings, Writer, backup, purge, restore, verify_with,
};
use serde_json::{Value, json};

use crate::oracle::answers::{ORDER_BY_KEY, ORDER_BY_REVISION, ORDER_BY_VERSION, sorted};
use crate::oracle::history::{Op, Shape, from_seed};
use crate::support::driver::Driver;
use crate::support::fault_backend::{FaultBackend, Objects};
use crate::support::{Row, clock, rows, session};
use crate::sweep::{AT_ONCE, check_sound, place};
use crate::verify::{DEEP, told};
use leftovers::everything;

/// What must not be kept is in every text of the resource's contents; another one in each version.
const SECRET: &str = "hunter2";
const KEY: &str = "aws/1/r/aws_test/i-7";

fn key() -> ResourceKey {
    ResourceKey::from_stored(KEY).unwrap()
}

fn secret(number: i64) -> Content {
    let text = |what: &str| Some(format!("{SECRET}-{what}-{number}").as_str().into());
    let json = |text: String| CanonicalJson::parse(text.as_bytes()).unwrap();
    Content {
        native_type: text("type"),
        arn: text("arn"),
        name: text("name"),
        state: text("state"),
        created_at: Some(Timestamp::from_micros(1_000_000 + number)),
        tags: Some(json(format!(r#"{{"env":"{SECRET}-tag-{number}","{SECRET}":"x"}}"#))),
        properties: json(format!(r#"{{"{SECRET}-{number}":1,"UserData":"{SECRET} {number} {}"}}"#, "z".repeat(300))),
    }
}

fn plain(id: i64, number: i64) -> Content {
    let number = if id % 3 == number % 3 { number } else { 0 };
    let properties = CanonicalJson::parse(format!(r#"{{"n":{number}}}"#).as_bytes()).unwrap();
    let tags = Some(CanonicalJson::parse(format!(r#"{{"env":"e{}"}}"#, id % 4).as_bytes()).unwrap());
    Content {
        native_type: None,
        arn: None,
        name: Some(format!("name-{id}").as_str().into()),
        state: None,
        created_at: None,
        tags,
        properties,
    }
}

fn seen(key: ResourceKey, content: Content) -> Observation {
    let hash = content.hash(None);
    Observation { key, sighting: Sighting::Present(Arc::new(content), hash), observed_at: None }
}

fn others(number: i64) -> Vec<Observation> {
    let key = |id: i64| ResourceKey::new("aws", "1", "r", "aws_test", &format!("i-{id}")).unwrap();
    (10..24 + number % 2).map(|id| seen(key(id), plain(id, number))).collect()
}

async fn begun(writer: &Writer, scan_id: &str) -> ScanSession {
    let begin = Begin { scan_id: scan_id.into(), provider: Some("aws".into()), at: None, lift: true, guard: false, scopes: Vec::new() };
    let ScanBegun::Session(session) = writer.begin(begin).await.unwrap() else { panic!("the scan is new") };
    session
}

/// A scan of all others, and of the resource if a version of it is given.
async fn scan(writer: &Writer, number: i64, version: Option<i64>) {
    let session = begun(writer, &format!("scan-{number}")).await;
    session.observe(others(number)).await.unwrap();
    if let Some(version) = version {
        session.observe(vec![seen(key(), secret(version))]).await.unwrap();
    }
    let scope = Scope::new("aws", "1", "r", "aws_test").unwrap();
    session.complete(None, vec![ScopeReport::new(scope, CoverageStatus::Complete)]).await.unwrap();
}

async fn record_finding(writer: &Writer, run_id: &str, after: Option<&str>) {
    let finding = FindingRecord {
        status: FindingStatus::Open,
        check_id: "ports".into(),
        resource_key: KEY.into(),
        severity: "high".into(),
        title: "A title".into(),
        reason: format!("it says {SECRET}"),
        since: None,
        exempt_reason: None,
        exempt_until: None,
        last_seen_at: None,
        last_seen_revision: None,
        details: Some(json!({ "value": SECRET })),
    };
    writer.record_findings(run_id, &[finding], 0).await.unwrap();
    let details = json!({"kind": "present", "revision": 1, "status": "fail", "checks": 1, "results": []});
    let run = RunRecord {
        run_id: run_id.into(),
        started_at: Timestamp::parse("2030-01-01T00:00:00Z").unwrap(),
        findings: Some(LastRun(after.map(str::to_owned))),
        details: details.as_object().cloned().unwrap(),
    };
    writer.record_run(&run).await.unwrap();
}

/// A store in which the resource was made, altered, seen by a scan that came too late, deleted and made again, in several epochs, with
/// findings about it, and a tail.
async fn store(backend: &Arc<FaultBackend>) -> Writer {
    store_of(backend, 10).await
}

async fn store_of(backend: &Arc<FaultBackend>, scans: i64) -> Writer {
    let writer = Writer::open(place(backend), clock()).await.unwrap();
    let settings = StoreSettings { epoch_rows_min: 8, tag_columns: vec!["env".into()], ..StoreSettings::default() };
    writer.change_settings(settings).await.unwrap();
    for number in 0..scans {
        let version = match number {
            0 | 1 => Some(1),
            5 => None,
            other => Some(other),
        };
        let late = if number == 4 { Some(begun(&writer, "late").await) } else { None };
        scan(&writer, number, version).await;
        if let Some(late) = late {
            late.observe(vec![seen(key(), secret(400))]).await.unwrap();
            late.complete(None, Vec::new()).await.unwrap();
        }
        match number {
            2 => record_finding(&writer, "one", None).await,
            9 => record_finding(&writer, "two", Some("one")).await,
            _ => {}
        }
        if number % 3 == 2 {
            writer.compact(CompactOptions::default()).await.unwrap();
        }
    }
    writer
}

async fn redact(writer: &Writer, readers: Readers) -> Purged {
    writer.redact(&key(), "a test").await.unwrap();
    purge(writer, readers).await.unwrap()
}

async fn snapshot(backend: &Arc<FaultBackend>) -> Arc<Snapshot> {
    Store::open(place(backend)).await.unwrap().snapshot().await.unwrap()
}

/// All that tables and functions tell of resources but one, at several revisions and pins.
async fn of_others(snapshot: &Arc<Snapshot>, key: &str, head: i64) -> Vec<Vec<Row>> {
    let mut answers = Vec::new();
    for pin in [head / 2, head] {
        let mut session = session(snapshot, Some(pin.to_string()));
        let all = format!("WHERE resource_key <> {}", text(key));
        let mut statements = vec![
            (format!("SELECT * FROM observations {all}"), ORDER_BY_REVISION),
            (format!("SELECT * FROM resource_versions {all}"), ORDER_BY_VERSION),
        ];
        for at in [1, pin / 2, pin - 1] {
            statements.push((format!("SELECT * FROM resources_as_of({at}) {all}"), ORDER_BY_KEY));
            statements.push((format!("SELECT * FROM changes({at}, 'head') {all}"), ORDER_BY_REVISION));
            statements.push((format!("SELECT * FROM diff({at}, 'head') {all}"), ORDER_BY_KEY));
        }
        for (statement, order) in statements {
            answers.push(sorted(rows(&mut session, &statement).await, order));
        }
    }
    answers
}

fn has_secret(objects: &Objects) -> Vec<String> {
    everything(objects).into_iter().filter(|(_, text)| text.contains(SECRET)).map(|(name, _)| name).collect()
}

/// A state with changes applied is a later state, and changes follow one another.
async fn check_laws(snapshot: &Arc<Snapshot>) {
    type State = BTreeMap<String, Value>;
    let (head, mut session) = (snapshot.head(), session(snapshot, None));
    let key_of = |row: &Row| row["resource_key"].as_str().unwrap().to_owned();
    let marks = [0, head / 4, head / 2, head - 2, head];
    let (mut state, mut all) = (State::new(), Vec::new());
    for pair in marks.windows(2) {
        let changes = format!("SELECT * FROM changes({}, {}) ORDER BY revision", pair[0], pair[1]);
        let between = rows(&mut session, &changes).await;
        for change in &between {
            match change["change"].as_str() {
                Some("deleted") => state.remove(&key_of(change)),
                _ => state.insert(key_of(change), change["properties"].clone()),
            };
        }
        let expected = rows(&mut session, &format!("SELECT * FROM resources_as_of({})", pair[1])).await;
        assert_eq!(state, expected.iter().map(|row| (key_of(row), row["properties"].clone())).collect::<State>(), "{pair:?}");
        all.extend(between);
    }
    assert_eq!(all, rows(&mut session, &format!("SELECT * FROM changes(0, {head}) ORDER BY revision")).await);
}

/// A text as SQL has it.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

async fn of_key(snapshot: &Arc<Snapshot>, sql: &str) -> Vec<Row> {
    rows(&mut session(snapshot, None), sql).await
}

/// What the properties of each version of the resource are.
async fn tokens(snapshot: &Arc<Snapshot>) -> Vec<String> {
    let found = of_key(snapshot, &format!("SELECT * FROM history('{KEY}')")).await;
    found.iter().map(|row| row["properties"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_content_is_found_nowhere_and_all_else_is_as_it_was() {
    let backend = FaultBackend::forgetful();
    let writer = store(&backend).await;
    let before = snapshot(&backend).await;
    let head = before.head();
    assert!(before.epochs().len() > 2 && before.tail_size().0 > 0, "{} epochs", before.epochs().len());
    let expected = of_others(&before, KEY, head).await;
    let versions = of_key(&before, &format!("SELECT * FROM history('{KEY}')")).await;
    assert!(has_secret(&backend.objects()).len() > 10, "the search finds what is there: {:?}", has_secret(&backend.objects()));

    let plan = RedactionPlan::new(&writer.history().await.unwrap(), &key()).await.unwrap();
    assert_eq!((plan.versions, plan.findings), (versions.len() + 1, 2), "the late content is one too");
    let purged = redact(&writer, Readers::AwaitPinned).await;
    assert!(plan.files > 5 && purged.left.is_empty() && purged.removed.segments > 5, "{plan:?}, {purged:?}");

    assert_eq!(has_secret(&backend.objects()), Vec::<String>::new());
    check_sound(&backend).await;
    let after = snapshot(&backend).await;
    assert_eq!(after.head(), head);
    assert_eq!(of_others(&after, KEY, head).await, expected);
    check_laws(&after).await;

    // What happened when is still told, and versions still differ.
    let shown = of_key(&after, &format!("SELECT * FROM history('{KEY}')")).await;
    for (was, is) in versions.iter().zip(&shown) {
        for column in ["resource_key", "resource_id", "valid_from_revision", "valid_to_revision", "change", "ended_by", "first_seen_at"] {
            assert_eq!(was[column], is[column], "{column}");
        }
        for column in ["native_type", "arn", "name", "state", "created_at", "tags"] {
            assert_eq!(is[column], Value::Null, "{column}");
        }
        let paths = if is["change"] == "updated" { json!(["/properties/redacted"]) } else { json!([]) };
        assert_eq!(is["changed_paths"], paths);
    }
    assert_eq!(shown.len(), versions.len());
    let tokens = tokens(&after).await;
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), tokens.len(), "{tokens:?}");
    assert!(tokens.iter().all(|token| token.starts_with(r#"{"redacted":""#)));
    let entries = of_key(&after, "SELECT * FROM audit_log WHERE entry LIKE 'redact%' ORDER BY seq").await;
    assert_eq!(entries.iter().map(|entry| entry["entry"].as_str().unwrap()).collect::<Vec<_>>(), ["redacted", "redaction_applied"]);
    let details: Value = serde_json::from_str(entries[0]["details"].as_str().unwrap()).unwrap();
    assert_eq!((&details["reason"], &details["resource_key"]), (&json!("a test"), &json!(KEY)));
    let findings = of_key(&after, "SELECT reason, details FROM findings").await;
    assert_eq!((&findings[0]["reason"], &findings[0]["details"]), (&json!("redacted"), &Value::Null));
    let plan = RedactionPlan::new(&writer.history().await.unwrap(), &key()).await.unwrap();
    assert!(!plan.redacts() && plan.files == 0 && plan.segments > 0, "{plan:?}");

    // A scan that sees it again records it, and so does a writer that opens the store anew.
    scan(&writer, 20, Some(9)).await;
    scan(&Writer::open(place(&backend), clock()).await.unwrap(), 21, Some(9)).await;
    let newest = of_key(&snapshot(&backend).await, &format!("SELECT * FROM changes({head}, 'head') WHERE resource_key = '{KEY}'")).await;
    assert_eq!(newest.len(), 1, "it is seen unchanged after that");
    assert_eq!(newest[0]["change"], "updated");
    assert!(newest[0]["changed_paths"].as_array().unwrap().contains(&json!("/properties/redacted")));
    writer.compact(AT_ONCE).await.unwrap();
    check_sound(&backend).await;
    check_laws(&snapshot(&backend).await).await;

    // And is redacted once more; what was redacted before keeps its tokens.
    redact(&writer, Readers::AwaitPinned).await;
    assert_eq!(has_secret(&backend.objects()), Vec::<String>::new());
    let again = self::tokens(&snapshot(&backend).await).await;
    assert_eq!(again[..tokens.len()], tokens);
    assert_eq!(again.iter().collect::<BTreeSet<_>>().len(), tokens.len() + 1);
    check_sound(&backend).await;
    check_laws(&snapshot(&backend).await).await;
}

/// Whatever was written last, the next one finishes; and nothing is damaged meanwhile.
#[tokio::test]
async fn a_redaction_that_is_stopped_at_any_write_is_gone_on_with() {
    let backend = Arc::new(FaultBackend::default());
    let writer = store_of(&backend, 6).await;
    let versions = format!("SELECT * FROM resource_versions WHERE resource_key <> '{KEY}'");
    let expected = sorted(of_key(&snapshot(&backend).await, &versions).await, ORDER_BY_VERSION);
    let begin = backend.trail().len();
    redact(&writer, Readers::AwaitPinned).await;
    let states = backend.trail().split_off(begin);
    assert!(states.len() > 20, "{} states", states.len());
    let mut untouched = 0;
    for (at, objects) in states.iter().enumerate() {
        for by_compaction in [false, true] {
            let backend = FaultBackend::holding(objects);
            let damage = told(&verify_with(place(&backend), &DEEP).await.unwrap());
            assert_eq!(damage, Vec::<String>::new(), "state {at}");
            let writer = Writer::open(place(&backend), clock()).await.unwrap();
            let plan = RedactionPlan::new(&writer.history().await.unwrap(), &key()).await.unwrap();
            untouched += usize::from(plan.redacts());
            if by_compaction && !plan.redacts() {
                // By whoever compacts next, and the first who does after that names those tables.
                scan(&writer, 30, None).await;
                writer.compact(CompactOptions::default()).await.unwrap();
                scan(&writer, 31, None).await;
                writer.compact(CompactOptions::default()).await.unwrap();
            } else {
                if plan.redacts() {
                    writer.redact(&key(), "again").await.unwrap();
                }
                assert!(purge(&writer, Readers::AwaitPinned).await.unwrap().left.is_empty(), "state {at}");
            }
            assert_eq!(has_secret(&backend.objects()), Vec::<String>::new(), "state {at}, {by_compaction}");
            check_sound(&backend).await;
            if !by_compaction {
                assert_eq!(sorted(of_key(&snapshot(&backend).await, &versions).await, ORDER_BY_VERSION), expected, "state {at}");
            }
        }
    }
    assert_eq!(untouched, 0, "the first write is the act");
}

/// Another writer had the resource in its state, with its content at hand.
#[tokio::test]
async fn writers_that_are_open_meanwhile_go_on_from_what_replaces_it() {
    for (before_purge, content_at_hand) in [(false, false), (false, true), (true, false), (true, true)] {
        let backend = FaultBackend::forgetful();
        let writer = store(&backend).await;
        let other = Writer::open(place(&backend), clock()).await.unwrap();
        let session = begun(&other, "meanwhile").await;
        if content_at_hand {
            session.observe(vec![seen(key(), secret(50))]).await.unwrap();
        }
        writer.redact(&key(), "a test").await.unwrap();
        if !before_purge {
            purge(&writer, Readers::AwaitPinned).await.unwrap();
        }
        let seen_again = if content_at_hand { 50 } else { 9 };
        let committed = session.observe(vec![seen(key(), secret(seen_again))]).await.unwrap();
        assert_eq!(committed.counts.updated, 1, "before the purge: {before_purge}");
        session.observe(others(9)).await.unwrap();
        session.complete(None, Vec::new()).await.unwrap();
        purge(&writer, Readers::AwaitPinned).await.unwrap();
        let shown = snapshot(&backend).await;
        let history = of_key(&shown, &format!("SELECT * FROM history('{KEY}')")).await;
        let last = history.last().unwrap();
        assert!(last["properties"].as_str().unwrap().contains(SECRET), "what is seen later is recorded");
        assert!(last["changed_paths"].as_array().unwrap().contains(&json!("/properties/redacted")), "{last:?}");
        assert!(history[..history.len() - 1].iter().all(|row| row["properties"].as_str().unwrap().starts_with(r#"{"redacted""#)));
        check_sound(&backend).await;
        check_laws(&shown).await;
        redact(&other, Readers::AwaitPinned).await;
        assert_eq!(has_secret(&backend.objects()), Vec::<String>::new());
        check_sound(&backend).await;
    }
}

#[tokio::test]
async fn a_pinned_reader_is_waited_for_unless_it_is_interrupted() {
    let backend = FaultBackend::forgetful();
    let writer = store(&backend).await;
    let reads_by: Arc<dyn Clock> = clock();
    let (open, pin) = Store::open(place(&backend)).await.unwrap().pinned(&reads_by).await.unwrap();
    let purged = redact(&writer, Readers::AwaitPinned).await;
    assert_eq!(purged.left.pinned_manifest, Some(open.manifest().number));
    assert!(!has_secret(&backend.objects()).is_empty());
    let mut session = session(&open, None);
    rows(&mut session, "SELECT * FROM resource_versions").await;
    check_sound(&backend).await;
    let purged = purge(&writer, Readers::Interrupt).await.unwrap();
    assert!(purged.left.is_empty(), "{purged:?}");
    assert_eq!(has_secret(&backend.objects()), Vec::<String>::new());
    let error = crate::support::try_rows(&mut session, "SELECT * FROM resource_versions").await.unwrap_err();
    assert!(error.contains("run it again"), "{error}");
    pin.release().await;
    check_sound(&backend).await;
}

/// Lost would be: a compaction that stood still since before the redaction, and writes its files only then.
#[tokio::test]
async fn what_a_stalled_compaction_writes_too_late_is_removed_by_the_next_sweep() {
    let backend = FaultBackend::forgetful();
    let writer = store(&backend).await;
    let mut stalled = writer.history().await.unwrap();
    redact(&writer, Readers::AwaitPinned).await;
    elava::store::compact(&mut stalled, CompactOptions { grace: Duration::from_secs(86_400) }).await.ok();
    purge(&writer, Readers::AwaitPinned).await.unwrap();
    assert_eq!(has_secret(&backend.objects()), Vec::<String>::new());
    check_sound(&backend).await;
}

/// A run of checks that had read what is redacted has nothing to tell any more.
#[tokio::test]
async fn findings_of_what_is_redacted_meanwhile_are_refused() {
    let backend = FaultBackend::forgetful();
    let writer = store(&backend).await;
    redact(&writer, Readers::AwaitPinned).await;
    let finding = FindingRecord {
        status: FindingStatus::Open,
        check_id: "ports".into(),
        resource_key: KEY.into(),
        severity: "high".into(),
        title: "A title".into(),
        reason: SECRET.into(),
        since: None,
        exempt_reason: None,
        exempt_until: None,
        last_seen_at: None,
        last_seen_revision: None,
        details: None,
    };
    let error = writer.record_findings("three", std::slice::from_ref(&finding), 0).await.unwrap_err();
    assert_eq!(error.kind(), elava::ErrorKind::Conflict);
    assert_eq!(has_secret(&backend.objects()), Vec::<String>::new());
    writer.record_findings("three", &[finding], 1).await.unwrap();
}

/// Who does not know of redactions must not go on with such a store: it would leave them out of its tables.
#[tokio::test]
async fn older_builds_are_kept_out_by_a_feature_of_the_segment_and_the_format_of_manifests() {
    let backend = FaultBackend::forgetful();
    let writer = store(&backend).await;
    let plain = backend.objects();
    redact(&writer, Readers::AwaitPinned).await;
    let redacted = backend.objects();
    let features = |objects: &Objects| -> Vec<u8> {
        objects.iter().filter(|(name, bytes)| name.starts_with("log/") && bytes[10] != 0).map(|(_, bytes)| bytes[10]).collect()
    };
    assert_eq!((features(&plain), features(&redacted)), (vec![], vec![1]));
    let format = |objects: &Objects| objects.iter().rfind(|(name, _)| name.starts_with("manifest/")).unwrap().1[8];
    assert_eq!((format(&plain), format(&redacted)), (1, 2));
}

/// Damage of something else is found all the same, also before what was redacted is removed.
#[tokio::test]
async fn damage_is_found_as_ever() {
    let backend = Arc::new(FaultBackend::default());
    let writer = store(&backend).await;
    let begin = backend.trail().len();
    redact(&writer, Readers::AwaitPinned).await;
    let states = backend.trail();
    let with_payload = states[begin..].iter().rfind(|objects| objects["log/00000000000000000003.seg"].len() > 256).unwrap();
    for objects in [with_payload, &backend.objects()] {
        for name in objects.keys().filter(|name| !name.starts_with("pins/")) {
            let damaged = FaultBackend::holding(objects);
            let mut bytes = objects[name].to_vec();
            let at = bytes.len() / 2;
            bytes[at] ^= 4;
            damaged.put(name, bytes.into());
            let report = verify_with(place(&damaged), &DEEP).await.unwrap();
            assert!(report.damage.iter().any(|damage| damage.object == *name), "{name}: {:?}", told(&report));
        }
    }
}

/// Histories of several writers whose scans overlap, in the midst of which another process redacts a resource: all others are as
/// they are without it, revision by revision.
#[tokio::test]
async fn whatever_goes_on_meanwhile_others_are_as_they_would_be() {
    let mut redacted = 0;
    for seed in 0..16 {
        let shape = Shape { writers: 1 + (seed % 3) as u8, steps: 10..26, lifts: seed % 2 == 0 };
        let ops = from_seed(seed, &shape).ops();
        let backends = [FaultBackend::forgetful(), FaultBackend::forgetful()];
        let mut drivers = backends.each_ref().map(|backend| Driver::new(place(backend)));
        let mut key = None;
        for (at, op) in ops.iter().chain([&Op::Compact]).enumerate() {
            for driver in &mut drivers {
                driver.insist(op).await;
            }
            if at == ops.len() / 2 || at == ops.len() * 3 / 4 {
                let seen = of_key(&snapshot(&backends[0]).await, "SELECT resource_key FROM resource_versions ORDER BY 1 LIMIT 1").await;
                key = key.or_else(|| seen.first().map(|row| row["resource_key"].as_str().unwrap().to_owned()));
                let Some(key) = &key else { continue };
                let writer = Writer::open(place(&backends[0]), clock()).await.unwrap();
                writer.redact(&ResourceKey::from_stored(key).unwrap(), "a test").await.unwrap();
                if seed % 4 != 0 {
                    purge(&writer, Readers::AwaitPinned).await.unwrap();
                }
            }
        }
        let Some(key) = key else { continue };
        redacted += 1;
        let [with, without] = [snapshot(&backends[0]).await, snapshot(&backends[1]).await];
        assert_eq!(with.head(), without.head(), "seed {seed}");
        assert_eq!(of_others(&with, &key, with.head()).await, of_others(&without, &key, with.head()).await, "seed {seed}");
        check_sound(&backends[0]).await;
        check_laws(&with).await;
        let began = of_key(&with, &format!("SELECT change FROM observations WHERE resource_key = {}", text(&key))).await;
        assert!(began.iter().any(|row| row["change"] == Change::Created.as_str()), "seed {seed}");
    }
    assert!(redacted > 12, "{redacted}");
}

/// Tables that are made anew from the log before it is cut down are without what it redacts.
#[tokio::test]
async fn tables_made_anew_from_the_log_are_without_it() {
    let backend = FaultBackend::forgetful();
    let writer = store(&backend).await;
    writer.redact(&key(), "a test").await.unwrap();
    let mut objects = backend.objects();
    let lost = objects.keys().rfind(|name| name.starts_with("versions/changes")).unwrap().clone();
    objects.remove(&lost);
    let damaged = FaultBackend::holding(&objects);
    elava::store::repair(place(&damaged), clock(), &elava::store::Cure::RebuildTables).await.unwrap();
    check_sound(&damaged).await;
    let writer = Writer::open(place(&damaged), clock()).await.unwrap();
    assert!(purge(&writer, Readers::AwaitPinned).await.unwrap().left.is_empty());
    assert_eq!(has_secret(&damaged.objects()), Vec::<String>::new());
    check_sound(&damaged).await;
}

#[tokio::test]
async fn a_backup_holds_it_until_it_is_brought_up_to_date_and_pruned() {
    let (backend, copy) = (FaultBackend::forgetful(), FaultBackend::forgetful());
    let writer = store(&backend).await;
    let older = FaultBackend::forgetful();
    backup(place(&backend), place(&copy), &BackupOptions::default()).await.unwrap();
    backup(place(&backend), place(&older), &BackupOptions::default()).await.unwrap();
    redact(&writer, Readers::AwaitPinned).await;
    backup(place(&backend), place(&copy), &BackupOptions::default()).await.unwrap();
    assert!(!has_secret(&copy.objects()).is_empty());
    check_sound(&copy).await;
    let head = snapshot(&backend).await.head();
    let expected = of_others(&snapshot(&backend).await, KEY, head).await;
    let pruned = backup(place(&backend), place(&copy), &BackupOptions { prune: true, progress: None }).await.unwrap();
    assert!(pruned.pruned > 5, "{pruned:?}");
    assert_eq!(has_secret(&copy.objects()), Vec::<String>::new());
    check_sound(&copy).await;
    let restored = FaultBackend::forgetful();
    restore(place(&copy), place(&restored), None).await.unwrap();
    assert_eq!(has_secret(&restored.objects()), Vec::<String>::new());
    check_sound(&restored).await;
    assert_eq!(of_others(&snapshot(&restored).await, KEY, head).await, expected);
    scan(&Writer::open(place(&restored), clock()).await.unwrap(), 40, None).await;
    check_sound(&restored).await;

    // A damaged header that is fetched from an older backup comes without its payload.
    let name = "log/00000000000000000003.seg";
    backend.put(name, older.objects()[name].slice(..100));
    elava::store::repair(place(&backend), clock(), &elava::store::Cure::FromBackup(place(&older))).await.unwrap();
    assert_eq!(backend.objects()[name].len(), 256);
    check_sound(&backend).await;
}

/// What lies below the floor is hidden and still there: it goes with the rest.
#[tokio::test]
async fn what_lies_below_the_floor_is_redacted_too() {
    let backend = FaultBackend::forgetful();
    let writer = store(&backend).await;
    let history = writer.history().await.unwrap();
    let plan = RetentionPlan::new(&history.index, &history.manifest, history.head() * 2 / 3).unwrap();
    writer.retain(&plan, "a test").await.unwrap();
    redact(&writer, Readers::AwaitPinned).await;
    assert_eq!(has_secret(&backend.objects()), Vec::<String>::new());
    check_sound(&backend).await;
}
