//! The commands: each a function of its arguments and the settings, which returns an exit status.

pub(super) mod backup;
pub(super) mod bisect;
pub(super) mod blame;
pub(super) mod check;
pub(super) mod compact;
pub(super) mod completions;
pub(super) mod config;
pub(super) mod daemon;
pub(super) mod demo;
pub(super) mod diff;
pub(super) mod export;
pub(super) mod import;
pub(super) mod log;
pub(super) mod redact;
pub(super) mod repair;
pub(super) mod repl;
pub(super) mod retain;
#[cfg(feature = "aws")]
pub(super) mod scan;
pub(super) mod show;
pub(super) mod sql;
pub(super) mod status;
pub(super) mod tag;
pub(super) mod verify;
pub(super) mod watch;
