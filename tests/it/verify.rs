//! `verify` finds nothing in a sound store, and names what was altered in another.

mod forged;
mod script;

use std::sync::Arc;
use std::time::Duration;

use elava::model::{CanonicalJson, Content, CoverageStatus, Observation, ResourceKey, Scope, ScopeReport, Sighting, Timestamp};
use elava::store::{
    Backend, Begin, CompactOptions, ScanBegun, Store, StoreSettings, VerifyOptions, VerifyReport, Writer, verify, verify_with,
};

use crate::oracle::history::{Op, Shape, from_seed};
use crate::support::driver::Driver;
use crate::support::fault_backend::FaultBackend;
use crate::support::traced_files::Chance;
use crate::support::{Scratch, clock};

pub async fn scan(writer: &Writer, number: i64) {
    let at = Timestamp::from_micros(1_735_689_600_000_000 + number * 3_600_000_000);
    let begin = Begin {
        scan_id: format!("scan-{number}"),
        provider: Some("aws".into()),
        at: Some(at),
        lift: false,
        guard: false,
        scopes: Vec::new(),
    };
    let ScanBegun::Session(session) = writer.begin(begin).await.unwrap() else { panic!("the scan is new") };
    let observe = |id: i64| {
        let key = ResourceKey::new("aws", "1", "r", "aws_test", &format!("i-{id}")).unwrap();
        let text = format!(r#"{{"n":{}}}"#, if id % 3 == number % 3 { number } else { 0 });
        let properties = CanonicalJson::parse(text.as_bytes()).unwrap();
        let content = Content { native_type: None, arn: None, name: None, state: None, created_at: None, tags: None, properties };
        let hash = content.hash(None);
        Observation { key, sighting: Sighting::Present(Arc::new(content), hash), observed_at: None }
    };
    session.observe((0..20 + number % 2).map(observe).collect()).await.unwrap();
    let scope = Scope::new("aws", "1", "r", "aws_test").unwrap();
    session.complete(None, vec![ScopeReport::new(scope, CoverageStatus::Complete)]).await.unwrap();
}

pub async fn store(scratch: &Scratch) -> Writer {
    let writer = Writer::open(scratch.backend(), clock()).await.unwrap();
    writer.change_settings(StoreSettings { epoch_rows_min: 8, ..StoreSettings::default() }).await.unwrap();
    for number in 0..12 {
        scan(&writer, number).await;
        if number % 4 == 3 {
            writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
        }
    }
    scan(&writer, 12).await;
    writer
}

pub const DEEP: VerifyOptions<'_> = VerifyOptions { head: None, deep: true, progress: None };

/// The same, all of it compacted: no header names the newest manifest yet.
async fn compacted_store(scratch: &Scratch) {
    let writer = store(scratch).await;
    writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
}

pub fn told(report: &VerifyReport) -> Vec<String> {
    report.damage.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_store_is_found_sound_and_its_noted_hashes_are_found() {
    let scratch = Scratch::new();
    let _writer = store(&scratch).await;
    let report = verify_with(scratch.backend(), &DEEP).await.unwrap();
    assert_eq!(told(&report), Vec::<String>::new());
    assert!(report.headers_only > 0 && report.replayed > 0 && report.compared, "{report:?}");
    let snapshot = Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap();
    assert!(snapshot.epochs().len() > 2, "the history is cut: {:?}", snapshot.epochs().len());
    assert_eq!(report.head, snapshot.head());
    assert!(verify(scratch.backend(), Some(&report.head_hash)).await.unwrap().is_sound());
    assert!(!verify(scratch.backend(), Some("00")).await.unwrap().is_sound());
}

/// Whatever is written, with several writers, late observations, broken scans and settings that change: its tables agree.
#[tokio::test]
async fn stores_of_all_kinds_of_histories_are_found_sound() {
    let mut replayed = 0;
    for seed in 0..60 {
        let ops = from_seed(seed, &Shape { writers: 1 + (seed % 3) as u8, steps: 8..24, lifts: seed % 2 == 0 }).ops();
        let backend = FaultBackend::forgetful();
        let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn Backend>);
        for (at, op) in ops.iter().enumerate() {
            driver.insist(op).await;
            if matches!(op, Op::Compact) || at + 1 == ops.len() {
                let report = verify_with(Arc::clone(&backend) as Arc<dyn Backend>, &DEEP).await.unwrap();
                assert_eq!(told(&report), Vec::<String>::new(), "seed {seed}, after step {at}");
                replayed += report.replayed;
            }
        }
    }
    assert!(replayed > 100, "only {replayed} segments were compared with tables");
}

/// Every object: manifests and files that nothing needs any more, too.
#[tokio::test]
async fn a_thousand_flipped_bits_are_all_noticed_and_the_object_is_named() {
    let scratch = Scratch::new();
    compacted_store(&scratch).await;
    let objects = scratch.objects();
    let backend = FaultBackend::holding(&objects);
    let names: Vec<&String> = objects.keys().filter(|name| !name.starts_with("tmp/")).collect();
    let mut chance = Chance(11);
    for round in 0..1000 {
        // Each object in turn; large ones at places by chance.
        let name = names[round % names.len()];
        let mut bytes = objects[name].to_vec();
        let at = chance.next(bytes.len());
        bytes[at] ^= 1 << chance.next(8);
        backend.put(name, bytes.into());
        let report = verify(Arc::clone(&backend) as Arc<dyn Backend>, None).await.unwrap();
        assert!(report.damage.iter().any(|damage| damage.object == *name), "{name} at {at}: {:?}", told(&report));
        backend.put(name, objects[name].clone());
    }
}

/// A writer that compacts as it goes, keeping nothing that is not needed, makes no false alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_written_to_meanwhile_is_found_sound() {
    let scratch = Scratch::new();
    let writer = store(&scratch).await;
    let writing = tokio::spawn(async move {
        for number in 13..25 {
            scan(&writer, number).await;
            writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
        }
    });
    let (mut heads, mut done) = (Vec::new(), false);
    while !done {
        done = writing.is_finished();
        // It may be compacted each time that it is read; that is told, and no damage.
        match verify_with(scratch.backend(), &DEEP).await {
            Ok(report) => {
                assert_eq!(told(&report), Vec::<String>::new());
                heads.push(report.head);
            }
            Err(error) => assert!(error.to_string().contains("compacted faster"), "{error}"),
        }
    }
    writing.await.unwrap();
    assert!(heads.is_sorted() && !heads.is_empty(), "{heads:?}");
}
