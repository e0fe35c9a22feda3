//! AWS: what its services answer on the wire, as the JSON that its command line prints.
//!
//! The SDK's typed answers leave out what they do not know, and cannot be written. So a scan keeps the body of each
//! answer, and [`decode`] turns it into JSON by a table of shapes that was made from AWS's own service models
//! (`data/aws/`). Elements that the table does not know are kept under the name that they have on the wire, and reported.
//!
//! `shapes` is the table, `wire` goes through a body by it, `xml` reads the body, `scalar` the texts in it.

mod scalar;
mod shapes;
mod wire;
mod xml;

#[cfg(test)]
mod tests;

pub use shapes::Operation;
pub use wire::{Decoded, Unknown, What, decode};
