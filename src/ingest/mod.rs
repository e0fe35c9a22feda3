//! The ways in: what turns other people's files into observations.

pub mod convert;
