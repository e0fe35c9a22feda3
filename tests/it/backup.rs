//! Backups: whole at every moment, brought up to date while writers go on, and stores again when they are restored.

use std::sync::Arc;
use std::time::Duration;

use elava::ErrorKind;
use elava::store::{Backend, BackupOptions, CompactOptions, LocalBackend, Store, Writer, backup, restore, verify_with};

use crate::damage::{answers, flipped};
use crate::support::fault_backend::{Fault, FaultBackend, Objects, Plan};
use crate::support::{Row, Scratch, clock};
use crate::verify::{DEEP, scan, store, told};

const AS_IT_IS: BackupOptions<'_> = BackupOptions { prune: false, progress: None };
const PRUNED: BackupOptions<'_> = BackupOptions { prune: true, progress: None };

fn place(backend: &Arc<FaultBackend>) -> Arc<dyn Backend> {
    Arc::clone(backend) as Arc<dyn Backend>
}

async fn head(backend: Arc<dyn Backend>) -> i64 {
    Store::open(backend).await.unwrap().snapshot().await.unwrap().head()
}

async fn check_sound(backend: Arc<dyn Backend>) {
    let report = verify_with(backend, &DEEP).await.unwrap();
    assert_eq!(told(&report), Vec::<String>::new());
}

/// One that is to be made fails, and says why.
async fn refused(from: Arc<dyn Backend>, to: Arc<dyn Backend>) -> (ErrorKind, String) {
    let error = backup(from, to, &AS_IT_IS).await.unwrap_err();
    (error.kind(), error.to_string())
}

/// A store, and what it was two scans and two compactions before: all but headers is other files by then.
struct Moments {
    older: Objects,
    newer: Objects,
    answers: [Vec<Vec<Row>>; 2],
}

impl Moments {
    async fn make() -> Self {
        let scratch = Scratch::new();
        let writer = store(&scratch).await;
        let older = scratch.objects();
        for number in 13..17 {
            scan(&writer, number).await;
            writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
        }
        scan(&writer, 17).await;
        let newer = scratch.objects();
        let of = |objects: &Objects| answers(FaultBackend::holding(objects));
        let answers = [of(&older).await.unwrap(), of(&newer).await.unwrap()];
        Self { older, newer, answers }
    }

    /// A backup of the older moment.
    async fn backed_up(&self) -> Arc<FaultBackend> {
        let to = Arc::new(FaultBackend::default());
        backup(FaultBackend::holding(&self.older), place(&to), &AS_IT_IS).await.unwrap();
        to
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_a_store_that_is_only_read() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    let writer = store(&scratch).await;
    let report = backup(scratch.backend(), other.backend(), &AS_IT_IS).await.unwrap();
    assert!(report.segments > 20 && report.files > 5 && report.bytes > 10_000, "{report:?}");
    assert_eq!(answers(other.backend()).await, answers(scratch.backend()).await);
    check_sound(other.backend()).await;
    let error = Writer::open(other.backend(), clock()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("holds a backup, which is only read"), "{error}");

    // What was there is not copied again.
    let again = backup(scratch.backend(), other.backend(), &AS_IT_IS).await.unwrap();
    assert_eq!((again.segments, again.files, again.bytes, again.head_hash), (0, 0, 0, report.head_hash));
    scan(&writer, 13).await;
    let more = backup(scratch.backend(), other.backend(), &AS_IT_IS).await.unwrap();
    assert!(more.segments > 0 && more.segments < 5 && more.files == 0, "{more:?}");
    assert_eq!(answers(other.backend()).await, answers(scratch.backend()).await);
}

#[tokio::test]
async fn a_reader_sees_the_backup_before_or_after_a_run_at_every_moment_of_it() {
    let moments = Moments::make().await;
    let to = moments.backed_up().await;
    assert_eq!(answers(place(&to)).await.unwrap(), moments.answers[0]);
    let before = to.trail().len();
    backup(FaultBackend::holding(&moments.newer), place(&to), &PRUNED).await.unwrap();
    let states = to.trail().split_off(before);
    let mut seen = [0, 0];
    for (step, objects) in states.iter().enumerate() {
        let found = answers(FaultBackend::holding(objects)).await.unwrap_or_else(|error| panic!("step {step}: {error}"));
        let which = moments.answers.iter().position(|answers| *answers == found).unwrap_or_else(|| panic!("step {step}: another answer"));
        seen[which] += 1;
        check_sound(FaultBackend::holding(objects)).await;
    }
    assert!(seen[0] > 10 && seen[1] > 5, "{seen:?}");
}

/// A reader that has the backup open sees the newer one once it is there.
#[tokio::test]
async fn a_reader_goes_on_to_the_newer_backup() {
    let moments = Moments::make().await;
    let to = moments.backed_up().await;
    let store = Store::open(place(&to)).await.unwrap();
    let older = store.snapshot().await.unwrap().head();
    backup(FaultBackend::holding(&moments.newer), place(&to), &AS_IT_IS).await.unwrap();
    let newer = store.snapshot().await.unwrap().head();
    assert!(newer > older && newer == head(place(&to)).await);
}

#[tokio::test]
async fn a_run_that_stops_anywhere_leaves_a_whole_backup_and_is_gone_on_with() {
    let moments = Moments::make().await;
    let first = moments.backed_up().await.objects();
    let mut failed = 0;
    for at in 1.. {
        let fault = if at % 2 == 0 { Fault::GoneBefore } else { Fault::GoneAfter };
        let to = FaultBackend::failing(Plan { fault, at, times: 1 });
        first.iter().for_each(|(name, bytes)| to.put(name, bytes.clone()));
        let outcome = backup(FaultBackend::holding(&moments.newer), place(&to), &AS_IT_IS).await;
        if to.fired() == 0 {
            outcome.unwrap();
            break;
        }
        failed += usize::from(outcome.is_err());
        let left = FaultBackend::holding(&to.objects());
        let found = answers(place(&left)).await.unwrap();
        assert!(moments.answers.contains(&found), "stopped at {at}: another answer");
        backup(FaultBackend::holding(&moments.newer), place(&left), &AS_IT_IS).await.unwrap();
        assert_eq!(answers(place(&left)).await.unwrap(), moments.answers[1], "stopped at {at}");
        check_sound(place(&left)).await;
    }
    assert!(failed > 20, "only {failed} runs were stopped");
}

/// Until it is complete nobody takes a place that is restored into for a store.
#[tokio::test]
async fn a_restore_that_stops_anywhere_leaves_no_store_and_is_gone_on_with() {
    let moments = Moments::make().await;
    let from = moments.backed_up().await;
    let mut failed = 0;
    for at in 1.. {
        let fault = if at % 2 == 0 { Fault::GoneBefore } else { Fault::GoneAfter };
        let to = FaultBackend::failing(Plan { fault, at, times: 1 });
        let outcome = restore(place(&from), place(&to), None).await;
        if to.fired() == 0 {
            outcome.unwrap();
            break;
        }
        failed += 1;
        let left = FaultBackend::holding(&to.objects());
        match Writer::open(place(&left), clock()).await {
            // Nothing was done yet, or all of it.
            Ok(_) => assert!(to.objects().is_empty() || answers(place(&left)).await.unwrap() == moments.answers[0], "stopped at {at}"),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), "stopped at {at}: {error}"),
        }
        let left = FaultBackend::holding(&to.objects());
        restore(place(&from), place(&left), None).await.unwrap();
        assert_eq!(answers(place(&left)).await.unwrap(), moments.answers[0]);
        Writer::open(place(&left), clock()).await.unwrap();
    }
    assert!(failed > 20, "only {failed} runs were stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_are_made_while_a_writer_writes_compacts_and_removes() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    let writer = store(&scratch).await;
    let writing = tokio::spawn(async move {
        for number in 13..30 {
            scan(&writer, number).await;
            writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
        }
    });
    let (mut heads, mut done) = (Vec::new(), false);
    while !done {
        done = writing.is_finished();
        match backup(scratch.backend(), other.backend(), &AS_IT_IS).await {
            Ok(report) => {
                assert_eq!(head(other.backend()).await, report.head);
                check_sound(other.backend()).await;
                heads.push(report.head);
            }
            Err(error) => assert!(error.to_string().contains("compacted faster"), "{error}"),
        }
    }
    writing.await.unwrap();
    assert!(heads.is_sorted(), "{heads:?}");
    assert_eq!(answers(other.backend()).await, answers(scratch.backend()).await);
}

#[tokio::test]
async fn segments_stay_whole_in_a_backup_and_pruning_removes_what_its_tables_do_not_need() {
    let moments = Moments::make().await;
    let to = moments.backed_up().await;
    let source = FaultBackend::holding(&moments.newer);
    let kept = backup(place(&source), place(&to), &AS_IT_IS).await.unwrap();
    assert_eq!(kept.pruned, 0);
    let whole = |objects: &Objects| objects.iter().filter(|(name, bytes)| name.starts_with("log/") && bytes.len() > 256).count();
    assert!(whole(&to.objects()) > whole(&moments.newer), "segments that were cut down in the store are whole in the backup");
    let before = to.objects().len();
    let pruned = backup(place(&source), place(&to), &PRUNED).await.unwrap();
    assert!(pruned.pruned > 3, "{pruned:?}");
    assert_eq!(to.objects().len() as u64 + pruned.pruned, before as u64);
    assert_eq!(answers(place(&to)).await.unwrap(), moments.answers[1]);
    check_sound(place(&to)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_never_made_over_another_store_or_one_that_is_written_to() {
    let (scratch, foreign) = (Scratch::new(), Scratch::new());
    drop(store(&scratch).await);
    drop(store(&foreign).await);
    let (kind, text) = refused(scratch.backend(), foreign.backend()).await;
    assert!(kind == ErrorKind::Invalid && text.contains("holds a store, and no backup"), "{text}");
    assert_eq!(refused(scratch.backend(), scratch.backend()).await.0, ErrorKind::Invalid, "into itself");
    let to = Scratch::new();
    backup(foreign.backend(), to.backend(), &AS_IT_IS).await.unwrap();
    let before = to.objects();
    let (kind, text) = refused(scratch.backend(), to.backend()).await;
    assert!(kind == ErrorKind::Invalid && text.contains("holds another store"), "{text}");
    assert_eq!(to.objects(), before, "nothing was altered");
    let nowhere = Scratch::new();
    assert_eq!(refused(nowhere.backend(), to.backend()).await.0, ErrorKind::NotFound);
    assert!(!Scratch::new().store_folder().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_two_stores_part_that_were_one_is_told() {
    let (scratch, to) = (Scratch::new(), Scratch::new());
    let writer = store(&scratch).await;
    backup(scratch.backend(), to.backend(), &AS_IT_IS).await.unwrap();
    let common = scratch.objects().keys().filter(|name| name.starts_with("log/")).count();
    // A restored store goes on, and so does the one that the backup was made of.
    let restored = Scratch::new();
    restore(to.backend(), restored.backend(), None).await.unwrap();
    let theirs = Writer::open(restored.backend(), clock()).await.unwrap();
    scan(&theirs, 20).await;
    scan(&theirs, 21).await;
    scan(&writer, 30).await;
    backup(scratch.backend(), to.backend(), &AS_IT_IS).await.unwrap();
    let before = to.objects();
    let (kind, text) = refused(restored.backend(), to.backend()).await;
    assert_eq!(kind, ErrorKind::Conflict);
    assert!(
        text.contains(&format!("one store up to segment {common} ")) && text.contains(&format!("from segment {} on", common + 1)),
        "{text}"
    );
    let error = restore(to.backend(), restored.backend(), None).await.unwrap_err();
    assert!(error.to_string().contains(&format!("from segment {} on", common + 1)), "{error}");
    assert_eq!(to.objects(), before);
    Writer::open(restored.backend(), clock()).await.expect("it is still a store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_goes_on_and_an_older_copy_is_brought_up_to_date() {
    let (scratch, to, copy) = (Scratch::new(), Scratch::new(), Scratch::new());
    let writer = store(&scratch).await;
    // A plain copy of the folder.
    for (name, bytes) in scratch.objects() {
        let path = copy.store_folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    for number in 13..16 {
        scan(&writer, number).await;
        writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
    }
    backup(scratch.backend(), to.backend(), &AS_IT_IS).await.unwrap();
    let expected = answers(scratch.backend()).await.unwrap();
    let empty = Scratch::new();
    for place in [&copy, &empty] {
        restore(to.backend(), place.backend(), None).await.unwrap();
        assert_eq!(answers(place.backend()).await.unwrap(), expected);
        check_sound(place.backend()).await;
    }
    let writer = Writer::open(empty.backend(), clock()).await.unwrap();
    scan(&writer, 40).await;
    writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
    check_sound(empty.backend()).await;
    assert!(head(empty.backend()).await > head(to.backend()).await);
    // The backup is behind: it is brought up to date from the store that went on.
    backup(empty.backend(), to.backend(), &AS_IT_IS).await.unwrap();
    let (kind, text) = refused(scratch.backend(), to.backend()).await;
    assert!(kind == ErrorKind::Conflict && text.contains("has gone further"), "{text}");
}

#[tokio::test]
async fn what_is_damaged_gets_no_name_in_a_backup() {
    let moments = Moments::make().await;
    let to = moments.backed_up().await;
    let before = answers(place(&to)).await.unwrap();
    let source = FaultBackend::holding(&moments.newer);
    let known = to.objects();
    let fresh: Vec<&String> = moments.newer.keys().filter(|name| !known.contains_key(*name) && !name.starts_with("tmp/")).collect();
    let of = |folder: &str| fresh.iter().rfind(|name| name.starts_with(folder)).copied().unwrap();
    for name in ["log/", "versions/", "observations/", "entries/"].map(of) {
        let bytes = &moments.newer[name];
        source.put(name, flipped(bytes, bytes.len() * 2 / 3));
        let (kind, text) = refused(place(&source), place(&to)).await;
        assert!(kind == ErrorKind::Corrupt && text.contains(name.as_str()), "{name}: {text}");
        assert!(!to.objects().contains_key(name), "{name}");
        assert_eq!(answers(place(&to)).await.unwrap(), before, "{name}");
        source.put(name, bytes.clone());
    }
    backup(place(&source), place(&to), &AS_IT_IS).await.unwrap();
    assert_eq!(answers(place(&to)).await.unwrap(), moments.answers[1]);
}

/// On a local disk the backup is private to its owner, as a store is.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_on_disk_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (scratch, other) = (Scratch::new(), Scratch::new());
    drop(store(&scratch).await);
    backup(scratch.backend(), Arc::new(LocalBackend::new(other.store_folder())), &AS_IT_IS).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&other.store_folder()), 0o700);
    for name in other.objects().keys() {
        assert_eq!(mode(&other.store_folder().join(name)), 0o600, "{name}");
    }
}
