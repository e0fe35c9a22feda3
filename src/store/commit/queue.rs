//! The requests that wait for a committer, and which of them go into one segment.

use tokio::sync::mpsc;

use super::work::{Request, Work};

/// Requests that wait before callers are held back, and how many are served at once.
pub const QUEUE_MAX: usize = 16;
/// Observations after which a segment takes no more batches.
const SEGMENT_OBSERVATIONS_MAX: usize = 1 << 17;

/// The requests that wait, in order.
#[derive(Debug)]
pub struct Queue {
    requests: mpsc::Receiver<Request>,
    /// One that was taken out and has to wait all the same.
    next: Option<Request>,
}

impl Queue {
    /// A queue that is filled through the sender.
    pub fn new() -> (mpsc::Sender<Request>, Self) {
        let (sender, requests) = mpsc::channel(QUEUE_MAX);
        (sender, Self { requests, next: None })
    }

    /// Waits for requests; all that are there are served at once. `None` once nobody is left who could ask.
    pub async fn group(&mut self) -> Option<Vec<Request>> {
        let first = match self.next.take() {
            Some(next) => next,
            None => self.requests.recv().await?,
        };
        let (mut count, mut group) = (observations(&first), vec![first]);
        while count < SEGMENT_OBSERVATIONS_MAX && group.len() < QUEUE_MAX {
            let Ok(next) = self.requests.try_recv() else { break };
            count += observations(&next);
            group.push(next);
        }
        Some(group)
    }

    /// Adds what came in since to work that is still to be committed. What depends on the log as it is when it is asked for, and
    /// all that came after it, waits for the next commit.
    pub(super) fn join(&mut self, work: &mut Vec<Work>) {
        let mut count: usize = work.iter().map(|work| work.observations().len()).sum();
        while count < SEGMENT_OBSERVATIONS_MAX && work.len() < QUEUE_MAX {
            let Some(next) = self.next.take().or_else(|| self.requests.try_recv().ok()) else { return };
            match next {
                Request::Write(next) if !next.depends() => {
                    count += next.observations().len();
                    work.push(next);
                }
                other => {
                    self.next = Some(other);
                    return;
                }
            }
        }
    }
}

fn observations(request: &Request) -> usize {
    match request {
        Request::Write(work) => work.observations().len(),
        _ => 0,
    }
}
