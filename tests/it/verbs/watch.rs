use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::Played;
use crate::cli::run::{Bench, run};

/// The most that a watching process is waited for; one that works takes seconds.
const LIMIT: Duration = Duration::from_secs(120);

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

fn all_changes(bench: &Bench) -> String {
    bench.data(&["sql", "--format", "ndjson", "SELECT * FROM changes(0, 'head') ORDER BY revision"])
}

#[test]
fn a_watch_that_is_resumed_after_any_line_prints_the_rest() {
    let played = Played::of_seed(3);
    let all = played.bench.data(&["watch", "--from", "0", "--until", "head"]);
    assert_eq!(all, all_changes(&played.bench));
    let all = lines(&all);
    assert!(all.len() > 10);
    for (nth, line) in all.iter().enumerate() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let rest = played.bench.data(&["watch", "--from", &line["revision"].to_string(), "--until", "head"]);
        assert_eq!(lines(&rest), all[nth + 1..]);
    }
}

fn scan(number: u32) -> String {
    let instance = |id: u32, size: u32| {
        format!(
            "{{\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"r\",\"resource_type\":\"aws_ec2_instance\",\"resource_id\":\"i-{id}\",\"properties\":{{\"n\":{size}}}}}\n"
        )
    };
    let at = format!("2026-11-01T00:{number:02}:00Z");
    let instances: String = (0..5).map(|id| instance(id, if id % 3 == number % 3 { number } else { 0 })).collect();
    format!(
        "{{\"scan\":\"started\",\"scan_id\":\"s{number}\",\"provider\":\"aws\",\"at\":\"{at}\"}}\n{instances}{{\"scan\":\"completed\"}}\n"
    )
}

fn watching(bench: &Bench, arguments: &[&str]) -> Child {
    let mut command = bench.command(&[&["watch"], arguments].concat());
    command.env("ELAVA_STORE", "store").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(mut child: Child) -> (Option<i32>, String, String) {
    let mut waited = Duration::ZERO;
    while child.try_wait().unwrap().is_none() {
        assert!(waited < LIMIT, "the watch does not end");
        sleep(Duration::from_millis(20));
        waited += Duration::from_millis(20);
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Two readers, one from the beginning and one that looks at some changes only, while another process writes.
#[test]
fn every_change_is_printed_once_while_a_writer_commits() {
    let bench = Bench::new();
    bench.write("0.ndjson", &scan(0));
    bench.data(&["import", "0.ndjson"]);
    let scans = 8;
    let last = (5 * scans).to_string();
    let every = watching(&bench, &["--from", "0", "--until", &last]);
    let updated = watching(&bench, &["--from", "5", "--until", &last, "--change", "updated", "--path", "/properties/n"]);
    for number in 1..scans {
        let name = format!("{number}.ndjson");
        bench.write(&name, &scan(number));
        bench.data(&["import", &name]);
        sleep(Duration::from_millis(200));
    }
    let (code, printed, said) = ended(every);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(printed, all_changes(&bench));
    let (code, printed, _) = ended(updated);
    assert_eq!(code, Some(0));
    let expected = all_changes(&bench);
    assert_eq!(lines(&printed), lines(&expected).into_iter().filter(|line| line.contains("\"change\":\"updated\"")).collect::<Vec<_>>());
    assert!(lines(&printed).len() > 5);
}

#[test]
fn a_signal_ends_a_watch_between_two_lines_and_it_says_where_to_go_on() {
    let bench = Bench::with_history();
    for signal in ["INT", "TERM"] {
        let child = watching(&bench, &["--from", "3", "--interval", "3600"]);
        // It listens before it opens the store: a signal that comes early is not lost.
        sleep(Duration::from_millis(500));
        let kill = run(command("kill", &[&format!("-{signal}"), &child.id().to_string()]), "");
        assert!(kill.status.success());
        let (code, printed, said) = ended(child);
        assert_eq!((code, said.as_str()), (Some(0), "ended after revision 5; --from 5 goes on from there\n"), "{signal}");
        assert_eq!(lines(&printed).len(), 2);
    }
}

fn command(name: &str, arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(name);
    command.args(arguments);
    command
}

/// A reader that has gone away ends it: nobody would see what comes.
#[test]
fn a_watch_ends_when_nobody_reads_it() {
    let bench = Bench::with_history();
    for form in [&["--from", "0"][..], &["--from", "0", "--oneline"]] {
        let mut child = watching(&bench, form);
        drop(child.stdout.take());
        assert_eq!(ended(child).0, Some(0));
    }
}
