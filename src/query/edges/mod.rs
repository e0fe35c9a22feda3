//! Edges between resources: what the properties of one say of others.
//!
//! A table of rules says which member of which type names which other resource. The rules of a type are applied to a
//! resource in one pass over its properties; what they name is looked up among the resources of the same state.

mod find;
mod known;
mod place;
mod reader;
mod rule;
mod table;

#[cfg(test)]
mod tests;

pub(super) use find::{EDGE_FIELDS, Edges, edges_of};
pub(super) use known::{Known, has_aliases};
pub(super) use rule::Line;
pub(super) use table::lines;
