//! The naive oracle: the laws of the design written down once more, as plainly as possible.
//!
//! A `Vec` of observations and functions straight from the laws. It shares no code with the engine, keeps no index
//! and no cache: every answer is worked out from the list. Scripts of random histories drive both, and the answers
//! are compared row for row.
//!
//! Deliberately absent: volatile attributes, sets, redaction, and the guard against suspicious listings (it is off
//! for imports).

pub mod answers;
pub mod history;
pub mod model;
pub mod value;

mod laws;
mod tests;
