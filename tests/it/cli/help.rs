use super::run::{Bench, check};

const COMMANDS: &[&str] = &[
    "sql",
    "import",
    "scan",
    "daemon",
    "log",
    "show",
    "diff",
    "blame",
    "bisect",
    "tag",
    "watch",
    "check",
    "export",
    "demo",
    "compact",
    "redact",
    "retain",
    "verify",
    "backup",
    "restore",
    "repair",
    "status",
    "config",
    "completions",
];

#[test]
fn help_of_every_command() {
    let bench = Bench::new();
    check("help", &bench.elava(&["--help"]));
    for command in COMMANDS {
        check(&format!("help-{command}"), &bench.elava(&[command, "--help"]));
    }
}

#[test]
fn first_lines_of_help_are_short_and_every_command_has_an_example() {
    let bench = Bench::new();
    for command in COMMANDS {
        let told = bench.elava(&[command, "--help"]);
        let first = told.lines().nth(2).unwrap();
        assert!(first.len() < 70, "{command}: {first}");
        assert!(told.contains("\n  elava ") || told.contains("| elava "), "{command} has no example:\n{told}");
    }
}

#[test]
fn arguments_that_are_not_understood_exit_with_2() {
    let bench = Bench::new();
    check("unknown-command", &bench.elava(&["sqll"]));
    check("unknown-option", &bench.elava(&["sql", "--formt", "csv"]));
    check("unknown-format", &bench.elava(&["sql", "--format", "xml", "SELECT 1"]));
}

#[test]
fn a_completion_script_is_printed_for_each_shell() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = bench.output(&["completions", shell], "");
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().replace('"', "").contains(&format!("COMPLETE={shell}")), "{shell}");
    }
}
