//! SQL over a store's history: DataFusion, given our tables, functions and points in time. This layer never writes.

mod apart;
mod catalog;
mod compact;
mod content;
mod dialect;
mod edges;
mod ending;
mod failure;
mod functions;
mod guard;
mod inner;
mod json_access;
mod lateral;
mod leaf;
mod literal;
mod local_files;
mod near;
mod now;
mod operators;
mod options;
mod parameters;
mod planner;
mod point;
mod readers;
mod relation;
mod rows;
mod session;
mod source;
mod spelling;
mod stream;
mod tables;
mod tagged;
mod timeline;
mod view;

#[cfg(test)]
mod tests;

pub use dialect::ElavaDialect;
pub use failure::told;
pub use literal::{text_literal, text_literals};
pub use near::nearest;
pub use options::ElavaOptions;
pub use parameters::{ParameterValue, Parameters, query_parameters};
pub use point::{ACCEPTED, Point, Resolved, is_reserved_point};
pub use session::{QuerySession, SessionOptions, register};
pub use source::HistorySource;
pub use stream::QueryStream;
pub use tables::table_functions;
pub use timeline::{HELD_FROM, HELD_TO, Timeline};
pub use view::{Pin, SharedView, View};
