//! Whole processes that share a store, in one thread: writers whose scans overlap, compactors that sweep, readers that hold
//! what they read, a verification now and then. Every request to the storage is a point at which a seed decides who goes on,
//! how long that takes, what goes wrong, who stands still for days and who dies. See `ELAVA_SEEDS` below.

mod judge;
mod reader;
mod storage;
mod weather;
mod world;
mod writer;

use std::any::Any;
use std::future::Future;
use std::io::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elava::store::Writer;
use futures::future::{Either, join_all, select};

use self::judge::judge;
use self::reader::{Reader, audit};
use self::storage::Storage;
use self::weather::{Event, Events};
use self::world::{DAY, HOUR, Process, SECOND, World};
use self::writer::{Job, Ledger, Scanner, check_kind, compact, open};
use crate::oracle::history::{Op, Shape, from_seed};

/// What runs by default.
const SEEDS: Range<u64> = 0..60;
/// Seeds that found something once.
const KEPT: [u64; 2] = [61, 134];
/// After so many failures no more runs are begun.
const FAILURES_MAX: usize = 5;
/// In how many runs of the default ones each fault is at least.
const RUNS_WITH_EACH_MIN: usize = 1;

/// The processes of a run, by number.
#[derive(Debug, Clone, Copy)]
struct Cast {
    writers: usize,
    compactors: usize,
    readers: usize,
}

impl Cast {
    /// Of whoever looks after the others, judges in the end, and is himself spared everything.
    fn overseer(self) -> Process {
        self.writers + self.compactors + self.readers + 1
    }
}

/// Waits as long as a process may have nothing to do: mostly not at all, at times hours.
async fn think(storage: &Storage) {
    let micros = {
        let chance = &mut storage.world.state().chance;
        let longest = match chance.next(20) {
            0..10 => SECOND / 100,
            10..15 => 60 * SECOND,
            15..18 => HOUR,
            18 => 8 * HOUR,
            _ => 2 * DAY,
        };
        u64::try_from(chance.next(usize::try_from(longest).unwrap())).unwrap()
    };
    storage.world.wait(storage.life, micros).await;
}

/// Keeps a process going through all its lives.
async fn supervise<F: Future<Output = ()> + Send + 'static>(
    world: Arc<World>,
    overseer: Process,
    process: Process,
    begin: impl Fn(Storage) -> F + Send + 'static,
) {
    loop {
        let life = world.life(process);
        let storage = Storage { world: Arc::clone(&world), life, read_only: false };
        let task = tokio::spawn(begin(storage));
        let stop = task.abort_handle();
        match select(task, world.death(life)).await {
            Either::Left((ended, _)) => match ended {
                Ok(()) => return,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            Either::Right(_) => stop.abort(),
        }
        world.wait(world.life(overseer), 60 * SECOND).await;
    }
}

/// Compacts and sweeps every now and then, through one opening of the store or several.
async fn keep_compacting(storage: Storage, left: Arc<AtomicUsize>, grace: Duration) {
    let mut writer: Option<Writer> = None;
    while left.load(Ordering::Relaxed) > 0 {
        think(&storage).await;
        let outcome = match &writer {
            Some(writer) => compact(writer, grace).await.map(|()| {
                left.fetch_sub(1, Ordering::Relaxed);
            }),
            None => open(&storage).await.map(|opened| writer = Some(opened)),
        };
        if let Err(error) = outcome {
            check_kind(&"compact", &error);
        }
        if storage.world.state().chance.next(4) == 0 {
            writer = None;
        }
    }
}

/// The steps of each writer.
fn jobs(seed: u64, writers: usize) -> Vec<Vec<Op>> {
    let shape = Shape { writers: u8::try_from(writers).unwrap(), steps: 10..26, lifts: false };
    let mut jobs = vec![Vec::new(); writers];
    for (at, op) in from_seed(seed, &shape).ops().into_iter().enumerate() {
        let writer = match &op {
            Op::Begin { writer, .. } | Op::Observe { writer, .. } | Op::Scope { writer, .. } => usize::from(*writer),
            Op::Complete { writer, .. } | Op::Fail { writer } | Op::Abandon { writer } => usize::from(*writer),
            _ => at % writers,
        };
        jobs[writer].push(op);
    }
    jobs
}

/// Everything that happens in a run.
async fn story(seed: u64, world: Arc<World>, cast: Cast) {
    let pick = |below: usize| world.state().chance.next(below);
    let grace = Duration::from_secs([0, 1, 24][pick(3)] * 3600);
    let live = pick(2) == 0;
    let ledger = Ledger::default();
    let seen: Arc<Mutex<Vec<reader::Seen>>> = Arc::default();
    let overseer = cast.overseer();
    let mut tasks = Vec::new();
    for (process, ops) in jobs(seed, cast.writers).into_iter().enumerate() {
        let (job, ledger) = (Job::new(ops, live, grace), Arc::clone(&ledger));
        let begin = move |storage| Scanner::new(storage, job.clone(), Arc::clone(&ledger)).live();
        tasks.push(tokio::spawn(supervise(Arc::clone(&world), overseer, process, begin)));
    }
    for number in 0..cast.compactors {
        let left = Arc::new(AtomicUsize::new(1 + pick(3)));
        let begin = move |storage| keep_compacting(storage, Arc::clone(&left), grace);
        tasks.push(tokio::spawn(supervise(Arc::clone(&world), overseer, cast.writers + number, begin)));
    }
    for number in 0..cast.readers {
        let (seen, rounds) = (Arc::clone(&seen), 1 + pick(2));
        let begin = move |storage| {
            let storage = Storage { read_only: true, ..storage };
            Reader { storage, seen: Arc::clone(&seen), rounds, grace }.live()
        };
        tasks.push(tokio::spawn(supervise(Arc::clone(&world), overseer, cast.writers + cast.compactors + number, begin)));
    }
    let rounds = pick(3);
    let begin = move |storage| audit(Storage { read_only: true, ..storage }, rounds);
    tasks.push(tokio::spawn(supervise(Arc::clone(&world), overseer, overseer - 1, begin)));
    for ended in join_all(tasks).await {
        if let Err(error) = ended {
            std::panic::resume_unwind(error.into_panic());
        }
    }
    world.state().calm();
    let storage = Storage { world: Arc::clone(&world), life: world.life(overseer), read_only: false };
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    judge(seed, live, &storage, &ledger, &seen).await;
}

/// How a run went.
struct Run {
    events: Events,
    trace: Vec<String>,
    failure: Option<String>,
}

fn run(seed: u64) -> Run {
    let mut chance = crate::support::traced_files::Chance(seed);
    let cast = Cast { writers: 1 + chance.next(3), compactors: 1 + chance.next(2), readers: chance.next(3) };
    let world = World::new(seed, cast.overseer() + 1);
    let idle = Arc::clone(&world);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().on_thread_park(move || idle.step()).build().unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let world = Arc::clone(&world);
        let beat = Arc::clone(&world);
        runtime.spawn(async move { beat.go_on().await });
        runtime.block_on(story(seed, world, cast))
    }));
    drop(runtime);
    let text = |panic: Box<dyn Any + Send>| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast::<&str>().map_or_else(|_| "a panic".to_owned(), |text| (*text).to_owned()),
    };
    let events = world.state().events.clone();
    Run { events, trace: world.trace(), failure: outcome.err().map(text) }
}

/// The seeds that are asked for: `ELAVA_SEEDS=1000..9000` in place of the default ones.
fn seeds() -> Option<Vec<u64>> {
    let asked = std::env::var("ELAVA_SEEDS").ok()?;
    let (from, to) = asked.split_once("..").expect("ELAVA_SEEDS is FROM..TO");
    Some((from.parse::<u64>().unwrap()..to.parse::<u64>().unwrap()).collect())
}

/// Runs seeds on two threads; how often each event happened in each run.
fn run_all(seeds: &[u64]) -> Vec<Events> {
    let (next, events) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while failures.lock().unwrap().len() < FAILURES_MAX {
                    let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    let run = run(*seed);
                    events.lock().unwrap().push(run.events);
                    if let Some(failure) = run.failure {
                        let last = run.trace.len().saturating_sub(60);
                        failures.lock().unwrap().push(format!("seed {seed}: {failure}\n{}", run.trace[last..].join("\n")));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} runs failed\n{}", failures.len(), seeds.len(), failures.join("\n\n"));
    events.into_inner().unwrap()
}

#[test]
fn processes_that_share_a_store_lose_nothing_whatever_befalls_them() {
    let asked = seeds();
    let runs = run_all(&asked.clone().unwrap_or_else(|| KEPT.into_iter().chain(SEEDS).collect()));
    let with = |event: Event| runs.iter().filter(|events| events.of(event) > 0).count();
    let table: Vec<String> = Event::all().map(|event| format!("{event:?} in {}", with(event))).collect();
    if asked.is_some() {
        writeln!(std::io::stdout(), "{} runs: {}", runs.len(), table.join(", ")).unwrap();
    } else {
        let rare: Vec<Event> = Event::FAULTS.into_iter().filter(|event| with(*event) < RUNS_WITH_EACH_MIN).collect();
        assert!(rare.is_empty(), "too rare: {rare:?}; {table:?}");
    }
}

#[test]
fn a_seed_always_tells_the_same_story() {
    for seed in 0..4 {
        let (first, second) = (run(seed).trace, run(seed).trace);
        let differs = first.iter().zip(&second).find(|(first, second)| first != second);
        assert!(differs.is_none() && first.len() == second.len(), "seed {seed}: {differs:?}");
        assert!(first.len() > 50, "seed {seed}: only {} requests", first.len());
    }
}
