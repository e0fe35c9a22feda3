//! `verify` finds nothing in a sound store, and names what was altered in another.

use std::sync::Arc;
use std::time::Duration;

use elava::model::{CanonicalJson, Content, CoverageStatus, Observation, ResourceKey, Scope, ScopeReport, Sighting, Timestamp};
use elava::store::{Begin, CompactOptions, ScanBegun, Store, StoreSettings, Writer, verify};

use crate::support::{Scratch, clock};

async fn scan(writer: &Writer, number: i64) {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_store_is_found_sound_and_its_noted_hashes_are_found() {
    let scratch = Scratch::new();
    let _writer = store(&scratch).await;
    let report = verify(scratch.backend(), None).await.unwrap();
    assert_eq!(report.damage, Vec::<String>::new());
    assert!(report.headers_only > 0, "{report:?}");
    let snapshot = Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap();
    assert!(snapshot.epochs().len() > 2, "the history is cut: {:?}", snapshot.epochs().len());
    assert_eq!(report.head, snapshot.head());
    assert!(verify(scratch.backend(), Some(&report.head_hash)).await.unwrap().is_sound());
    assert!(!verify(scratch.backend(), Some("00")).await.unwrap().is_sound());
}
