//! The one integration-test binary: linking the query engine is dear.

mod oracle;
mod support;

mod crash;
mod damage;
mod golden;
mod kill;
mod model;
mod verify;
