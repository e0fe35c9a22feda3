//! A store that is stopped at any instant: nothing acknowledged is lost, nothing is there by halves, writing goes on.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use elava::ErrorKind;
use elava::store::{Backend, LocalBackend};
use tempfile::TempDir;

use crate::oracle::history::{Op, Shape, from_seed};
use crate::support::driver::{Answers, Driver, check_recovery, played};
use crate::support::fault_backend::{Fault, FaultBackend, Objects, Plan};
use crate::support::traced_files::{Disk, Loss, Step, TracedFiles};

/// Histories with several writers, scans that overlap, retention, compactions and reopenings.
fn history(seed: u64, steps: usize) -> Vec<Op> {
    let mut ops = from_seed(seed, &Shape { writers: 2, steps: steps..steps + 1, lifts: true }).ops();
    // Twice, so that segments are cut down and old files removed.
    let half = ops.len() / 2;
    ops.splice(half..half, [Op::Retain { share: 90 }, Op::Compact, Op::Compact]);
    ops.extend([Op::Retain { share: 150 }, Op::Compact]);
    ops
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Does something for each item on two threads.
fn on_threads<T: Sync>(items: &[T], act: impl Fn(&tokio::runtime::Runtime, &T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let runtime = runtime();
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    act(&runtime, item);
                }
            });
        }
    });
}

fn fingerprint(objects: &Objects, acknowledged: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    (objects, acknowledged).hash(&mut hasher);
    hasher.finish()
}

/// What was there after each mutation, with how many steps were acknowledged by then.
fn states_of(ops: &[Op], age_seconds: u64) -> Vec<(Objects, usize)> {
    let backend = Arc::new(FaultBackend::default());
    backend.set_age(age_seconds);
    let mut states = vec![(Objects::new(), 0)];
    runtime().block_on(async {
        let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn Backend>);
        let mut read = 0;
        for (acknowledged, op) in ops.iter().enumerate() {
            driver.insist(op).await;
            let trail = backend.trail();
            states.extend(trail[read..].iter().map(|objects| (objects.clone(), acknowledged)));
            read = trail.len();
            // The same once more, after the step was acknowledged.
            states.push((backend.objects(), acknowledged + 1));
        }
    });
    states
}

/// How many mutations a history comes down to.
fn mutations_of(ops: &[Op]) -> usize {
    let backend = Arc::new(FaultBackend::default());
    runtime().block_on(async {
        let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn Backend>);
        for op in ops {
            driver.insist(op).await;
        }
    });
    backend.mutations()
}

#[test]
fn most_histories_that_are_stopped_raise_the_floor_and_lose_epochs() {
    let lost = [3, 4, 5, 6, 8].map(|seed| {
        let backend = FaultBackend::forgetful();
        runtime().block_on(async {
            let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn Backend>);
            for op in history(seed, 14) {
                driver.insist(&op).await;
            }
            let snapshot = elava::store::Store::open(backend).await.unwrap().snapshot().await.unwrap();
            (snapshot.floor(), snapshot.epochs()[0].start)
        })
    });
    assert!(lost.iter().filter(|(floor, start)| *floor > 0 && *start > 0).count() >= 3, "{lost:?}");
}

#[test]
fn a_store_stopped_at_any_write_holds_all_that_was_acknowledged_and_goes_on() {
    for (seed, age_seconds) in [(3, 0), (8, 100_000)] {
        let ops = history(seed, 16);
        let mut seen = HashSet::new();
        let mut states = states_of(&ops, age_seconds);
        states.retain(|(objects, acknowledged)| seen.insert(fingerprint(objects, *acknowledged)));
        assert!(states.len() > 20, "only {} states", states.len());
        on_threads(&states, |runtime, (objects, acknowledged)| {
            let backend = FaultBackend::holding(objects);
            backend.set_age(age_seconds);
            let outcome = runtime.block_on(check_recovery(backend, &ops, *acknowledged, true));
            outcome.unwrap_or_else(|error| panic!("seed {seed}, after {acknowledged} steps: {error}"));
        });
    }
}

#[test]
fn a_fault_at_any_write_alters_no_answer_once_the_caller_goes_on() {
    let ops = history(5, 7);
    let mutations = mutations_of(&ops);
    let faults = [
        (Fault::Unavailable, 1),
        (Fault::Full, 3),
        (Fault::UncertainLanded, 1),
        (Fault::UncertainLanded, 12),
        (Fault::UncertainLost, 1),
        (Fault::UncertainLost, 12),
        (Fault::ExistsByOneself, 1),
    ];
    let plans: Vec<Plan> =
        faults.iter().flat_map(|(fault, times)| (1..=mutations).map(|at| Plan { fault: *fault, at, times: *times })).collect();
    let fired = AtomicUsize::new(0);
    on_threads(&plans, |runtime, plan| {
        let backend = FaultBackend::failing(*plan);
        runtime.block_on(async {
            let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn Backend>);
            for op in &ops {
                driver.insist(op).await;
            }
        });
        fired.fetch_add(backend.fired().min(1), Ordering::Relaxed);
        let outcome = runtime.block_on(check_recovery(backend, &ops, ops.len(), false));
        outcome.unwrap_or_else(|error| panic!("{plan:?}: {error}"));
    });
    assert_eq!(fired.into_inner(), plans.len(), "each fault happens");
}

#[test]
fn a_store_that_goes_away_at_any_write_has_acknowledged_nothing_that_it_does_not_hold() {
    let ops = history(6, 10);
    let mutations = mutations_of(&ops);
    let plans: Vec<Plan> = [Fault::GoneBefore, Fault::GoneAfter]
        .into_iter()
        .flat_map(|fault| (1..=mutations).map(move |at| Plan { fault, at, times: 1 }))
        .collect();
    on_threads(&plans, |runtime, plan| {
        let backend = FaultBackend::failing(*plan);
        let acknowledged = runtime.block_on(async {
            let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn Backend>);
            for (acknowledged, op) in ops.iter().enumerate() {
                match driver.apply(op).await {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::Invalid => {}
                    Err(_) => return acknowledged,
                }
            }
            ops.len()
        });
        assert_eq!(backend.fired(), 1, "{plan:?} happens");
        let left = FaultBackend::holding(&backend.objects());
        let outcome = runtime.block_on(check_recovery(left, &ops, acknowledged, false));
        outcome.unwrap_or_else(|error| panic!("{plan:?}, after {acknowledged} steps: {error}"));
    });
}

/// The file operations of a local store during a history.
fn trace_of(ops: &[Op]) -> Vec<Step> {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("store");
    let files = Arc::new(TracedFiles::new(root.clone()));
    runtime().block_on(async {
        let backend = Arc::new(LocalBackend::with_files(root, Arc::clone(&files) as Arc<dyn elava::store::files::Files>));
        let mut driver = Driver::new(backend);
        for (done, op) in ops.iter().enumerate() {
            driver.insist(op).await;
            files.acknowledge(done + 1);
        }
    });
    files.trace()
}

/// All states that a power failure may leave, each once.
fn power_failures(trace: &[Step]) -> Vec<(Objects, usize)> {
    let losses = [Loss::All, Loss::Contents, Loss::Zeros];
    let (mut disk, mut seen, mut states) = (Disk::default(), HashSet::new(), Vec::new());
    for (at, step) in trace.iter().enumerate() {
        disk.apply(step);
        let by_chance = (0..3).map(|seed| Loss::Some(at as u64 * 31 + seed));
        for loss in losses.into_iter().chain(by_chance) {
            let objects = disk.after(loss);
            if seen.insert(fingerprint(&objects, disk.acknowledged)) {
                states.push((objects, disk.acknowledged));
            }
        }
    }
    states
}

#[test]
fn a_power_failure_at_any_file_operation_loses_nothing_that_was_acknowledged() {
    let ops = history(4, 14);
    let trace = trace_of(&ops);
    let states = power_failures(&trace);
    assert!(states.len() > 100, "only {} states", states.len());
    let numbered: Vec<_> = states.iter().enumerate().collect();
    on_threads(&numbered, |runtime, (number, (objects, acknowledged))| {
        let outcome = runtime.block_on(check_recovery(FaultBackend::holding(objects), &ops, *acknowledged, number % 8 == 0));
        outcome.unwrap_or_else(|error| panic!("after {acknowledged} steps: {error}"));
    });
}

#[test]
fn the_model_of_power_failures_catches_a_protocol_that_forgets_to_sync() {
    let ops = history(4, 14);
    let trace = trace_of(&ops);
    #[expect(clippy::type_complexity, reason = "a table of two lines")]
    let forgets: [(&str, &dyn Fn(&Step) -> bool); 2] = [
        ("files", &|step| matches!(step, Step::Sync { .. })),
        ("the log's folder", &|step| matches!(step, Step::SyncFolder { path } if path.ends_with("log"))),
    ];
    for (what, forgotten) in forgets {
        let trace: Vec<Step> = trace.iter().filter(|step| !forgotten(step)).cloned().collect();
        let runtime = runtime();
        let caught = power_failures(&trace).iter().any(|(objects, acknowledged)| {
            runtime.block_on(check_recovery(FaultBackend::holding(objects), &ops, *acknowledged, false)).is_err()
        });
        assert!(caught, "nobody would notice that {what} are not synced");
    }
}

/// What another process has linked but not made durable must not be lost below tables that were built on it.
#[test]
fn a_name_that_is_found_taken_is_made_durable_before_anything_is_built_on_it() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("store");
    let files = Arc::new(TracedFiles::new(root.clone()));
    let backend = LocalBackend::with_files(root, Arc::clone(&files) as Arc<dyn elava::store::files::Files>);
    runtime().block_on(async {
        backend.prepare().await.unwrap();
        backend.create("log/a", "1".into()).await.unwrap();
        let before = files.trace().len();
        assert_eq!(backend.create("log/a", "2".into()).await.unwrap(), elava::store::Created::Exists);
        let synced = files.trace().split_off(before).iter().any(|step| matches!(step, Step::SyncFolder { path } if path.ends_with("log")));
        assert!(synced, "the folder of the name is synced");
    });
}

/// Lost was: what a scan had seen before another process compacted and cut the segments down that its own process had not
/// read yet; its end then deleted what it had listed. The state that is made anew is given what was seen since it began.
#[test]
fn a_scan_that_lags_behind_a_compaction_deletes_nothing_that_it_saw() {
    for seed in 200..230 {
        let ops: Vec<Op> = from_seed(seed, &Shape::overlapping())
            .ops()
            .into_iter()
            .filter(|op| !matches!(op, Op::Reopen))
            .flat_map(|op| {
                if matches!(op, Op::Observe { writer: 0, .. } | Op::Complete { writer: 0, .. }) {
                    vec![op, Op::Compact, Op::Compact]
                } else {
                    vec![op]
                }
            })
            .collect();
        runtime().block_on(async {
            let backend = Arc::new(FaultBackend::default());
            let mut driver = Driver::new(Arc::clone(&backend) as Arc<dyn Backend>);
            for op in &ops {
                driver.insist(op).await;
            }
            if backend.mutations() > 0 {
                let store = elava::store::Store::open(backend).await.unwrap();
                let mut found = Answers::of(&store.snapshot().await.unwrap()).await.unwrap();
                found.are(played(&ops).oracle.view()).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            }
        });
    }
}
