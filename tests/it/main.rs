//! The one integration-test binary: linking the query engine is dear.

mod oracle;
mod support;

mod cli;
mod model;
mod verify;
