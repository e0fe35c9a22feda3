//! The one integration-test binary: linking the query engine is dear.

mod oracle;
mod support;

mod model;
mod verify;
