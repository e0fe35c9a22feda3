//! Work on many checks at once, each worker with a session of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use futures::future::{BoxFuture, try_join_all};

use crate::error::{Error, Result};
use crate::query::QuerySession;

/// More workers than this would only wait for each other.
const WORKERS_MAX: usize = 8;

/// Works on each item, as many at once as there are cores; what it comes to, in the order of the items.
///
/// # Errors
/// `Internal` if the work panics; `Unavailable` if a session cannot be set up.
pub(super) async fn each<T, R>(
    session: &QuerySession,
    items: Vec<T>,
    work: for<'a> fn(&'a mut QuerySession, T) -> BoxFuture<'a, R>,
) -> Result<Vec<R>>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let workers = available_parallelism().map_or(1, usize::from).min(WORKERS_MAX).min(items.len());
    let queue = Arc::new(Mutex::new(items.into_iter().enumerate()));
    let mut started = Vec::with_capacity(workers);
    for _ in 0..workers {
        let (queue, mut session) = (Arc::clone(&queue), session.another()?);
        started.push(tokio::spawn(async move {
            let mut done = Vec::new();
            while let Some((place, item)) = next(&queue) {
                done.push((place, work(&mut session, item).await));
            }
            done
        }));
    }
    let done = try_join_all(started).await.map_err(|error| Error::internal("a check broke off").with_source(error))?;
    let mut done: Vec<(usize, R)> = done.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).next()
}
