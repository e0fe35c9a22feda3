//! Work on many items by all cores at once.

use std::sync::{Mutex, PoisonError};

/// More threads than this are not worth their start.
const THREADS_MAX: usize = 8;

/// What a function makes of each item, in the order of the items. The calling thread works too, and waits for the others.
pub fn in_parallel<T: Send, R: Send>(items: impl IntoIterator<Item = T>, make: impl Fn(T) -> R + Sync) -> Vec<R> {
    let items: Vec<T> = items.into_iter().collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(THREADS_MAX).min(items.len());
    if threads <= 1 {
        return items.into_iter().map(make).collect();
    }
    let items = Mutex::new(items.into_iter().enumerate());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || std::iter::from_fn(next).map(|(at, item)| (at, make(item))).collect::<Vec<_>>();
    let mut made = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut made = work();
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        made
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
#[test]
fn results_come_in_the_order_of_the_items() {
    assert_eq!(in_parallel(0..1000, |item| item * 2), (0..1000).map(|item| item * 2).collect::<Vec<_>>());
    assert_eq!(in_parallel([], |item: u64| item), Vec::<u64>::new());
}
