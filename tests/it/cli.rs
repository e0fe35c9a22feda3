//! The command line: help, output, errors and exit codes, as a user sees them.

mod commands;
mod daemon;
mod errors;
mod help;
pub mod run;
mod sql;
mod verbs;
