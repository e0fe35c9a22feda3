//! The one integration-test binary: linking the query engine is dear.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails should panic")]

mod oracle;
mod support;

mod backup;
mod check;
mod cli;
mod contention;
mod crash;
mod damage;
mod duckdb;
mod explain;
mod findings;
mod fuzz;
mod golden;
mod import;
mod intervals;
mod kill;
mod live;
mod model;
mod notify;
#[cfg(feature = "aws")]
mod object;
mod packs;
mod planted;
mod redact;
mod relationships;
mod repair;
mod repl;
#[cfg(feature = "aws")]
mod replay;
mod reports;
mod requests;
mod retention;
#[cfg(feature = "aws")]
mod scan;
mod schedule;
mod simulation;
mod slt;
mod sweep;
mod tidy;
mod typed;
mod verbs;
mod verify;
