//! Compliance in SQL: packs of checks, run at a point of the history or over a stretch of it. This layer never prints.
//!
//! A pack is a folder (`pack`), a check a SQL file in it (`check`); `packs` holds all of them and gives their parameters values.

pub mod check;
mod coverage;
pub mod exemptions;
mod findings;
mod held;
pub mod intervals;
mod job;
mod known;
mod names;
pub mod outcome;
pub mod pack;
pub mod packs;
pub mod parameters;
mod points;
mod range;
mod record;
pub mod report;
mod rows;
mod run;
mod since;
mod sources;
mod workers;

#[cfg(test)]
mod tests;

pub use findings::FINDINGS_MAX;
pub use range::run_between;
pub use record::{Changes, Compared, compare, record};
pub use run::{Request, run};
