//! Writers that are busy at once in one store, each a process as far as the store can tell.

use std::sync::Arc;
use std::time::Duration;

use elava::clock::Clock;
use elava::model::{CanonicalJson, Content, Observation, ResourceKey, Revision, Sighting};
use elava::store::{Backend, Begin, ScanBegun, ScanSession, Writer};
use futures::future::join_all;
use tokio::sync::Barrier;

/// What writers do.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub writers: usize,
    /// Batches that each commits.
    pub batches: usize,
    /// How often each hands one in; as soon as the one before is durable, if none is given.
    pub every: Option<Duration>,
}

/// A commit.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    /// From when the batch was there until it was durable.
    pub took: Duration,
    pub revision: Revision,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// In the order of each writer.
    pub commits: Vec<Commit>,
    /// From the first batch until the first of the writers had committed all of its own: until then all were busy.
    pub all_busy: Duration,
    /// The commits until then.
    pub meanwhile: usize,
    /// One of the writers.
    pub writer: Writer,
}

impl Outcome {
    /// The time within which so many of a hundred commits were durable.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut took: Vec<Duration> = self.commits.iter().map(|commit| commit.took).collect();
        took.sort();
        took[(took.len() * percent).div_ceil(100) - 1]
    }

    /// Commits a second while all were busy.
    pub fn a_second(&self) -> f64 {
        self.meanwhile as f64 / self.all_busy.as_secs_f64()
    }
}

/// A batch of one resource.
pub fn batch(writer: usize, number: usize) -> Vec<Observation> {
    let key = ResourceKey::new("aws", "111122223333", "us-east-1", "aws_vpc", &format!("vpc-{writer}-{number}")).unwrap();
    let properties = CanonicalJson::parse(b"{}").unwrap();
    let content = Content { native_type: None, arn: None, name: None, state: None, created_at: None, tags: None, properties };
    let hash = content.hash(None);
    vec![Observation { key, sighting: Sighting::Present(Arc::new(content), hash), observed_at: None }]
}

/// Opens the store, and begins a scan of its own.
pub async fn begin(backend: Arc<dyn Backend>, clock: Arc<dyn Clock>, number: usize) -> (Writer, ScanSession) {
    let writer = Writer::open(backend, clock).await.unwrap();
    let scan_id = format!("scan-{number}");
    let begin = Begin { scan_id, provider: Some("aws".to_owned()), at: None, lift: false, guard: false, scopes: Vec::new() };
    match writer.begin(begin).await.unwrap() {
        ScanBegun::Session(session) => (writer, session),
        ScanBegun::Completed => panic!("it has not run before"),
    }
}

/// Has writers commit, all beginning at once, each in a way of its own to the store.
pub async fn run(backend: &(dyn Fn() -> Arc<dyn Backend> + Sync), clock: Arc<dyn Clock>, load: Load) -> Outcome {
    let ready = Arc::new(Barrier::new(load.writers));
    let tasks = (0..load.writers).map(|number| {
        let (backend, clock, ready) = (backend(), Arc::clone(&clock), Arc::clone(&ready));
        tokio::spawn(async move {
            let (writer, session) = begin(backend, Arc::clone(&clock), number).await;
            ready.wait().await;
            let began = clock.elapsed();
            let commits = commit(&session, &*clock, number, load).await;
            (writer, began, commits)
        })
    });
    let done: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let began = done.iter().map(|(_, began, _)| *began).min().unwrap();
    let first_end = done.iter().map(|(.., commits)| commits.last().unwrap().1).min().unwrap();
    let meanwhile = done.iter().flat_map(|(.., commits)| commits).filter(|(_, at)| *at <= first_end).count();
    let writer = done[0].0.clone();
    let commits = done.into_iter().flat_map(|(.., commits)| commits).map(|(commit, _)| commit).collect();
    Outcome { commits, all_busy: first_end - began, meanwhile, writer }
}

/// Commits all batches of a writer; returns each with when it was durable.
async fn commit(session: &ScanSession, clock: &dyn Clock, writer: usize, load: Load) -> Vec<(Commit, Duration)> {
    let mut commits = Vec::with_capacity(load.batches);
    // Beats of different writers do not fall together.
    let mut beat = clock.elapsed() + load.every.unwrap_or_default().mul_f64(writer as f64 / load.writers as f64);
    for number in 0..load.batches {
        // What is not durable by the next beat holds that one up, and it counts as waiting.
        clock.sleep(beat.saturating_sub(clock.elapsed())).await;
        let wanted = if load.every.is_some() { beat } else { clock.elapsed() };
        let committed = session.observe(batch(writer, number)).await.unwrap();
        let at = clock.elapsed();
        commits.push((Commit { took: at - wanted, revision: committed.first_revision.unwrap() }, at));
        beat += load.every.unwrap_or_default();
    }
    commits
}
