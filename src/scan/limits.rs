//! How fast requests may follow each other: a token bucket for each account, region and service.
//!
//! The rates that Elava ships lie below those that the clouds document, so that a scan leaves room for those who work there.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// So many requests a second, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests a second, over time.
    pub per_second: f64,
    /// Requests at once.
    pub burst: f64,
}

/// The buckets of one process.
#[derive(Debug)]
pub struct Limits {
    began: Instant,
    rates: BTreeMap<String, Rate>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Limits {
    /// Full buckets, and the rates that people set, by service.
    pub fn new(rates: BTreeMap<String, Rate>) -> Self {
        Self { began: Instant::now(), rates, buckets: Mutex::default() }
    }

    /// The rate that people set for a service.
    pub fn rate(&self, service: &str) -> Option<Rate> {
        self.rates.get(service).copied()
    }

    /// Waits until a request may be sent.
    pub async fn take(&self, bucket: &str, rate: Rate) {
        let wait = {
            let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            let bucket = buckets.entry(bucket.to_owned()).or_insert_with(|| Bucket::full(rate));
            bucket.take(rate, self.began.elapsed())
        };
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }
}

/// What is left of a burst. Below zero, requests that were promised have yet to be sent.
#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Duration,
}

impl Bucket {
    fn full(rate: Rate) -> Self {
        Self { left: rate.burst, at: Duration::ZERO }
    }

    /// Takes one request at a time since the start; how long it has to wait.
    fn take(&mut self, rate: Rate, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.left = (self.left + passed * rate.per_second).min(rate.burst) - 1.0;
        self.at = self.at.max(now);
        Duration::from_secs_f64((-self.left).max(0.0) / rate.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 10.0, burst: 3.0 };

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut bucket = Bucket::full(RATE);
        let waits: Vec<u128> = (0..6).map(|_| bucket.take(RATE, Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200, 300]);
    }

    #[test]
    fn a_pause_fills_the_bucket_up_to_the_burst_and_no_further() {
        let mut bucket = Bucket::full(RATE);
        (0..3).for_each(|_| assert!(bucket.take(RATE, Duration::ZERO).is_zero()));
        let later = Duration::from_secs(60);
        let waits: Vec<u128> = (0..4).map(|_| bucket.take(RATE, later).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100]);
    }
}
