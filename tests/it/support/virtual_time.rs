//! Time that passes only when nothing else is to be done: whatever runs on one thread, and waits by this clock alone, takes the
//! same time in every run, and minutes of waiting take as long as the work in between.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use elava::clock::Clock;
use elava::model::Timestamp;
use tokio::runtime::{Builder, Runtime};

/// 2030-01-01T00:00:00Z, in microseconds.
const BEGUN: i64 = 1_893_456_000_000_000;

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    next: u64,
    sleepers: BTreeMap<(Duration, u64), Waker>,
}

/// A clock that goes on to the next time that somebody waits for, once nobody has anything to do.
#[derive(Debug, Default)]
pub struct VirtualTime(Mutex<State>);

impl VirtualTime {
    /// The clock, and the runtime whose idleness moves it.
    pub fn new() -> (Arc<Self>, Runtime) {
        let time = Arc::new(Self::default());
        let idle = Arc::clone(&time);
        (time, Builder::new_current_thread().on_thread_park(move || idle.advance()).build().unwrap())
    }

    fn advance(&self) {
        let mut state = self.0.lock().unwrap();
        if let Some((key, waker)) = state.sleepers.pop_first() {
            state.elapsed = key.0;
            drop(state);
            waker.wake();
        }
    }
}

#[async_trait]
impl Clock for VirtualTime {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(BEGUN + i64::try_from(self.elapsed().as_micros()).unwrap())
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        let key = {
            let mut state = self.0.lock().unwrap();
            state.next += 1;
            (state.elapsed + duration, state.next)
        };
        Sleep { time: self, key }.await;
    }
}

struct Sleep<'a> {
    time: &'a VirtualTime,
    key: (Duration, u64),
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.time.0.lock().unwrap();
        if state.elapsed >= self.key.0 {
            return Poll::Ready(());
        }
        state.sleepers.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        self.time.0.lock().unwrap().sleepers.remove(&self.key);
    }
}
