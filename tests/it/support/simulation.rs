//! Time that passes only when everybody waits: a month of a daemon takes as long as its work does.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use elava::clock::{Clock, ManualClock};
use elava::model::Timestamp;
use elava::schedule::Wait;

/// Moves its clock to the next time that somebody waits for, once all loops wait.
pub struct Simulation {
    pub clock: Arc<ManualClock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loops: usize,
    waits: BTreeMap<u64, Waiting>,
    /// The wait whose time has come, until it is seen.
    fired: Option<u64>,
    next: u64,
}

struct Waiting {
    time: Timestamp,
    is_loop: bool,
    waker: Waker,
}

/// Waits in a simulation. While a loop does not wait, it is busy and time stands still.
#[derive(Clone)]
pub struct SimulatedWait {
    simulation: Arc<Simulation>,
    is_loop: bool,
}

impl Simulation {
    pub fn starting(at: &str) -> Arc<Self> {
        let clock = Arc::new(ManualClock::at(Timestamp::parse(at).unwrap()));
        Arc::new(Self { clock, state: Mutex::default() })
    }

    /// The waiting of a loop, of which so many begin.
    pub fn loops(self: &Arc<Self>, count: usize) -> SimulatedWait {
        self.state.lock().unwrap().loops += count;
        SimulatedWait { simulation: Arc::clone(self), is_loop: true }
    }

    /// So many loops have ended.
    pub fn ended(&self, count: usize) {
        let mut state = self.state.lock().unwrap();
        state.loops -= count;
        state.advance(&self.clock);
    }

    /// The waiting of what a loop does, or of the test.
    pub fn other(self: &Arc<Self>) -> SimulatedWait {
        SimulatedWait { simulation: Arc::clone(self), is_loop: false }
    }
}

impl State {
    fn advance(&mut self, clock: &ManualClock) {
        if self.fired.is_some() || self.waits.values().filter(|wait| wait.is_loop).count() < self.loops {
            return;
        }
        let first = self.waits.iter().min_by_key(|(id, wait)| (wait.time, **id));
        if let Some((id, wait)) = first {
            clock.set(wait.time.max(clock.now()));
            self.fired = Some(*id);
            wait.waker.wake_by_ref();
        }
    }
}

struct Until {
    wait: SimulatedWait,
    time: Timestamp,
    id: Option<u64>,
}

impl Future for Until {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let simulation = Arc::clone(&self.wait.simulation);
        let mut state = simulation.state.lock().unwrap();
        let id = *self.id.get_or_insert_with(|| {
            state.next += 1;
            state.next
        });
        let waiting = Waiting { time: self.time, is_loop: self.wait.is_loop, waker: context.waker().clone() };
        state.waits.insert(id, waiting);
        state.advance(&simulation.clock);
        if state.fired == Some(id) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Until {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let mut state = self.wait.simulation.state.lock().unwrap();
        state.waits.remove(&id);
        if state.fired == Some(id) {
            state.fired = None;
        }
        state.advance(&self.wait.simulation.clock);
    }
}

impl fmt::Debug for SimulatedWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedWait")
    }
}

#[async_trait]
impl Wait for SimulatedWait {
    async fn until(&self, time: Timestamp) {
        Until { wait: self.clone(), time, id: None }.await;
    }
}
