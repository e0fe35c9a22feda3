//! The command line: help, output, errors and exit codes, as a user sees them.

mod commands;
mod errors;
mod help;
mod run;
mod sql;
