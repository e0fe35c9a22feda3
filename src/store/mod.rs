//! The durable state.
pub mod backend;
pub mod local;
pub mod schema;
