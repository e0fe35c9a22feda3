//! The `elava` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    elava::cli::run(std::env::args_os()).into()
}
