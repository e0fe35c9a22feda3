//! Scans that repeat, and scans that are told to stop.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::estate::{Estate, store_in};
use super::{ACCOUNT, assert_same, stored, told};

const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// A process of which every line is read that it says.
struct Talking {
    process: Child,
    lines: BufReader<std::process::ChildStderr>,
    said: String,
}

impl Talking {
    fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap());
        Self { process, lines, said: String::new() }
    }

    /// Reads on until a line begins with some text; it has to come before one that begins with another.
    fn until(&mut self, expected: &str, before: &str) {
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            self.said.push_str(&line);
            if line.starts_with(expected) {
                return;
            }
            assert!(!line.is_empty() && !line.starts_with(before), "{:?} does not come:\n{}", expected, self.said);
        }
    }

    /// Sends a signal and reads to the end; the exit status.
    fn end(&mut self, signal: &str) -> Option<i32> {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            self.said.push_str(&std::mem::take(&mut line));
        }
        self.process.wait().unwrap().code()
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn daemon(estate: &mut Estate, store: &Path) -> Talking {
    Talking::start(estate.command(ACCOUNT, store, &["daemon"]))
}

/// Both scan what is there, then what was changed, on one store; that the one leaves to the other what it is listing, or
/// not, makes no difference to what is true.
#[test]
fn two_daemons_on_one_store_do_no_harm() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    REGIONS.iter().for_each(|region| estate.build(ACCOUNT, region, 2));
    let endpoint = estate.endpoint();
    let settings = format!(
        "[aws]\nendpoint_url = \"{endpoint}\"\nregions = [\"us-east-1\", \"eu-west-1\"]\n[daemon]\nevery = \"10s\"\njitter = \"0s\"\n"
    );
    std::fs::write(scratch.path().join("elava.toml"), settings).unwrap();
    let mut daemons = [daemon(&mut estate, &store), daemon(&mut estate, &store)];
    daemons.iter_mut().for_each(|daemon| daemon.until("scan took ", "error"));
    REGIONS.iter().for_each(|region| estate.change(ACCOUNT, region, 1));
    // A scan that was under way may have begun before the change.
    for _ in 0..2 {
        daemons.iter_mut().for_each(|daemon| daemon.until("scan took ", "error"));
    }
    for daemon in &mut daemons {
        assert_eq!(daemon.end("-TERM"), Some(0), "{}", daemon.said);
    }
    assert_same(&stored(&mut estate, &store, ACCOUNT, "head"), &told(estate.expect(ACCOUNT, &REGIONS)), "at the end");
    let dense = estate.sql(&store, "SELECT count(*) AS n, min(revision) AS first, max(revision) AS last FROM observations");
    assert_eq!((&dense[0]["first"], &dense[0]["last"]), (&json!(1), &dense[0]["n"]));
    let verified = estate.elava(ACCOUNT, &store, &["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_scan_that_fails_does_not_end_the_daemon() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    let endpoint = estate.endpoint();
    let settings = format!(
        "[aws]\nendpoint_url = \"{endpoint}\"\nregions = [\"us-east-1\"]\ntypes = [\"aws_vpc\"]\n\
         [daemon]\nevery = \"10s\"\njitter = \"0s\"\ncompact = false\n"
    );
    std::fs::write(scratch.path().join("elava.toml"), settings).unwrap();
    estate.faults(&json!([{ "service": "sts", "action": "GetCallerIdentity", "kind": "deny" }]));
    let mut daemon = daemon(&mut estate, &store);
    daemon.until("error: ask whose credentials these are: AccessDenied: ", "scan took ");
    daemon.until("next scan at ", "scan took ");
    estate.faults(&json!([]));
    daemon.until(&format!("{ACCOUNT} us-east-1 aws_vpc complete 1 -"), "error");
    daemon.until("scan took ", "error");
    assert_eq!(daemon.end("-INT"), Some(0), "{}", daemon.said);
}

/// The scan has one page that never comes when it is told to stop: what came before is durable, and nothing is deleted.
#[test]
fn a_scan_ends_on_ctrl_c_and_says_so_in_the_log() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 2);
    let (status, said) = estate.scan(ACCOUNT, &store, &["us-east-1"]);
    assert_eq!(status, 0, "{said}");
    let before = stored(&mut estate, &store, ACCOUNT, "head");

    estate.faults(&json!([{ "service": "ec2", "action": "DescribeVpcs", "kind": "timeout", "seconds": 600 }]));
    let endpoint = estate.endpoint().to_owned();
    let arguments = ["scan", "--region", "us-east-1", "--endpoint-url", &endpoint, "--at-once", "1", "--request-timeout", "600"];
    let mut scan = Talking::start(estate.command(ACCOUNT, &store, &arguments));
    scan.until(&format!("{ACCOUNT} us-east-1 aws_ec2_instance complete "), "error");
    let status = scan.end("-INT");
    assert_eq!(status, Some(2), "{}", scan.said);
    assert!(scan.said.ends_with("error: the scan was interrupted: what it saw is kept, and nothing was deleted\n"), "{}", scan.said);
    let ended = estate.sql(&store, "SELECT details ->> 'error' AS error FROM audit_log WHERE entry = 'scan_failed'");
    assert_eq!(ended, [json!({ "error": "interrupted" })]);
    let coverage = "SELECT resource_type, status, error_code FROM coverage \
                    WHERE scan_id = (SELECT scan_id FROM scans ORDER BY started_at DESC LIMIT 1) AND resource_type IN \
                    ('aws_ec2_instance', 'aws_vpc') ORDER BY 1";
    let expected = [
        json!({ "resource_type": "aws_ec2_instance", "status": "partial", "error_code": null }),
        json!({ "resource_type": "aws_vpc", "status": "failed", "error_code": "interrupted" }),
    ];
    assert_eq!(estate.sql(&store, coverage), expected);
    assert_same(&stored(&mut estate, &store, ACCOUNT, "head"), &before, "after it");
}
