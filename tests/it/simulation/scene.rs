//! Who takes part in a run, and what each of them does.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elava::store::Writer;
use futures::FutureExt;
use futures::future::{Either, join, join_all, select};
use tokio::task::{JoinError, JoinHandle};

use super::judge::judge;
use super::keeper::{Kept, keep};
use super::reader::{Reader, Seen, audit};
use super::storage::Storage;
use super::world::{DAY, HOUR, Process, SECOND, World};
use super::writer::{Job, Ledger, Scanner, check_kind, compact, open};
use crate::oracle::history::{Op, Shape, from_seed, retained};
use crate::support::traced_files::Chance;

/// How many of each take part.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    writers: usize,
    compactors: usize,
    keepers: usize,
    readers: usize,
}

impl Cast {
    pub fn of(chance: &mut Chance) -> Self {
        Self { writers: 1 + chance.next(3), compactors: 1 + chance.next(2), keepers: chance.next(3).min(1), readers: chance.next(3) }
    }

    /// The process that looks after the others, judges in the end, and is itself spared everything. Before it comes one that verifies.
    pub fn overseer(self) -> Process {
        self.writers + self.compactors + self.keepers + self.readers + 1
    }
}

/// A run under way.
struct Scene {
    world: Arc<World>,
    cast: Cast,
    /// How long what is no longer needed is kept.
    grace: Duration,
    /// Scans begin when their process begins them, and not when they say.
    live: bool,
    ledger: Ledger,
    kept: Arc<Mutex<Kept>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// The processes, by number.
    processes: Vec<JoinHandle<()>>,
}

/// Everything that happens in a run.
pub async fn story(seed: u64, world: Arc<World>, cast: Cast) {
    let pick = |below: usize| world.state().chance.next(below);
    let (grace, live) = (Duration::from_secs([0, 1, 24][pick(3)] * 3600), pick(2) == 0);
    let (ledger, kept, seen) = (Ledger::default(), Arc::default(), Arc::default());
    let mut scene = Scene { world: Arc::clone(&world), cast, grace, live, ledger, kept, seen, processes: Vec::new() };
    scene.writers(seed);
    scene.maintenance();
    scene.readers();
    join_all(std::mem::take(&mut scene.processes)).await.into_iter().for_each(unless_panicked);
    world.state().calm();
    let storage = Storage { world: Arc::clone(&world), life: world.life(cast.overseer()), read_only: false };
    let (kept, seen) = (std::mem::take(&mut *scene.kept.lock().unwrap()), std::mem::take(&mut *scene.seen.lock().unwrap()));
    judge(seed, live, &storage, &scene.ledger, &kept, &seen).await;
}

impl Scene {
    fn pick(&self, below: usize) -> usize {
        self.world.state().chance.next(below)
    }

    /// Lets the next process live.
    fn process<F: Future<Output = ()> + Send + 'static>(&mut self, begin: impl Fn(Storage) -> F + Send + 'static) {
        let life = supervise(Arc::clone(&self.world), self.cast.overseer(), self.processes.len(), begin);
        self.processes.push(tokio::spawn(life));
    }

    fn writers(&mut self, seed: u64) {
        let mark = |_| (self.pick(1 << 16), u8::try_from(self.pick(256)).unwrap());
        let marks: Vec<(usize, u8)> = (0..self.pick(3)).map(mark).collect();
        for ops in jobs(seed, self.cast.writers, &marks) {
            let (job, ledger) = (Job::new(ops, self.live, self.grace, Arc::clone(&self.kept)), Arc::clone(&self.ledger));
            self.process(move |storage| Scanner::new(storage, job.clone(), Arc::clone(&ledger)).live());
        }
    }

    fn maintenance(&mut self) {
        let grace = self.grace;
        for _ in 0..self.cast.compactors {
            let left = Arc::new(AtomicUsize::new(8 + self.pick(8)));
            let at_once = self.pick(2) == 0;
            self.process(move |storage| {
                let another = storage.clone();
                now_and_then(storage, Arc::clone(&left), move |writer| compact_beside(writer, at_once.then(|| another.clone()), grace))
            });
        }
        for _ in 0..self.cast.keepers {
            let (left, kept) = (Arc::new(AtomicUsize::new(2 + self.pick(5))), Arc::clone(&self.kept));
            self.process(move |storage| {
                let (kept, of_step) = (Arc::clone(&kept), storage.clone());
                now_and_then(storage, Arc::clone(&left), move |writer| {
                    let (storage, kept) = (of_step.clone(), Arc::clone(&kept));
                    async move { keep(&writer, &storage, &kept).await }
                })
            });
        }
    }

    fn readers(&mut self) {
        let grace = self.grace;
        for _ in 0..self.cast.readers {
            let (seen, rounds) = (Arc::clone(&self.seen), 1 + self.pick(2));
            self.process(move |storage| {
                let storage = Storage { read_only: true, ..storage };
                Reader { storage, seen: Arc::clone(&seen), rounds, grace }.live()
            });
        }
        let rounds = self.pick(3);
        self.process(move |storage| audit(Storage { read_only: true, ..storage }, rounds));
    }
}

/// Compacts; where there is another process that does it at the same time, so does that.
async fn compact_beside(writer: Writer, another: Option<Storage>, grace: Duration) -> elava::Result<()> {
    let Some(another) = another else { return compact(&writer, grace).await };
    let other = open(&another).await?;
    let (one, two) = join(compact(&writer, grace), compact(&other, grace)).await;
    one.and(two)
}

/// The steps of each writer; `marks`: where they raise the floor.
fn jobs(seed: u64, writers: usize, marks: &[(usize, u8)]) -> Vec<Vec<Op>> {
    let shape = Shape { writers: u8::try_from(writers).unwrap(), steps: 10..26, lifts: false };
    let mut jobs = vec![Vec::new(); writers];
    for (at, op) in retained(from_seed(seed, &shape).ops(), marks).into_iter().enumerate() {
        let writer = match &op {
            Op::Begin { writer, .. } | Op::Observe { writer, .. } | Op::Scope { writer, .. } => usize::from(*writer),
            Op::Complete { writer, .. } | Op::Fail { writer } | Op::Abandon { writer } => usize::from(*writer),
            _ => at % writers,
        };
        jobs[writer].push(op);
    }
    jobs
}

fn unless_panicked(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Keeps a process going through all its lives.
async fn supervise<F: Future<Output = ()> + Send + 'static>(
    world: Arc<World>,
    overseer: Process,
    process: Process,
    begin: impl Fn(Storage) -> F + Send + 'static,
) {
    let mut lingering = Vec::new();
    loop {
        let life = world.life(process);
        let storage = Storage { world: Arc::clone(&world), life, read_only: false };
        let task = tokio::spawn(begin(storage));
        let stop = task.abort_handle();
        match select(task, world.death(life)).await {
            Either::Left((ended, _)) => {
                let ended = lingering.into_iter().filter_map(FutureExt::now_or_never).chain([ended]);
                return ended.for_each(unless_panicked);
            }
            // One that was taken for dead ends what it has begun.
            Either::Right((_, task)) if !world.state().has_ended(life) => lingering.push(task),
            Either::Right(_) => stop.abort(),
        }
        world.wait(world.life(overseer), 60 * SECOND).await;
    }
}

/// So often maintenance waits between what it does: it goes on for as long as scans do.
const THOUGHTS_BETWEEN: usize = 3;

/// Does something to the store every now and then, through one opening of it or several.
async fn now_and_then<F: Future<Output = elava::Result<()>> + Send>(
    storage: Storage,
    left: Arc<AtomicUsize>,
    act: impl Fn(Writer) -> F + Send,
) {
    let mut writer: Option<Writer> = None;
    while left.load(Ordering::Relaxed) > 0 {
        for _ in 0..THOUGHTS_BETWEEN {
            think(&storage).await;
        }
        let outcome = match &writer {
            Some(writer) => act(writer.clone()).await.map(|()| {
                // A life that was taken for dead may have done the last of it.
                let _ = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            }),
            None => open(&storage).await.map(|opened| writer = Some(opened)),
        };
        if let Err(error) = outcome {
            check_kind(&"maintenance", &error);
        }
        if storage.world.state().chance.next(4) == 0 {
            writer = None;
        }
    }
}

/// Waits as long as a process may have nothing to do: mostly not at all, at times hours.
pub async fn think(storage: &Storage) {
    storage.is_newest().await;
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

/// Waits until the next scan is due: others read and compact meanwhile.
pub async fn rest(storage: &Storage) {
    let micros = u64::try_from(storage.world.state().chance.next(usize::try_from(DAY / 2).unwrap())).unwrap();
    storage.world.wait(storage.life, micros).await;
}
