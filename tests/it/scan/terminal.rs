//! A scan as a person sees it who waits for it: bars while it runs, a table when it has ended.

use std::process::Command;

use serde_json::json;

use super::ACCOUNT;
use super::estate::{Estate, store_in};

/// Runs a command on a pseudo-terminal.
const SCRIPT: &str = include_str!("terminal.py");

/// What stands on the screen at the end: what was drawn over is gone.
fn screen(written: &str) -> Vec<String> {
    let last = written.rsplit("\x1b[2K").next().unwrap();
    last.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn bars_are_drawn_while_a_scan_runs_and_a_table_when_it_has_ended() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    let rule = |action: &str, kind: &str| json!({ "service": "ec2", "action": action, "kind": kind, "seconds": 2 });
    estate.faults(&json!([rule("DescribeSubnets", "timeout"), rule("DescribeVolumes", "deny")]));
    let endpoint = estate.endpoint().to_owned();
    let scan = ["scan", "--color", "never", "--endpoint-url", &endpoint, "--region", "us-east-1", "--region", "ap-east-1"];
    let types = ["aws_vpc", "aws_vpc_subnet", "aws_ebs_volume"].map(|name| ["--type", name]).concat();
    let elava = estate.command(ACCOUNT, &store, &[&scan[..], &types].concat());
    let mut command = Command::new(std::env::var("ELAVA_TEST_PYTHON").expect("tests/run.sh makes one"));
    command.args(["-c", SCRIPT]).arg(elava.get_program()).args(elava.get_args()).current_dir(elava.get_current_dir().unwrap());
    for (name, value) in elava.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.env("TERM", "xterm").output().unwrap();
    let written = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{written}");

    let mut drawn = written.split("\x1b[2K");
    let is_bar = |line: &str| line.contains(&format!("{ACCOUNT} us-east-1 ")) && line.contains('█') && line.contains(" 2/3 ");
    assert!(drawn.any(|line| is_bar(line) && line.contains(" resources")), "{written}");
    assert!(written.contains(&format!("warning: skipped: region ap-east-1 is not enabled in account {ACCOUNT}\r\n")), "{written}");
    assert!(written.contains(&format!("warning: {ACCOUNT} us-east-1 ec2:DescribeVolumes: UnauthorizedOperation: ")), "{written}");
    let screen = screen(&written);
    let words = |line: usize| screen[line].split_whitespace().collect::<Vec<_>>();
    assert_eq!(words(0)[..7], ["account", "region", "complete", "suspect", "partial", "failed", "skipped"], "{screen:?}");
    assert_eq!(words(1)[..7], [ACCOUNT, "ap-east-1", "0", "0", "0", "0", "3"], "{screen:?}");
    assert_eq!(words(2)[..7], [ACCOUNT, "us-east-1", "2", "0", "0", "1", "0"], "{screen:?}");
    assert!(screen[3].starts_with("scopes: 2 complete, 1 failed, 3 skipped; "), "{screen:?}");
    assert_eq!(screen.len(), 4, "{screen:?}");
}
