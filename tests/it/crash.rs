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
use crate::support::traced_files::{CrashState, Disk, Step, TracedFiles};
use crate::support::{objects_in, rows, session};

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

/// A history on a local disk, as its file operations, and what is in the end.
#[derive(Clone)]
struct Recorded {
    ops: Vec<Op>,
    trace: Vec<Step>,
    /// How many segments there were after so many steps were acknowledged.
    segments: Vec<u64>,
    /// The hash of each segment, from the first.
    hashes: Vec<String>,
    /// Every object that was ever written, by name; of those that were cut down, the whole.
    objects: Objects,
}

fn record(ops: Vec<Op>) -> Recorded {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("store");
    let files = Arc::new(TracedFiles::new(root.clone()));
    let backend: Arc<dyn Backend> =
        Arc::new(LocalBackend::with_files(root.clone(), Arc::clone(&files) as Arc<dyn elava::store::files::Files>));
    let (mut segments, mut objects) = (vec![0], Objects::new());
    let hashes = runtime().block_on(async {
        let mut driver = Driver::new(Arc::clone(&backend));
        for (done, op) in ops.iter().enumerate() {
            driver.insist(op).await;
            files.acknowledge(done + 1);
            let here = if root.exists() { objects_in(&root) } else { Objects::new() };
            segments.push(here.keys().filter(|name| name.starts_with("log/")).count() as u64);
            for (name, bytes) in here {
                objects.entry(name).or_insert(bytes);
            }
        }
        let store = elava::store::Store::open(backend).await.unwrap();
        let mut session = session(&store.snapshot().await.unwrap(), None);
        let rows = rows(&mut session, "SELECT DISTINCT seq, segment_hash FROM audit_log ORDER BY seq").await;
        rows.iter().map(|row| row["segment_hash"].as_str().unwrap().to_owned()).collect()
    });
    Recorded { ops, trace: files.trace(), segments, hashes, objects }
}

impl Recorded {
    /// The states that power failures may leave, each once, at most so many at each file operation.
    fn crash_states(&self, ways: usize) -> Vec<CrashState> {
        let (mut disk, mut seen, mut states) = (Disk::default(), HashSet::new(), Vec::new());
        for step in &self.trace {
            if disk.apply(step) {
                states.extend(disk.crash_states(ways, &mut seen));
            }
        }
        states
    }

    /// Opens what is left. The log is that of the history, up to the last step that was acknowledged or the one under way, and
    /// all files of the tables in force are whole.
    async fn check(&self, state: &CrashState) -> Result<(), String> {
        let (least, most) = (self.segments[state.acknowledged], self.segments.get(state.acknowledged + 1).copied());
        let store = match elava::store::Store::open(FaultBackend::holding(&state.objects)).await {
            Ok(store) => store,
            Err(error) if error.kind() == ErrorKind::NotFound && least == 0 => return Ok(()),
            Err(error) => return Err(format!("{:?}: {error}", error.kind())),
        };
        let snapshot = store.snapshot().await.map_err(|error| error.to_string())?;
        let (seq, hash) = snapshot.last_segment();
        if seq < least || most.is_some_and(|most| seq > most) {
            return Err(format!("{seq} segments, and {least} to {most:?} were expected"));
        }
        if self.hashes.get(usize::try_from(seq).unwrap() - 1).map(String::as_str) != Some(hash) {
            return Err(format!("segment {seq} is another one"));
        }
        for file in snapshot.manifest().files() {
            let whole = self.objects.get(&file.name);
            if whole.is_none() || state.objects.get(&file.name) != whole {
                return Err(format!("{} is not whole", file.name));
            }
        }
        Ok(())
    }
}

/// Crash states that are opened, at least.
const CRASH_STATES_MIN: usize = 10_000;
/// One in so many is asked everything; each of them if `ELAVA_CRASH_STATES=all`.
const ASKED_EVERYTHING: usize = 100;
/// Histories that are enough for them.
const HISTORIES_MAX: u64 = 8;

#[test]
fn a_power_failure_at_any_file_operation_loses_nothing_that_was_acknowledged() {
    let every = if std::env::var("ELAVA_CRASH_STATES").is_ok_and(|asked| asked == "all") { 1 } else { ASKED_EVERYTHING };
    let mut opened = 0;
    for seed in 4..4 + HISTORIES_MAX {
        let mut ops = history(seed, 50);
        // What a sweep takes away may come back until its folder is synced again.
        (1..ops.len() / 4).rev().for_each(|part| ops.insert(part * 4, Op::Compact));
        let recorded = record(ops);
        let states = recorded.crash_states(64);
        let numbered: Vec<_> = states.iter().enumerate().collect();
        on_threads(&numbered, |runtime, (number, state)| {
            let mut outcome = runtime.block_on(recorded.check(state));
            if outcome.is_ok() && number % every == 0 {
                let go_on = number % (8 * every) == 0;
                let backend = FaultBackend::holding(&state.objects);
                outcome = runtime.block_on(check_recovery(backend, &recorded.ops, state.acknowledged, go_on));
            }
            outcome.unwrap_or_else(|error| panic!("seed {seed}, state {number}, after {} steps: {error}", state.acknowledged));
        });
        opened += states.len();
        if opened >= CRASH_STATES_MIN {
            return;
        }
    }
    panic!("only {opened} states of {HISTORIES_MAX} histories");
}

#[test]
fn the_model_of_power_failures_catches_a_protocol_that_forgets_to_sync() {
    let recorded = record(history(4, 14));
    #[expect(clippy::type_complexity, reason = "a table of four lines")]
    let forgets: [(&str, &dyn Fn(&Step) -> bool); 4] = [
        ("files", &|step| matches!(step, Step::Sync { .. })),
        ("the log's folder", &|step| matches!(step, Step::SyncFolder { path } if path.ends_with("log"))),
        ("the folder of manifests", &|step| matches!(step, Step::SyncFolder { path } if path.ends_with("manifest"))),
        ("the folder of versions", &|step| matches!(step, Step::SyncFolder { path } if path.ends_with("versions"))),
    ];
    for (what, forgotten) in forgets {
        let trace = recorded.trace.iter().filter(|step| !forgotten(step)).cloned().collect();
        let forgetful = Recorded { trace, ..recorded.clone() };
        let runtime = runtime();
        let caught = forgetful.crash_states(8).iter().any(|state| runtime.block_on(forgetful.check(state)).is_err());
        assert!(caught, "nobody would notice that {what} are not synced");
    }
}

/// A process stopped after it had given a segment its name and before it made that durable; another one compacted.
#[test]
fn tables_do_not_outlive_the_log_that_they_cover() {
    let mut ops = from_seed(4, &Shape { writers: 1, steps: 6..7, lifts: true }).ops();
    ops.retain(|op| !matches!(op, Op::Compact | Op::Reopen));
    ops.push(Op::Compact);
    let mut recorded = record(ops);
    let is_last = |step: &Step| matches!(step, Step::Acknowledged(done) if *done == recorded.ops.len() - 1);
    let compaction = recorded.trace.iter().position(is_last).unwrap();
    let is_sync = |step: &Step| matches!(step, Step::SyncFolder { path } if path.ends_with("log"));
    let sync = recorded.trace[..compaction].iter().rposition(is_sync).unwrap();
    let (before, after) = (recorded.trace[..sync].to_vec(), &recorded.trace[sync + 1..]);
    let unacknowledged = after[..compaction - sync].iter().filter(|step| !matches!(step, Step::Acknowledged(_)));
    recorded.trace = before.iter().chain(unacknowledged).chain(&after[compaction - sync..]).cloned().collect();
    let runtime = runtime();
    for state in recorded.crash_states(32) {
        runtime.block_on(recorded.check(&state)).unwrap();
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
