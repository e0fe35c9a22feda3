//! Scans that repeat, and scans that are told to stop.

use serde_json::json;

use super::estate::{Estate, store_in};
use super::{ACCOUNT, assert_same, stored, told};
use crate::support::talking::Talking;

const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Settings by which a job of a name scans, every ten seconds.
fn settings(job: &str, aws: &str) -> String {
    format!("[aws]\n{aws}\n[[daemon.jobs]]\nname = \"{job}\"\nscan = {{}}\nevery = \"10s\"\njitter = \"0s\"\ncompact = true\n")
}

/// Both scan what is there, then what was changed, on one store, by jobs of their own; that the one leaves to the other what
/// it is listing, or not, makes no difference to what is true.
#[test]
fn two_daemons_on_one_store_do_no_harm() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    REGIONS.iter().for_each(|region| estate.build(ACCOUNT, region, 2));
    let aws = format!("endpoint_url = \"{}\"\nregions = [\"us-east-1\", \"eu-west-1\"]", estate.endpoint());
    let mut daemons = ["one", "two"].map(|job| {
        let config = scratch.path().join(format!("{job}.toml"));
        std::fs::write(&config, settings(job, &aws)).unwrap();
        Talking::start(estate.command(ACCOUNT, &store, &["daemon", "--config", config.to_str().unwrap()]))
    });
    let ended = |daemons: &mut [Talking; 2]| {
        for (daemon, job) in daemons.iter_mut().zip(["one", "two"]) {
            daemon.until(&format!("job {job} ended after "), "error");
        }
    };
    ended(&mut daemons);
    REGIONS.iter().for_each(|region| estate.change(ACCOUNT, region, 1));
    // A scan that was under way may have begun before the change.
    ended(&mut daemons);
    ended(&mut daemons);
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
    let aws = format!("endpoint_url = \"{endpoint}\"\nregions = [\"us-east-1\"]\ntypes = [\"aws_vpc\"]");
    std::fs::write(scratch.path().join("elava.toml"), settings("scan", &aws)).unwrap();
    estate.faults(&json!([{ "service": "sts", "action": "GetCallerIdentity", "kind": "deny" }]));
    let mut daemon = Talking::start(estate.command(ACCOUNT, &store, &["daemon"]));
    daemon.until("error: job scan: ask whose credentials these are: AccessDenied: ", "job scan ended ");
    daemon.until("job scan failed after ", "job scan ended ");
    estate.faults(&json!([]));
    daemon.until(&format!("{ACCOUNT} us-east-1 aws_vpc complete 1 -"), "error");
    daemon.until("job scan ended after ", "error");
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

/// The daemon is told to stop within a scan: it ends well, and the next one does the same due time at once.
#[test]
fn a_daemon_that_is_stopped_within_a_scan_gives_it_back() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 1);
    let aws = format!("endpoint_url = \"{}\"\nregions = [\"us-east-1\"]\ntypes = [\"aws_ec2_instance\", \"aws_vpc\"]", estate.endpoint());
    let jobs = settings("scan", &aws).replace("10s", "1d") + "[scan]\nrequest_timeout = 600\n";
    std::fs::write(scratch.path().join("elava.toml"), jobs).unwrap();
    estate.faults(&json!([{ "service": "ec2", "action": "DescribeVpcs", "kind": "timeout", "seconds": 600 }]));
    let mut stopped = Talking::start(estate.command(ACCOUNT, &store, &["daemon"]));
    stopped.until(&format!("{ACCOUNT} us-east-1 aws_ec2_instance complete "), "error");
    assert_eq!(stopped.end("-TERM"), Some(0), "{}", stopped.said);
    assert!(stopped.said.ends_with("job scan was stopped, and is to be done again\n"), "{}", stopped.said);
    let began = stopped.said.lines().find(|line| line.starts_with("job scan began, due ")).unwrap();

    estate.faults(&json!([]));
    let mut next = Talking::start(estate.command(ACCOUNT, &store, &["daemon"]));
    next.until(began, "error");
    next.until("job scan ended after ", "error");
    assert_eq!(next.end("-TERM"), Some(0), "{}", next.said);
    let scans = "SELECT status FROM scans ORDER BY started_at";
    assert_eq!(estate.sql(&store, scans), [json!({ "status": "failed" }), json!({ "status": "complete" })]);
}
