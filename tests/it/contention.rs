//! Many writers of one store, in a storage that takes its time, by a clock that takes none: everyone gets in, in turn, and soon;
//! nothing is lost, whatever is lost on the way.

use std::sync::Arc;
use std::time::Duration;

use elava::clock::Clock;
use elava::store::{Backend, verify};
use futures::future::join_all;

use crate::support::busy::{Commit, Load, Outcome, batch, begin, run};
use crate::support::fault_backend::FaultBackend;
use crate::support::slow_backend::{SlowBackend, Slowness};
use crate::support::virtual_time::VirtualTime;

/// As in a bucket that is far away: half of the time is the way there, half the way back.
const FAR: Slowness = Slowness { write: Duration::from_millis(60), read: Duration::from_millis(25), done_at: 0.5, seed: 1 };
/// As in a bucket that takes long to make something durable.
const THOROUGH: Slowness = Slowness { done_at: 1.0, ..FAR };
/// As where all of the time is the way: who learns of a commit one read late may stay so, since the next one takes no longer.
const REMOTE: Slowness = Slowness { read: FAR.write, ..FAR };

/// Runs a load, and checks that every batch is in the log once, at the revision that was told.
fn checked(slowness: Slowness, load: Load) -> Outcome {
    let (time, runtime) = VirtualTime::new();
    runtime.block_on(async {
        let memory = FaultBackend::forgetful();
        let clock: Arc<dyn Clock> = time;
        let backend = Arc::new(SlowBackend::new(Arc::clone(&memory), Arc::clone(&clock), slowness));
        let outcome = run(&|| Arc::clone(&backend) as Arc<dyn Backend>, clock, load).await;
        check(memory, &outcome.commits).await;
        outcome
    })
}

async fn check(memory: Arc<FaultBackend>, commits: &[Commit]) {
    let mut revisions: Vec<i64> = commits.iter().map(|commit| commit.revision).collect();
    revisions.sort_unstable();
    assert!(revisions.iter().copied().eq(1..=commits.len() as i64), "revisions are dense and told to one writer each: {revisions:?}");
    let report = verify(memory as Arc<dyn Backend>, None).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

/// The largest number of slots that a batch lost before it got one.
async fn lost_most(outcome: &Outcome) -> u32 {
    let history = outcome.writer.history().await.unwrap();
    history.tail.iter().map(|segment| segment.header.lost_slots).max().unwrap()
}

fn busy(writers: usize, batches: usize) -> Load {
    Load { writers, batches, every: None }
}

#[test]
fn eight_busy_writers_commit_within_a_second_and_as_much_as_one_alone() {
    for seed in 1..=3 {
        // Where a write is seen at its very end, a writer that comes too late has waited longest when it learns so.
        for (slowness, share, most) in [(FAR, 1.0, 1000), (THOROUGH, 0.6, 1250), (REMOTE, 0.85, 1000)] {
            let slowness = Slowness { seed, ..slowness };
            let alone = checked(slowness, busy(1, 60)).a_second();
            let outcome = checked(slowness, busy(8, 40));
            let (slowest, a_second) = (outcome.percentile(99), outcome.a_second());
            assert!(slowest < Duration::from_millis(most), "{slowness:?}: of a hundred commits one took {slowest:?}");
            assert!(a_second > alone * share, "{slowness:?}: {a_second} commits a second, and {alone} of one writer alone");
        }
    }
}

#[test]
fn writers_that_commit_once_a_second_each_are_not_held_up() {
    for slowness in [FAR, THOROUGH, REMOTE] {
        let outcome = checked(slowness, Load { every: Some(Duration::from_secs(1)), ..busy(8, 30) });
        let slowest = outcome.percentile(99);
        assert!(slowest < Duration::from_millis(800), "{slowness:?}: {slowest:?}");
    }
}

#[test]
fn of_any_number_of_writers_the_one_that_lost_longest_goes_first() {
    for slowness in [FAR, THOROUGH, Slowness { seed: 0, ..FAR }, Slowness { seed: 0, ..THOROUGH }] {
        for (writers, batches) in [(2, 12), (8, 12), (32, 3)] {
            let (time, runtime) = VirtualTime::new();
            let lost = runtime.block_on(async {
                let clock: Arc<dyn Clock> = time;
                let backend = Arc::new(SlowBackend::new(FaultBackend::forgetful(), Arc::clone(&clock), slowness));
                lost_most(&run(&|| Arc::clone(&backend) as Arc<dyn Backend>, clock, busy(writers, batches)).await).await
            });
            assert!(lost as usize <= 3 * writers + 16, "{writers} writers, {slowness:?}: a batch lost {lost} slots");
        }
    }
}

/// A look that fails is made again, and those that are under way beside it are heard meanwhile.
#[test]
fn looks_that_fail_hold_nobody_up() {
    const WRITERS: usize = 6;
    for one_of in [2, 3, 7] {
        let (time, runtime) = VirtualTime::new();
        runtime.block_on(async {
            let clock: Arc<dyn Clock> = time;
            let memory = FaultBackend::forgetful();
            let backend = Arc::new(SlowBackend::new(Arc::clone(&memory), Arc::clone(&clock), FAR));
            let place = || Arc::clone(&backend) as Arc<dyn Backend>;
            let open = (0..WRITERS).map(|number| begin(place(), Arc::clone(&clock), number));
            let sessions = join_all(open).await;
            backend.refuse_reads(one_of);
            let commits = sessions.iter().enumerate().map(|(writer, (_, session))| {
                let clock = &clock;
                async move {
                    let mut commits = Vec::new();
                    for number in 0..10 {
                        let began = clock.elapsed();
                        let revision = session.observe(batch(writer, number)).await.unwrap().first_revision.unwrap();
                        commits.push(Commit { took: clock.elapsed() - began, revision });
                    }
                    commits
                }
            });
            let mut commits = join_all(commits).await.concat();
            backend.refuse_reads(0);
            let slowest = commits.iter().map(|commit| commit.took).max().unwrap();
            assert!(slowest < Duration::from_millis(2000), "one of {one_of} reads fails: a commit took {slowest:?}");
            commits.sort_by_key(|commit| commit.revision);
            check(memory, &commits).await;
        });
    }
}

/// While a create is under way its slot is looked at, the less often the longer that takes.
#[test]
fn a_create_that_takes_an_hour_leads_to_few_looks() {
    let slowness = Slowness { write: Duration::from_secs(3600), read: Duration::from_millis(10), ..FAR };
    let (time, runtime) = VirtualTime::new();
    let requests = runtime.block_on(async {
        let clock: Arc<dyn Clock> = time;
        let backend = Arc::new(SlowBackend::new(FaultBackend::forgetful(), Arc::clone(&clock), slowness));
        run(&|| Arc::clone(&backend) as Arc<dyn Backend>, clock, busy(2, 3)).await;
        backend.requests()
    });
    assert!(requests < 20_000, "six commits took {requests} requests");
}

/// It knows of nobody else, and never loses a slot by which it would learn of it.
#[test]
fn a_writer_gets_in_beside_one_that_never_pauses() {
    for slowness in [FAR, THOROUGH, Slowness { seed: 0, ..FAR }, Slowness { seed: 0, ..THOROUGH }] {
        let (time, runtime) = VirtualTime::new();
        let took = runtime.block_on(async {
            let clock: Arc<dyn Clock> = time;
            let memory = FaultBackend::forgetful();
            let backend = || Arc::new(SlowBackend::new(Arc::clone(&memory), Arc::clone(&clock), slowness));
            let (_writer, session) = begin(backend(), Arc::clone(&clock), 0).await;
            let restless = tokio::spawn(async move {
                for number in 0.. {
                    session.observe(batch(0, number)).await.unwrap();
                }
            });
            clock.sleep(Duration::from_secs(2)).await;
            let began = clock.elapsed();
            let _ = begin(backend(), Arc::clone(&clock), 1).await;
            restless.abort();
            clock.elapsed() - began
        });
        assert!(took < Duration::from_millis(1500), "{slowness:?}: {took:?}");
    }
}

/// A process that waits for its turn hands in all that came in meanwhile at once.
#[test]
fn what_comes_in_while_a_batch_waits_goes_with_it() {
    let (time, runtime) = VirtualTime::new();
    runtime.block_on(async {
        let memory = FaultBackend::forgetful();
        let clock: Arc<dyn Clock> = time;
        let backend = || Arc::new(SlowBackend::new(Arc::clone(&memory), Arc::clone(&clock), FAR));
        let others = {
            let (backend, clock) = (backend(), Arc::clone(&clock));
            tokio::spawn(async move { run(&|| Arc::clone(&backend) as Arc<dyn Backend>, clock, busy(4, 20)).await })
        };
        let (writer, session) = begin(backend(), Arc::clone(&clock), 9).await;
        clock.sleep(Duration::from_secs(1)).await;
        let (session, clock) = (&session, &clock);
        let pages = (0..8).map(|number| async move {
            clock.sleep(Duration::from_millis(5 * number as u64)).await;
            session.observe(batch(9, number)).await.unwrap().first_revision.unwrap()
        });
        let revisions = join_all(pages).await;
        others.await.unwrap();
        let history = writer.history().await.unwrap();
        let holds = |revision: i64| history.tail.iter().filter(|segment| segment.header.first_revision <= revision).count();
        let mut segments: Vec<usize> = revisions.into_iter().map(holds).collect();
        segments.dedup();
        assert_eq!(segments.len(), 1, "eight pages that came in within 35 ms are in the segments {segments:?}");
    });
}
