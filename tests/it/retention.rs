//! Retention: the floor rises and never sinks, whole files go, no other is written anew, and what is above answers as before.

use std::collections::BTreeSet;
use std::sync::Arc;

use elava::ErrorKind;
use elava::model::{TimeSpan, Timestamp};
use elava::store::{
    Backend, Begin, CompactOptions, DataFile, History, Holder, RetentionPlan, RetentionSettings, ScanBegun, Snapshot, Store, Writer,
    verify_with,
};

use crate::oracle::answers::{ORDER_BY_KEY, ORDER_BY_REVISION, ORDER_BY_SCAN_AND_SCOPE, ORDER_BY_VERSION, sorted};
use crate::oracle::history::{Op, Shape, from_seed, retained};
use crate::support::driver::Driver;
use crate::support::fault_backend::FaultBackend;
use crate::support::{Row, clock, rows, session, try_rows};
use crate::sweep::{AT_ONCE, check_sound, pinned, place, read, scan_and_compact, small_store};
use crate::verify::{DEEP, scan, told};

async fn snapshot(backend: &Arc<FaultBackend>) -> Arc<Snapshot> {
    Store::open(place(backend)).await.unwrap().snapshot().await.unwrap()
}

async fn planned(writer: &Writer, asked: i64) -> RetentionPlan {
    let history = writer.history().await.unwrap();
    RetentionPlan::new(&history.index, &history.manifest, asked).unwrap()
}

/// A store of many epochs, all of it compacted.
async fn long_store() -> (Arc<FaultBackend>, Writer) {
    let (backend, writer) = small_store().await;
    for number in 4..20 {
        scan_and_compact(&writer, number, AT_ONCE).await;
    }
    (backend, writer)
}

fn names<'f>(files: impl IntoIterator<Item = &'f DataFile>) -> BTreeSet<String> {
    files.into_iter().map(|file| file.name.clone()).collect()
}

/// The states at some revisions, and what happened after the first of them.
async fn answers(snapshot: &Arc<Snapshot>, revisions: &[i64]) -> Vec<Vec<Row>> {
    let mut session = session(snapshot, None);
    let mut answers = Vec::new();
    for at in revisions {
        answers.push(sorted(rows(&mut session, &format!("SELECT * FROM resources_as_of({at})")).await, ORDER_BY_KEY));
        answers.push(sorted(rows(&mut session, &format!("SELECT * FROM changes({at}, 'head')")).await, ORDER_BY_REVISION));
    }
    let first = revisions[0];
    let observations = format!("SELECT * FROM observations WHERE revision > {first}");
    answers.push(sorted(rows(&mut session, &observations).await, ORDER_BY_REVISION));
    let versions = format!("SELECT * FROM resource_versions WHERE coalesce(valid_to_revision, {first} + 1) > {first}");
    answers.push(sorted(rows(&mut session, &versions).await, ORDER_BY_VERSION));
    for table in ["scans", "coverage", "scopes"] {
        answers.push(sorted(rows(&mut session, &format!("SELECT * FROM {table}")).await, ORDER_BY_SCAN_AND_SCOPE));
    }
    answers
}

/// The same store in another place.
async fn copy(backend: &Arc<FaultBackend>) -> (Arc<FaultBackend>, Writer) {
    let copy = FaultBackend::holding(&backend.objects());
    let writer = Writer::open(place(&copy), clock()).await.unwrap();
    (copy, writer)
}

#[tokio::test]
async fn whole_epochs_go_and_the_files_of_others_keep_their_names() {
    let (long, _writer) = long_store().await;
    let before = snapshot(&long).await;
    let sealed: Vec<_> = before.epochs().iter().filter(|epoch| epoch.end.is_some()).collect();
    assert!(sealed.len() > 5, "{} epochs", sealed.len());
    // In an epoch in the middle, which stays: its start, and all but its end.
    let middle = sealed[sealed.len() / 2];
    let end = middle.end.unwrap();
    for floor in [middle.start, middle.start + 1, middle.start + (end - middle.start) / 2, end - 1] {
        let (backend, writer) = copy(&long).await;
        let open = snapshot(&backend).await;
        let all = read(&open).await.unwrap();
        let revisions = [floor, floor + 1, end, end + 1, before.head()];
        let expected = answers(&before, &revisions).await;
        let plan = planned(&writer, floor).await;
        assert_eq!((plan.floor, plan.held_by.as_ref(), plan.revisions), (floor, None, floor));
        writer.retain(&plan, "a test").await.unwrap();
        // Hidden at once, with all files still there.
        assert_eq!(answers(&snapshot(&backend).await, &revisions).await, expected, "floor {floor}, not compacted");
        writer.compact(CompactOptions::default()).await.unwrap();

        let after = snapshot(&backend).await;
        assert_eq!((after.floor(), after.epochs()[0].start), (floor, middle.start));
        assert_eq!(answers(&after, &revisions).await, expected, "floor {floor}");
        let sealed = |snapshot: &Snapshot| -> BTreeSet<String> {
            let epochs = snapshot.epochs().iter().filter(|epoch| epoch.start >= middle.start && epoch.end.is_some());
            names(epochs.flat_map(|epoch| &epoch.files))
        };
        assert_eq!(sealed(&after), sealed(&before), "no epoch is written anew");
        assert!(names(after.observation_files()).is_subset(&names(before.observation_files())));
        assert!(names(after.change_files()).is_subset(&names(before.change_files())));
        assert_eq!(plan.epochs, before.epochs().len() - after.epochs().len());
        check_sound(&backend).await;
        // What went can be read by those that had it open, for as long as readers have.
        assert_eq!(read(&open).await.unwrap(), all);
        writer.compact(AT_ONCE).await.unwrap();
        let named = names(after.manifest().files());
        let left: BTreeSet<String> = backend.objects().into_keys().filter(|name| name.ends_with(".parquet")).collect();
        assert_eq!(left, named);
        let gone = names(before.manifest().files()).difference(&named).count();
        assert!(plan.files > plan.epochs && plan.files <= gone, "{plan:?}, {gone} have gone");
        check_sound(&backend).await;
        let refused = try_rows(&mut session(&after, None), &format!("SELECT * FROM changes({}, 'head')", floor - 1)).await;
        assert!(refused.unwrap_err().contains(&format!("revision {} has been compacted; the oldest is {floor}", floor - 1)));
    }
}

#[tokio::test]
async fn the_floor_rises_as_far_as_nothing_holds_it_and_never_sinks() {
    let (backend, writer) = small_store().await;
    let head = snapshot(&backend).await.head();
    assert_eq!(planned_error(&writer, head + 1).await, ErrorKind::NotFound);

    writer.tag("kept", 30).await.unwrap();
    assert_eq!(planned(&writer, head).await.floor, head, "a tag alone holds nothing");
    writer.hold_tag("kept", 30).await.unwrap();
    let plan = planned(&writer, head).await;
    assert_eq!((plan.floor, plan.held_by.unwrap().holder), (30, Holder::Tag("kept".into())));
    assert_eq!(planned(&writer, 20).await.held_by, None);
    writer.retain(&planned(&writer, 20).await, "a test").await.unwrap();
    let lower = planned(&writer, 10).await;
    assert!(lower.floor == 20 && !lower.raises());
    writer.retain(&RetentionPlan { floor: 10, ..lower }, "a test").await.unwrap();
    assert_eq!(snapshot(&backend).await.floor(), 20, "whatever an entry says");

    // Planned before the tag held it: refused when it is written.
    writer.release_tag("kept", 30).await.unwrap();
    let plan = planned(&writer, 40).await;
    writer.hold_tag("kept", 30).await.unwrap();
    let error = writer.retain(&plan, "a test").await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("tag \"kept\" holds revision 30")), (ErrorKind::Conflict, true), "{error}");
    let error = writer.hold_tag("kept", 19).await.unwrap_err();
    assert!(error.to_string().contains("revision 19 has been compacted; the oldest is 20"), "{error}");
    writer.compact(AT_ONCE).await.unwrap();
    check_sound(&backend).await;
    let snapshot = snapshot(&backend).await;
    assert!(snapshot.floor() == 20 && snapshot.tag("kept").unwrap().held);
}

async fn planned_error(writer: &Writer, asked: i64) -> ErrorKind {
    let history = writer.history().await.unwrap();
    RetentionPlan::new(&history.index, &history.manifest, asked).unwrap_err().kind()
}

/// What was seen since a scan began decides what its end deletes, so it must be there until then.
#[tokio::test]
async fn a_scan_under_way_holds_the_floor_and_one_that_broke_below_it_is_not_gone_on_with() {
    let (backend, writer) = small_store().await;
    let token = snapshot(&backend).await.head();
    let begin =
        |id: &str| Begin { scan_id: id.into(), provider: Some("aws".into()), at: None, lift: true, guard: false, scopes: Vec::new() };
    let ScanBegun::Session(under_way) = writer.begin(begin("slow")).await.unwrap() else { panic!("it is new") };
    let mut others = another(&backend).await;
    scan(&others, 4).await;
    let plan = planned(&others, token + 5).await;
    let held_by = plan.held_by.unwrap();
    assert!(plan.floor == token && matches!(&held_by.holder, Holder::Scan { scan_id, .. } if scan_id == "slow"), "{held_by:?}");
    under_way.fail("broke", Vec::new()).await.unwrap();

    let plan = planned(&others, token + 5).await;
    assert_eq!((plan.floor, plan.held_by.as_ref()), (token + 5, None));
    others.retain(&plan, "a test").await.unwrap();
    others.compact(AT_ONCE).await.unwrap();
    for attempt in 0..2 {
        let error = others.begin(begin("slow")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(
            error.to_string().contains(&format!("began at revision {token}, below the oldest that is kept ({})", token + 5)),
            "{error}"
        );
        if attempt == 0 {
            others = another(&backend).await;
        }
    }
    check_sound(&backend).await;
}

/// Another process.
async fn another(backend: &Arc<FaultBackend>) -> Writer {
    Writer::open(place(backend), clock()).await.unwrap()
}

/// One that goes on with a broken scan, and stands still while another process raises the floor above where it began.
#[tokio::test]
async fn a_scan_that_the_floor_has_passed_writes_nothing_more() {
    let (backend, writer) = small_store().await;
    let begin = Begin { scan_id: "slow".into(), provider: Some("aws".into()), at: None, lift: true, guard: false, scopes: Vec::new() };
    let ScanBegun::Session(broken) = writer.begin(begin.clone()).await.unwrap() else { panic!("it is new") };
    broken.fail("broke", Vec::new()).await.unwrap();
    let ScanBegun::Session(going_on) = writer.begin(begin).await.unwrap() else { panic!("it has not completed") };
    let other = another(&backend).await;
    scan(&other, 4).await;
    let head = snapshot(&backend).await.head();
    other.retain(&planned(&other, head).await, "a test").await.unwrap();
    other.compact(AT_ONCE).await.unwrap();
    let error = going_on.complete(None, Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("below the oldest that is kept"), "{error}");
    assert_eq!(snapshot(&backend).await.head(), head);
    check_sound(&backend).await;
}

#[tokio::test]
async fn a_pinned_reader_reads_on_below_the_floor() {
    let (backend, writer) = long_store().await;
    let (open, pin) = pinned(&Store::open(place(&backend)).await.unwrap()).await;
    let all = read(&open).await.unwrap();
    let head = open.head();
    writer.retain(&planned(&writer, head).await, "a test").await.unwrap();
    for number in 20..23 {
        scan_and_compact(&writer, number, AT_ONCE).await;
        assert_eq!(read(&open).await.as_ref(), Ok(&all));
    }
    check_sound(&backend).await;
    pin.release().await;
    writer.compact(AT_ONCE).await.unwrap();
    assert!(read(&open).await.is_err());
    let left = snapshot(&backend).await;
    assert!(left.floor() == head && left.epochs()[0].start > head / 2);
    read(&left).await.unwrap();
}

#[test]
fn policies_keep_what_keeps_more() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // A scan an hour from 2025-01-01 on, 20 or 21 observations each.
        let (backend, _writer) = small_store().await;
        let index = History::open(place(&backend)).await.unwrap().index;
        let head = index.head;
        let now = Timestamp::parse("2025-01-01T04:30:00Z").unwrap();
        let keep = |text: &str| Some(TimeSpan::parse(text).unwrap());
        let floor = |keep, keep_revisions| RetentionSettings { keep, keep_revisions }.floor(&index, now);
        assert_eq!(floor(None, None), None);
        assert_eq!(floor(keep("1h"), None), Some(head));
        assert_eq!(floor(keep("90m"), None), Some(head));
        assert_eq!(floor(keep("91m"), None), Some(head - 21));
        assert_eq!(floor(keep("400d"), None), Some(0));
        assert_eq!(floor(None, Some(7)), Some(head - 7));
        assert_eq!(floor(None, Some(1_000_000)), Some(0));
        assert_eq!(floor(keep("1h"), Some(7)), Some(head - 7));
        assert_eq!(floor(keep("400d"), Some(7)), Some(0));
    });
}

/// Histories of several writers, with retention at any point: what is verified against each other is whatever is left.
#[tokio::test]
async fn stores_with_retention_are_found_sound() {
    let (mut raised, mut lost) = (0, 0);
    for seed in 0..40 {
        let shape = Shape { writers: 1 + (seed % 3) as u8, steps: 8..24, lifts: seed % 2 == 0 };
        let marks = [(seed as usize * 3, 100), (seed as usize * 7 + 5, 200)];
        let backend = FaultBackend::forgetful();
        let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn Backend>);
        let ops = retained(from_seed(seed, &shape).ops(), &marks);
        for op in ops.iter().chain([&Op::Compact]) {
            driver.insist(op).await;
            if matches!(op, Op::Compact) {
                let report = verify_with(place(&backend), &DEEP).await.unwrap();
                assert_eq!(told(&report), Vec::<String>::new(), "seed {seed}");
            }
        }
        let snapshot = snapshot(&backend).await;
        raised += usize::from(snapshot.floor() > 0);
        lost += usize::from(snapshot.epochs().first().is_some_and(|epoch| epoch.start > 0));
    }
    assert!(raised > 10 && lost > 5, "{raised} raised, {lost} lost epochs");
}
