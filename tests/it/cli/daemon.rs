//! `elava daemon` as a process: what it does, tells, shows, and keeps.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::run::{Bench, check};
use crate::support::hook::Hook;
use crate::support::talking::Talking;

/// A job that is due at once, and once in this test.
const QUERY: &str = "store = \"store\"\n[[daemon.jobs]]\nname = \"report\"\nevery = \"1d\"\njitter = \"0s\"\n\
                     query = { sql = \"SELECT resource_id FROM resources ORDER BY 1\" }\n";

fn start(bench: &Bench, arguments: &[&str]) -> Talking {
    Talking::start(bench.command(arguments))
}

fn ends(daemon: &mut Talking) {
    assert_eq!(daemon.end("-TERM"), Some(0), "{}", daemon.said);
}

/// Status and body of a page.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The samples of a page by name and labels, as the client of Prometheus reads them.
fn samples(text: &str) -> Value {
    let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python with prometheus_client");
    let script = "import json, sys\nfrom prometheus_client.parser import text_string_to_metric_families as read\n\
                  print(json.dumps({' '.join([s.name, *map('='.join, sorted(s.labels.items()))]): s.value \
                  for f in read(sys.stdin.read()) for s in f.samples}))";
    let mut process = Command::new(python).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    serde_json::from_slice(&process.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_query_is_told_when_its_rows_are_others_than_before() {
    let (bench, hook) = (Bench::with_history(), Hook::start());
    let notify = format!("notify = [\"ops\", \"chat\", \"all\"]\n[[notify]]\nname = \"ops\"\nwebhook = \"{}\"\n", hook.url("/ops"))
        + &format!("[[notify]]\nname = \"chat\"\nslack = \"{}\"\n", hook.url("/chat"))
        + "[[notify]]\nname = \"all\"\nfile = \"told.ndjson\"\non = [\"all\"]\n";
    bench.write("elava.toml", &format!("{QUERY}{notify}").replace("1d", "10s"));
    let mut daemon = start(&bench, &["daemon", "-v"]);
    for _ in 0..2 {
        daemon.until("job report ended after ", "error");
        daemon.until(" INFO delivered target=\"all\"", "error");
    }
    let line = r#"{"provider":"aws","account_id":"1","region":"r","resource_type":"aws_vpc","resource_id":"vpc-2"}"#;
    assert!(bench.output(&["--store", "store", "import", "-"], line).status.success());
    daemon.until(" INFO delivered target=\"chat\"", "error");
    ends(&mut daemon);
    let posted = hook.taken();
    assert_eq!(posted.iter().map(|posted| posted.path.as_str()).collect::<Vec<_>>(), ["/ops", "/chat", "/ops", "/chat"]);
    assert_eq!(
        posted[0].body["rows"],
        json!({ "count": 2, "changed": true, "first": [{ "resource_id": "i-1" }, { "resource_id": "vpc-1" }] })
    );
    assert_eq!(posted[1].body["text"], "report: other rows than before");
    assert_eq!((&posted[2].body["rows"]["count"], &posted[2].body["rows"]["changed"]), (&json!(3), &json!(true)));
    let told = fs::read_to_string(bench.path("told.ndjson")).unwrap();
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&told[0]["rows"], &told[1]["rows"]["changed"]), (&posted[0].body["rows"], &json!(false)));
}

/// A server with a certificate of an authority of its own, which is written into a file.
struct SecureHook {
    process: Child,
    lines: BufReader<ChildStdout>,
    port: String,
}

impl SecureHook {
    fn start(authority: &Path) -> Self {
        let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python with cryptography");
        let mut command = Command::new(python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cli/https.py")).arg(authority).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        let mut hook = Self { process, lines, port: String::new() };
        hook.port = hook.line();
        hook
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for SecureHook {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Nothing is sent to a server that cannot show who it is.
#[test]
fn messages_go_over_https_to_those_who_are_trusted() {
    let bench = Bench::with_history();
    let mut hook = SecureHook::start(&bench.path("authority.pem"));
    let notify = format!("notify = [\"ops\"]\n[[notify]]\nname = \"ops\"\nwebhook = \"https://localhost:{}/secret\"\n", hook.port);
    bench.write("elava.toml", &format!("{QUERY}{notify}"));
    let other = SecureHook::start(&bench.path("other.pem"));
    let trusting = |authority: &str| {
        let mut command = bench.command(&["daemon", "-v"]);
        command.env("SSL_CERT_FILE", bench.path(authority));
        Talking::start(command)
    };
    let mut daemon = trusting("other.pem");
    daemon.until(&format!("warning: notify ops: post to https://localhost:{}/...: ", hook.port), "error");
    ends(&mut daemon);
    assert!(daemon.said.contains("invalid peer certificate: "), "{}", daemon.said);
    drop(other);
    let mut daemon = trusting("authority.pem");
    daemon.until(" INFO delivered target=\"ops\"", "error");
    ends(&mut daemon);
    let posted: Value = serde_json::from_str(&hook.line()).unwrap();
    assert_eq!((&posted["job"], &posted["rows"]["count"]), (&json!("report"), &json!(2)));
}

/// The process is killed while its message waits: the next one delivers it, and `elava status` tells of it in between.
#[test]
fn a_message_outlives_the_daemon() {
    let (bench, hook) = (Bench::with_history(), Hook::start());
    (0..4).for_each(|_| hook.answer(503, ""));
    bench.write("elava.toml", &format!("{QUERY}notify = [\"ops\"]\n[[notify]]\nname = \"ops\"\nwebhook = \"{}\"\n", hook.url("/secret")));
    let mut daemon = start(&bench, &["daemon"]);
    daemon.until("warning: notify ops: post to ", "error");
    daemon.end("-KILL");
    assert!(!daemon.said.contains("secret"), "{}", daemon.said);
    let status: Value = serde_json::from_slice(&bench.output(&["--store", "store", "status", "--json"], "").stdout).unwrap();
    assert_eq!(status["outbox"], json!({ "ops": 1 }));
    let told = bench.elava(&["status"]);
    assert!(told.contains("\noutbox         1 message waits (ops 1)\n"), "{told}");
    let told = bench.elava(&["--config", "/dev/null", "status"]);
    assert!(told.contains("\noutbox         1 message waits (ops 1 that these settings do not name)\n"), "{told}");

    let posted = hook.posted().len();
    let mut next = start(&bench, &["daemon", "-v"]);
    next.until(" INFO delivered target=\"ops\"", "error");
    ends(&mut next);
    assert!(hook.posted().len() > posted);
    assert_eq!(hook.taken().len(), 1, "{:?}", hook.posted());
    let status: Value = serde_json::from_slice(&bench.output(&["--store", "store", "status", "--json"], "").stdout).unwrap();
    assert_eq!(status["outbox"], json!({}));
}

#[test]
fn health_and_metrics_are_read_by_their_clients() {
    let bench = Bench::with_history();
    let jobs = "[[daemon.jobs]]\nname = \"broken\"\nevery = \"1d\"\nquery = { sql = \"SELECT * FROM nothing\" }\n[daemon]\nlisten = \"127.0.0.1:0\"\n";
    bench.write("elava.toml", &format!("{QUERY}{jobs}"));
    let mut daemon = start(&bench, &["daemon"]);
    daemon.until("health and metrics at http://", "error");
    let address = daemon.said.lines().last().unwrap().rsplit('/').next().unwrap().to_owned();
    daemon.until("job report ended after ", "no line");
    if !daemon.said.contains("job broken failed after ") {
        daemon.until("job broken failed after ", "no line");
    }
    assert_eq!(get(&address, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(&address, "/").0, 404);
    let (status, text) = get(&address, "/metrics");
    let samples = samples(&text);
    let number = |name: &str| samples[name].as_f64().unwrap_or_else(|| panic!("{name} in {samples:#}"));
    assert_eq!((status, number("elava_up"), number("elava_head_revision")), (200, 1.0, 5.0));
    assert_eq!(number("elava_job_runs_total job=report outcome=ok"), 1.0);
    assert_eq!(number("elava_job_runs_total job=broken outcome=failed"), 1.0);
    assert_eq!(number("elava_job_duration_seconds_count job=report"), 1.0);
    assert!(number("elava_job_last_success_timestamp_seconds job=report") > 1.7e9);
    assert!(number("elava_job_next_start_timestamp_seconds job=report") > number("elava_job_last_end_timestamp_seconds job=report"));
    assert!(samples.get("elava_job_last_success_timestamp_seconds job=broken").is_none());
    let mut slow = TcpStream::connect(&address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost").unwrap();
    let mut rest = Vec::new();
    assert!(slow.read_to_end(&mut rest).is_ok(), "one that sends no request is not waited for");
    ends(&mut daemon);
}

#[test]
fn an_export_and_a_query_are_written_under_the_date_of_their_due_time() {
    let bench = Bench::with_history();
    fs::create_dir(bench.path("out")).unwrap();
    let export = "[[daemon.jobs]]\nname = \"lake\"\nevery = \"1d\"\njitter = \"0s\"\ncompact = true\n\
                  export = { table = \"resources\", to = \"out/lake-%Y-%m-%d\", format = \"csv\" }\n";
    let query = QUERY.replace("ORDER BY 1\"", "ORDER BY 1\", to = \"out/%Y/report.csv\"");
    bench.write("elava.toml", &format!("{query}{export}"));
    let mut daemon = start(&bench, &["daemon"]);
    daemon.until("job report ended after ", "error");
    if !daemon.said.contains("job lake ended after ") {
        daemon.until("job lake ended after ", "no line");
    }
    ends(&mut daemon);
    let due = daemon.said.lines().find_map(|line| line.strip_prefix("job lake began, due ")).unwrap().to_owned();
    let lake = format!("out/lake-{}", &due[..10]);
    assert_eq!(fs::read_dir(bench.path(&lake)).unwrap().count(), 1);
    assert!(daemon.said.contains(&format!(": {lake}: 2 rows in 1 files, ")), "{}", daemon.said);
    assert!(daemon.said.contains("; compacted ") && !daemon.said.contains("compacted 0 "), "{}", daemon.said);
    let report = format!("out/{}/report.csv", &due[..4]);
    assert!(daemon.said.contains(&format!(": 2 rows in {report}; next at ")), "{}", daemon.said);
    assert_eq!(fs::read_to_string(bench.path(&report)).unwrap(), "resource_id\ni-1\nvpc-1\n");
}

#[test]
fn a_job_retains_what_the_settings_say() {
    let bench = Bench::with_history();
    let job = "[[daemon.jobs]]\nname = \"keep\"\nevery = \"1d\"\njitter = \"0s\"\nretain = true\n";
    bench.write("elava.toml", &format!("store = \"store\"\n{job}"));
    let mut daemon = start(&bench, &["daemon"]);
    daemon.until("error: job keep: retain: nothing says how much is to be kept", "job keep ended after");
    ends(&mut daemon);
    bench.write(
        "elava.toml",
        &format!("store = \"store\"\n[retention]\nkeep = \"4000 weeks\"\nkeep_revisions = 1\n{}", job.replace("keep\"\n", "trim\"\n")),
    );
    let mut daemon = start(&bench, &["daemon"]);
    daemon.until("job trim ended after ", "error");
    ends(&mut daemon);
    assert!(daemon.said.contains(": the oldest revision is 0, 0 files went; next at "), "{}", daemon.said);
    bench.write("elava.toml", &format!("store = \"store\"\n[retention]\nkeep_revisions = 1\n{}", job.replace("keep\"\n", "cut\"\n")));
    let mut daemon = start(&bench, &["daemon"]);
    daemon.until("job cut ended after ", "error");
    ends(&mut daemon);
    assert!(daemon.said.contains(": the oldest revision is 4, 0 files went; next at "), "{}", daemon.said);
    let floor = bench.elava(&["sql", "SELECT details->>'floor' AS floor FROM audit_log WHERE entry = 'retention'", "--format", "csv"]);
    assert!(floor.contains("\n4\n"), "{floor}");
}

/// Findings of a run that was recorded, but that nobody was told of, are told by the next run of the job.
#[test]
fn new_and_resolved_findings_are_told_and_counted() {
    let bench = Bench::with_history();
    fs::create_dir_all(bench.path("packs/mine")).unwrap();
    bench.write("packs/mine/pack.toml", "title = \"Mine\"\nabout = \"A check of a test.\"\n");
    bench.write(
        "packs/mine/instance-of-test.sql",
        "-- id: instance-of-test\n-- title: Instances for tests\n-- severity: high\n-- types: aws_ec2_instance\n-- remediation: End it.\n\
         SELECT resource_key, 'env is test' AS reason FROM resources WHERE resource_type = 'aws_ec2_instance' AND tags['env'] = 'test'\n",
    );
    bench.write(
        "elava.toml",
        "store = \"store\"\nchecks.pack_dirs = [\"packs\"]\ndaemon.listen = \"127.0.0.1:0\"\n\
         [[daemon.jobs]]\nname = \"compliance\"\nevery = \"10s\"\njitter = \"0s\"\ncheck = [\"mine\"]\nnotify = [\"file\"]\n\
         [[notify]]\nname = \"file\"\nfile = \"told.ndjson\"\n",
    );
    let by_hand = bench.elava(&["check", "mine"]);
    assert!(by_hand.starts_with("exit 1"), "{by_hand}");
    let mut daemon = start(&bench, &["daemon", "-v"]);
    daemon.until("health and metrics at http://", "error");
    let address = daemon.said.lines().last().unwrap().rsplit('/').next().unwrap().to_owned();
    daemon.until(" INFO delivered target=\"file\"", "error");
    assert_eq!(samples(&get(&address, "/metrics").1)["elava_findings_open severity=high"], json!(1));
    let mended = bench.output(&["--store", "store", "import", "-"], &MENDED.replace('\'', "\""));
    assert!(mended.status.success(), "{}", String::from_utf8_lossy(&mended.stderr));
    daemon.until(" INFO delivered target=\"file\"", "error");
    ends(&mut daemon);

    let told = fs::read_to_string(bench.path("told.ndjson")).unwrap();
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let finding = json!([{
        "check_id": "instance-of-test",
        "title": "Instances for tests",
        "severity": "high",
        "resource_key": "aws/111122223333/us-east-1/aws_ec2_instance/i-1",
        "reason": "env is test",
    }]);
    assert_eq!((&told[0]["new"], &told[0]["resolved"], &told[0]["open"]), (&finding, &json!([]), &json!(1)));
    assert_eq!((&told[1]["new"], &told[1]["resolved"], &told[1]["open"]), (&json!([]), &finding, &json!(0)));
    assert_eq!(told.len(), 2, "runs without changes are not told");
    assert!(daemon.said.contains("checks: 1 fail; findings: 1 open, 1 new, 0 resolved; next at "), "{}", daemon.said);
}

/// A scan after those of the history, in which the instance has another tag.
const MENDED: &str = "{'scan':'started','scan_id':'friday','provider':'aws','at':'2026-11-06T00:00:00Z'}
{'provider':'aws','account_id':'111122223333','region':'us-east-1','resource_type':'aws_ec2_instance','resource_id':'i-1','tags':{'env':'prod'}}
{'scan':'scope','provider':'aws','account_id':'111122223333','region':'us-east-1','resource_type':'aws_ec2_instance','status':'complete'}
{'scan':'completed','at':'2026-11-06T00:00:09Z'}
";

#[test]
fn a_second_daemon_does_not_do_what_is_done() {
    let bench = Bench::with_history();
    bench.write("elava.toml", QUERY);
    let mut first = start(&bench, &["daemon"]);
    first.until("job report ended after ", "error");
    let mut second = start(&bench, &["daemon", "-v"]);
    second.until(" INFO next job=\"report\"", "job report began");
    ends(&mut first);
    ends(&mut second);
}

#[test]
fn what_cannot_be_done_is_said_at_once() {
    let bench = Bench::with_history();
    let notify = "[[notify]]\nname = \"ops\"\nfile = \"store/told.ndjson\"\n";
    bench.write("elava.toml", &format!("{QUERY}{notify}"));
    check("daemon-file-in-the-store", &bench.elava(&["daemon"]));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    bench.write("elava.toml", &format!("{QUERY}[daemon]\nlisten = \"{address}\"\n"));
    let told = bench.elava(&["daemon"]).replace(&address.to_string(), "[ADDRESS]");
    check("daemon-address-taken", &told);
}
