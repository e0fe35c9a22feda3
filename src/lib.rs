//! Elava: git log for infrastructure. An embedded engine that remembers what a cloud looked like and answers in SQL at
//! any revision.

pub mod analysis;
pub mod cli;
pub mod clock;
pub mod error;
pub mod export;
pub mod ingest;
pub mod model;
pub mod notify;
pub mod query;
pub mod scan;
pub mod schedule;
pub mod settings;
pub mod stop;
pub mod store;

pub use error::{Error, ErrorKind, Result};
