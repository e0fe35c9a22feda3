//! A store of each released format is opened by every later build, with the same answers.
//!
//! `fixtures/format/v1` was written once, by `make_the_golden_store` below. It is never made again once a release has
//! written that format: a build that cannot read it is the one to mend.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elava::store::{LocalBackend, Store, VerifyOptions, verify_with};

use crate::damage::sample_history;
use crate::oracle::answers::{ORDER_BY_KEY, ORDER_BY_REVISION, ORDER_BY_VERSION, sorted};
use crate::oracle::history::Op;
use crate::support::driver::{Driver, check_recovery};
use crate::support::fault_backend::FaultBackend;
use crate::support::{Row, objects_in, rows, session};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format/v1")
}

/// A history that leaves sealed epochs, an open one with closings, segments cut down, and a tail.
const GOLDEN_SEED: u64 = 60;

/// The fixed inputs: several scans, sealed epochs and an open one, and a tail that is not compacted.
fn inputs() -> Vec<Op> {
    sample_history(GOLDEN_SEED)
}

async fn answers(store: &Store) -> BTreeMap<String, Vec<Row>> {
    let snapshot = store.snapshot().await.unwrap();
    let head = snapshot.head();
    let mut session = session(&snapshot, None);
    let mut answers = BTreeMap::new();
    let mut statements = vec![
        ("SELECT * FROM observations".to_owned(), ORDER_BY_REVISION),
        ("SELECT * FROM resources".to_owned(), ORDER_BY_KEY),
        ("SELECT * FROM resource_versions".to_owned(), ORDER_BY_VERSION),
        (format!("SELECT * FROM changes(0, {head})"), ORDER_BY_REVISION),
    ];
    statements.extend((0..head).step_by(3).map(|at| (format!("SELECT * FROM resources_as_of({at})"), ORDER_BY_KEY)));
    for (statement, order) in statements {
        let found = sorted(rows(&mut session, &statement).await, order);
        answers.insert(statement, found);
    }
    answers
}

#[test]
fn a_store_of_format_1_answers_as_it_did() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let backend = Arc::new(LocalBackend::new(fixture().join("store")));
        let store = Store::open(Arc::clone(&backend) as Arc<dyn elava::store::Backend>).await.unwrap();
        let snapshot = store.snapshot().await.unwrap();
        let [.., sealed, open] = snapshot.epochs() else { panic!("several epochs") };
        assert!(sealed.end.is_some() && open.closings.is_some() && snapshot.tail_size().0 > 0, "something of everything");
        let expected: BTreeMap<String, Vec<Row>> = serde_json::from_slice(&std::fs::read(fixture().join("answers.json")).unwrap()).unwrap();
        let found = answers(&store).await;
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (statement, expected) in &expected {
            assert_eq!(&found[statement], expected, "{statement}");
        }
        let report = verify_with(backend, &VerifyOptions { deep: true, ..VerifyOptions::default() }).await.unwrap();
        assert!(report.is_sound() && report.compared, "{:?}", report.damage);
    });
}

/// And later builds write on: the history is that of the inputs, with a scan after it.
#[test]
fn a_store_of_format_1_is_written_to_and_compacted() {
    let objects = objects_in(&fixture().join("store"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ops = inputs();
    runtime.block_on(check_recovery(FaultBackend::holding(&objects), &ops, ops.len(), true)).unwrap();
}

#[test]
#[ignore = "writes the fixture; only for a format that no release has written"]
fn make_the_golden_store() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _ = std::fs::remove_dir_all(fixture());
    runtime.block_on(async {
        let backend = Arc::new(LocalBackend::new(fixture().join("store")));
        let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn elava::store::Backend>);
        for op in inputs() {
            driver.insist(&op).await;
        }
        let store = Store::open(backend).await.unwrap();
        let found = serde_json::to_string_pretty(&answers(&store).await).unwrap();
        std::fs::write(fixture().join("answers.json"), found + "\n").unwrap();
    });
    std::fs::remove_dir(fixture().join("store/tmp")).unwrap();
}
