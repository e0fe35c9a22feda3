//! When jobs are due, who does them, and the loop that does.
//!
//! Nothing here knows what a job is for. Time, waiting, the ledger of claims and the work itself are handed in, so that a month
//! passes in a test as fast as its jobs are done.

mod cron;
mod ledger;
mod log_ledger;
mod run;
mod timing;
mod wait;

pub use cron::{Cron, zone};
pub use ledger::{Claimed, Ledger, OwnLedger};
pub use log_ledger::LogLedger;
pub use run::{Event, Job, Report, Run, Runner, RunnerOptions, Work};
pub use timing::{Beat, Due, Timing, spread};
pub use wait::{RealWait, Wait};

#[cfg(test)]
mod tests;
