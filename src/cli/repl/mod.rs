//! The interactive shell.
mod statement;
pub use statement::*;
