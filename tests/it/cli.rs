//! The command line: help, output, errors and exit codes, as a user sees them.

mod commands;
mod daemon;
mod errors;
mod help;
mod redact;
pub mod run;
mod sql;
mod verbs;
