//! Whole processes that share a store, in one thread: writers whose scans overlap, compactors that sweep, those that raise the floor,
//! readers that hold what they read, a verification now and then. Every request to the storage is a point at which a seed decides who goes on,
//! how long that takes, what goes wrong, who stands still for days and who dies. See `ELAVA_SEEDS` below.

mod judge;
mod keeper;
mod reader;
mod scene;
mod storage;
mod weather;
mod world;
mod writer;

use std::any::Any;
use std::io::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use self::scene::{Cast, story};
use self::weather::{Event, Events};
use self::world::World;
use crate::support::traced_files::Chance;

/// What runs by default.
const SEEDS: Range<u64> = 0..100;
/// Other seeds that found something once.
const KEPT: [u64; 1] = [134];
/// After so many failures no more runs are begun.
const FAILURES_MAX: usize = 5;
/// In what share of the default runs each fault is at least, in percent: every run is meant to have half of them.
const RUNS_WITH_A_FAULT_PERCENT_MIN: usize = 25;
/// In how many of them is at least what comes of faults and of chance.
const RUNS_WITH_OTHERS_MIN: usize = 1;

/// How a run went.
struct Run {
    events: Events,
    trace: Vec<String>,
    failure: Option<String>,
}

fn run(seed: u64) -> Run {
    let cast = Cast::of(&mut Chance(seed));
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

/// Runs seeds on two threads; how often each event happened in each run, and how runs failed.
fn run_all(seeds: &[u64]) -> (Vec<Events>, Vec<String>) {
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
    (events.into_inner().unwrap(), failures.into_inner().unwrap())
}

#[test]
fn processes_that_share_a_store_lose_nothing_whatever_befalls_them() {
    let asked = seeds();
    let (runs, failures) = run_all(&asked.clone().unwrap_or_else(|| KEPT.into_iter().chain(SEEDS).collect()));
    let with = |event: Event| runs.iter().filter(|events| events.of(event) > 0).count();
    let table: Vec<String> = Event::all().map(|event| format!("{event:?} in {}", with(event))).collect();
    writeln!(std::io::stdout(), "{} runs: {}", runs.len(), table.join(", ")).unwrap();
    assert!(failures.is_empty(), "{} of {} runs failed\n{}", failures.len(), runs.len(), failures.join("\n\n"));
    if asked.is_none() {
        let faults = Event::FAULTS.into_iter().filter(|event| with(*event) * 100 < runs.len() * RUNS_WITH_A_FAULT_PERCENT_MIN);
        let others = Event::OTHERS.into_iter().filter(|event| with(*event) < RUNS_WITH_OTHERS_MIN);
        let rare: Vec<Event> = faults.chain(others).collect();
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
