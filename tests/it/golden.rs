//! A store of each released format is opened by every later build, with the same answers.
//!
//! `fixtures/format/v1` was written once, by `make_the_golden_store` below. It is never made again once a release has
//! written that format: a build that cannot read it is the one to mend.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elava::store::{LocalBackend, Store, verify};

use crate::oracle::history::{Op, Shape, from_seed};
use crate::support::driver::{Driver, check_recovery};
use crate::support::fault_backend::{FaultBackend, Objects};
use crate::support::{Row, rows, session};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format/v1")
}

/// The fixed inputs: several scans that overlap, sealed epochs and an open one, and a tail that is not compacted.
fn inputs() -> Vec<Op> {
    let mut ops = from_seed(21, &Shape { writers: 2, steps: 30..31, lifts: true }).ops();
    ops.retain(|op| !matches!(op, Op::Compact | Op::Reopen));
    let third = ops.len() / 3;
    ops.splice(2 * third..2 * third, [Op::Compact, Op::Reopen]);
    ops.splice(third..third, [Op::Compact]);
    ops
}

async fn answers(store: &Store) -> BTreeMap<String, Vec<Row>> {
    let snapshot = store.snapshot().await.unwrap();
    let head = snapshot.head();
    let mut session = session(&snapshot, None);
    let mut answers = BTreeMap::new();
    let mut statements = vec![
        "SELECT * FROM observations ORDER BY revision".to_owned(),
        "SELECT * FROM resources ORDER BY resource_key".to_owned(),
        "SELECT * FROM resource_versions ORDER BY resource_key, valid_from_revision".to_owned(),
        format!("SELECT * FROM changes(0, {head}) ORDER BY revision"),
    ];
    statements.extend((0..head).step_by(7).map(|at| format!("SELECT * FROM resources_as_of({at}) ORDER BY resource_key")));
    for statement in statements {
        let found = rows(&mut session, &statement).await;
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
        let expected: BTreeMap<String, Vec<Row>> =
            serde_json::from_slice(&std::fs::read(fixture().join("answers.json")).unwrap()).unwrap();
        let found = answers(&store).await;
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (statement, expected) in &expected {
            assert_eq!(&found[statement], expected, "{statement}");
        }
        let report = verify(backend, None).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.damage);
    });
}

/// And later builds write on: the history is that of the inputs, with a scan after it.
#[test]
fn a_store_of_format_1_is_written_to_and_compacted() {
    let mut objects = Objects::new();
    for folder in ["log", "manifest", "versions", "closings", "observations", "entries"] {
        for entry in std::fs::read_dir(fixture().join("store").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            objects.insert(name, std::fs::read(path).unwrap().into());
        }
    }
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
