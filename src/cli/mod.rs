//! The command line: the only layer that prints, exits and reads the environment.

pub mod output;
pub mod repl;
