//! One storage, one time and one source of chance for all processes of a run.
//!
//! Whoever waits, for the storage or for his next step, waits in the world. Once nobody can go on the world moves its time to
//! the first of these waits and wakes that one alone: so a seed decides who goes on when, and the same seed decides the same.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

use super::weather::{Event, Events, Weather};
use crate::support::traced_files::Chance;

pub const SECOND: u64 = 1_000_000;
pub const HOUR: u64 = 3600 * SECOND;
pub const DAY: u64 = 24 * HOUR;

/// A run that takes more steps than this goes round in circles.
const STEPS_MAX: usize = 400_000;

/// A process, by its number; the last of them is the one that looks after the others.
pub type Process = usize;

/// One life of a process: it ends when the process is killed. One that is taken for dead goes on beside the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life {
    pub process: Process,
    number: usize,
}

/// What happens to the storage by itself, after the caller was told that it does not know.
#[derive(Debug)]
pub enum Landing {
    Create(String, Bytes),
    Publish(String, Bytes),
    Replace(String, Bytes),
    Delete(String),
}

#[derive(Debug, Clone)]
pub struct Object {
    pub bytes: Bytes,
    pub written_at: u64,
}

#[derive(Debug)]
pub struct World {
    state: Mutex<State>,
    beat: Notify,
}

#[derive(Debug)]
pub struct State {
    /// Microseconds since the run began.
    pub now: u64,
    pub chance: Chance,
    pub objects: BTreeMap<String, Object>,
    pub weather: Weather,
    pub events: Events,
    /// When each manifest was first there, by number.
    pub published: BTreeMap<u64, u64>,
    /// The newest pin of each life, and those that a sweep may have taken for nobody's.
    pub pins: BTreeMap<Life, String>,
    pub lapsed: BTreeSet<String>,
    processes: Vec<ProcessState>,
    waits: BTreeMap<u64, Wait>,
    fired: BTreeSet<u64>,
    next_wait: u64,
    landings: Vec<(u64, Landing)>,
    steps: usize,
    trace: Vec<String>,
}

#[derive(Debug, Default)]
struct ProcessState {
    life: usize,
    /// Earlier lives that go on.
    lingering: BTreeSet<usize>,
    /// Until when lives stand still.
    paused_until: BTreeMap<usize, u64>,
    /// What its clock shows beyond the time, in microseconds.
    skew: i64,
    /// Whoever is told when it dies.
    mourner: Option<Waker>,
}

#[derive(Debug)]
struct Wait {
    due: u64,
    life: Life,
    waker: Waker,
}

impl World {
    pub fn new(seed: u64, processes: usize) -> Arc<Self> {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let weather = Weather::of(&mut chance);
        let processes = (0..processes).map(|_| ProcessState::default()).collect();
        let state = State {
            now: 0,
            chance,
            objects: BTreeMap::new(),
            weather,
            events: Events::default(),
            published: BTreeMap::new(),
            pins: BTreeMap::new(),
            lapsed: BTreeSet::new(),
            processes,
            waits: BTreeMap::new(),
            fired: BTreeSet::new(),
            next_wait: 0,
            landings: Vec::new(),
            steps: 0,
            trace: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state), beat: Notify::new() })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves time to the first wait and wakes it. Called once nobody can go on.
    pub fn step(&self) {
        let mut state = self.state();
        while let Some((due, next)) = state.next() {
            if state.steps >= STEPS_MAX {
                drop(state);
                panic!("the run goes round in circles");
            }
            state.now = state.now.max(due);
            match next {
                Next::Landing(at) => {
                    let (_, landing) = state.landings.swap_remove(at);
                    state.land(landing);
                }
                Next::Wait(id) => {
                    state.steps += 1;
                    state.fired.insert(id);
                    state.waits[&id].waker.wake_by_ref();
                    self.beat.notify_one();
                    return;
                }
            }
        }
    }

    /// Keeps the run going: whoever is woken may not look at once, as where several requests are under way and one was looked at.
    pub async fn go_on(&self) {
        loop {
            self.beat.notified().await;
        }
    }

    /// Waits for so many microseconds. A life that has ended waits for ever.
    pub fn wait(self: &Arc<Self>, life: Life, micros: u64) -> Waiting {
        Waiting { world: Arc::clone(self), life, micros, id: None }
    }

    /// The life that a process has now.
    pub fn life(&self, process: Process) -> Life {
        Life { process, number: self.state().processes[process].life }
    }

    /// Waits until a life has ended, or is taken for dead.
    pub fn death(self: &Arc<Self>, life: Life) -> impl Future<Output = ()> + Unpin {
        let world = Arc::clone(self);
        std::future::poll_fn(move |context| {
            let mut state = world.state();
            if !state.is_newest(life) {
                return Poll::Ready(());
            }
            state.processes[life.process].mourner = Some(context.waker().clone());
            Poll::Pending
        })
    }

    /// What has happened, a line each.
    pub fn trace(&self) -> Vec<String> {
        self.state().trace.clone()
    }
}

enum Next {
    Wait(u64),
    Landing(usize),
}

impl State {
    /// What happens next, and when.
    fn next(&self) -> Option<(u64, Next)> {
        let due = |wait: &Wait| {
            let paused_until = self.processes[wait.life.process].paused_until.get(&wait.life.number);
            wait.due.max(paused_until.copied().unwrap_or_default())
        };
        let living = self.waits.iter().filter(|(id, wait)| !self.has_ended(wait.life) && !self.fired.contains(id));
        let wait = living.map(|(id, wait)| (due(wait), Next::Wait(*id))).min_by_key(|(due, _)| *due);
        let landing = self.landings.iter().enumerate().map(|(at, (due, _))| (*due, Next::Landing(at))).min_by_key(|(due, _)| *due);
        match (wait, landing) {
            (Some(wait), Some(landing)) => Some(if landing.0 <= wait.0 { landing } else { wait }),
            // What lands after everybody has ended is looked for by whoever waits for it.
            (wait, _) => wait,
        }
    }

    pub fn has_ended(&self, life: Life) -> bool {
        !self.is_newest(life) && !self.processes[life.process].lingering.contains(&life.number)
    }

    /// Whether a process has begun no other life since.
    pub fn is_newest(&self, life: Life) -> bool {
        self.processes[life.process].life == life.number
    }

    /// Whether another life may have written what this one writes, or a create of its own that it does not know of.
    pub fn may_be_overtaken(&self, life: Life) -> bool {
        self.processes[life.process].life > 0 || self.events.of(Event::LateCreate) > 0
    }

    /// Writes down what a process did.
    pub fn note(&mut self, life: Life, what: &str) {
        self.tell(&format!("p{}.{} {what}", life.process, life.number));
    }

    fn tell(&mut self, what: &str) {
        self.trace.push(format!("{:>10}.{:06} {what}", self.now / SECOND, self.now % SECOND));
    }

    pub fn count(&mut self, event: Event) {
        self.events.count(event);
    }

    /// Ends a life: it never goes on.
    pub fn kill(&mut self, life: Life) {
        self.processes[life.process].lingering.remove(&life.number);
        self.replace(life);
    }

    /// Lets another life begin, and this one go on.
    pub fn take_for_dead(&mut self, life: Life) {
        self.processes[life.process].lingering.insert(life.number);
        self.replace(life);
    }

    fn replace(&mut self, life: Life) {
        if self.is_newest(life) {
            let process = &mut self.processes[life.process];
            process.life += 1;
            process.mourner.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Lets a life stand still: what it waits for comes after that.
    pub fn pause(&mut self, life: Life, micros: u64) {
        self.note(life, &format!("stands still for {} seconds", micros / SECOND));
        self.processes[life.process].paused_until.insert(life.number, self.now + micros);
    }

    /// What the clock of a process shows, in microseconds since the run began.
    pub fn clock_of(&self, process: Process) -> i64 {
        i64::try_from(self.now).unwrap() + self.processes[process].skew
    }

    pub fn set_skew(&mut self, process: Process, micros: i64) {
        self.processes[process].skew = micros;
    }

    pub fn land_later(&mut self, micros: u64, landing: Landing) {
        self.landings.push((self.now + micros, landing));
    }

    fn land(&mut self, landing: Landing) {
        let line = match &landing {
            Landing::Create(name, _) => format!("late create {name}"),
            Landing::Publish(name, _) => format!("late publish {name}"),
            Landing::Replace(name, _) => format!("late replace {name}"),
            Landing::Delete(name) => format!("late delete {name}"),
        };
        self.tell(&line);
        match landing {
            Landing::Create(name, bytes) if !self.objects.contains_key(&name) => {
                self.count(Event::LateLandingTookTheName);
                self.put(&name, bytes);
            }
            Landing::Create(..) => {}
            Landing::Publish(name, bytes) | Landing::Replace(name, bytes) => self.put(&name, bytes),
            Landing::Delete(name) => drop(self.objects.remove(&name)),
        }
    }

    pub fn put(&mut self, name: &str, bytes: Bytes) {
        if let Some(number) = name.strip_prefix("manifest/").and_then(|number| number.parse().ok()) {
            self.published.entry(number).or_insert(self.now);
        }
        self.objects.insert(name.to_owned(), Object { bytes, written_at: self.now });
    }

    /// Ends the lives that were taken for dead, and lets everything land that is on its way.
    pub fn calm(&mut self) {
        self.weather.end();
        self.processes.iter_mut().for_each(|process| process.lingering.clear());
        let mut landings = std::mem::take(&mut self.landings);
        landings.sort_by_key(|(due, _)| *due);
        for (due, landing) in landings {
            self.now = self.now.max(due);
            self.land(landing);
        }
    }
}

/// A wait in the world.
pub struct Waiting {
    world: Arc<World>,
    life: Life,
    micros: u64,
    id: Option<u64>,
}

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let world = Arc::clone(&self.world);
        let mut state = world.state();
        let Some(id) = self.id else {
            let id = state.next_wait;
            state.next_wait += 1;
            let wait = Wait { due: state.now + self.micros, life: self.life, waker: context.waker().clone() };
            state.waits.insert(id, wait);
            self.id = Some(id);
            return Poll::Pending;
        };
        if state.fired.remove(&id) {
            state.waits.remove(&id);
            return Poll::Ready(());
        }
        if let Some(wait) = state.waits.get_mut(&id) {
            wait.waker.clone_from(context.waker());
        }
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let mut state = self.world.state();
            state.waits.remove(&id);
            state.fired.remove(&id);
        }
    }
}
