//! The shell as a person meets it: the real command on a pseudo-terminal, typed at by `repl.py`.

use std::process::Command;

use crate::cli::run::Bench;

/// What each step of the conversation asks for; the typing and waiting is done by the script.
const SCRIPT: &str = include_str!("repl.py");

#[test]
fn statements_history_editing_and_interrupts_work_on_a_terminal() {
    let bench = Bench::with_history();
    let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python; tests/run.sh makes one");
    let output = Command::new(python)
        .args(["-c", SCRIPT, env!("CARGO_BIN_EXE_elava")])
        .current_dir(bench.path(""))
        .env_clear()
        .env("HOME", bench.path(""))
        .env("TERM", "xterm")
        .env("ELAVA_STORE", "store")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
