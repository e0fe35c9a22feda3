//! The `elava` command.

fn main() {}
