//! Compliance in SQL: packs of checks, run at a point of the history or over a stretch of it. This layer never prints.

pub mod intervals;
pub mod outcome;
