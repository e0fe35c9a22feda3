//! `elava redact` as users have it: on a disk, with everything that may lie about in the folder of a store.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::run::{Bench, HISTORY, check};
use crate::redact::leftovers::everything;
use crate::support::objects_in;

/// The history of a bench, with something in it that must not be kept.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("history.ndjson", &HISTORY.replace("t3.micro", "hunter2"));
    bench.data(&["import", "history.ndjson"]);
    bench.data(&["compact"]);
    bench
}

fn holders(bench: &Bench) -> Vec<String> {
    let found = everything(&objects_in(&bench.path("store")));
    found.into_iter().filter(|(_, text)| text.contains("hunter2")).map(|(name, _)| name).collect()
}

/// The same each time: sizes of files depend on ids, and tokens are made by chance.
fn settled(text: &str) -> String {
    let mut text = text.to_owned();
    for (from, to) in [("redacted\":\"", "-"), ("token\":\"", "\""), ("{\\\"redacted\\\":\\\"", "-")] {
        if let Some(at) = text.find(from).map(|at| at + from.len()) {
            let end = at + text[at..].find(to).unwrap();
            text.replace_range(at..end, "[TOKEN]");
        }
    }
    let words = text.split_inclusive(' ').collect::<Vec<_>>();
    let is_size = |at: usize| words.get(at + 1).is_some_and(|next| next.trim_end_matches([' ', ':', '\n']).starts_with("bytes"));
    words.iter().enumerate().map(|(at, word)| if is_size(at) { "[N] ".to_owned() } else { (*word).to_owned() }).collect()
}

#[test]
fn a_resource_is_redacted_and_every_verb_goes_on() {
    let bench = bench();
    assert_eq!(holders(&bench).len(), 3, "{:?}", holders(&bench));
    check("redact-no-reason", &bench.elava(&["redact", "i-1"]));
    check("redact-empty-reason", &bench.elava(&["redact", "i-1", "--reason", " "]));
    check("redact-unknown", &bench.elava(&["redact", "i-99", "--reason", "a test"]));
    check("redact-dry-run", &settled(&bench.elava(&["redact", "i-1", "--reason", "a test", "--dry-run"])));
    assert_eq!(holders(&bench).len(), 3);
    check("redact", &settled(&bench.elava(&["redact", "arn:aws:ec2:us-east-1:111122223333:instance/i-1", "--reason", "a test"])));
    assert_eq!(holders(&bench), Vec::<String>::new());
    check("redact-again", &settled(&bench.elava(&["redact", "i-1", "--reason", "a test"])));
    let told = "SELECT entry, details->>'reason' AS reason, details->>'resource_key' AS resource FROM audit_log WHERE entry LIKE 'redact%'";
    check("redacted-audit-log", &bench.elava(&["sql", told, "--format", "csv"]));
    check("redacted-log", &settled(&bench.elava(&["log", "i-1", "--format", "vertical"])));
    for arguments in [&["show", "i-1"] as &[&str], &["blame", "i-1"], &["diff", "head~1", "head"], &["log", "--stat"], &["status"]] {
        let said = bench.elava(arguments);
        assert!(said.starts_with("exit 0") && !said.contains("hunter2"), "{arguments:?}: {said}");
    }
    assert!(bench.data(&["verify", "--deep"]).starts_with("sound: "));
    let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python; tests/run.sh makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/verify_chain.py");
    let checked = Command::new(python).arg(script).arg(bench.path("store")).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

/// Messages that wait, files that a writer left who died, and a resource that is long gone and hidden.
#[test]
fn what_lies_about_in_the_folder_goes_too() {
    let bench = bench();
    let store = bench.path("store");
    fs::create_dir_all(store.join("outbox")).unwrap();
    let message = |key: &str| format!(r#"{{"version":1,"message":{{"new":[{{"resource_key":"{key}","reason":"hunter2"}}]}}}}"#);
    let key = "aws/111122223333/us-east-1/aws_ec2_instance/i-1";
    fs::write(store.join("outbox/00000000000000000001.ops.1"), message(key)).unwrap();
    fs::write(store.join("outbox/00000000000000000002.ops.2"), message("aws/1/r/t/other").replace("hunter2", "x")).unwrap();
    fs::write(store.join("tmp/0123"), "hunter2").unwrap();
    bench.data(&["retain", "--before", "head"]);

    let told: serde_json::Value = serde_json::from_str(
        &String::from_utf8(bench.output(&["--store", "store", "redact", key, "--reason", "a test", "--json"], "").stdout).unwrap(),
    )
    .unwrap();
    assert_eq!((&told["messages"], &told["done"]["left"]["temporary_files"]), (&1.into(), &1.into()), "{told}");
    assert_eq!(holders(&bench), ["tmp/0123"]);
    let output = bench.output(&["--store", "store", "redact", key, "--reason", "a test", "--now"], "");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(holders(&bench), Vec::<String>::new());
    assert!(store.join("outbox/00000000000000000002.ops.2").exists());
    assert!(bench.data(&["verify", "--deep"]).starts_with("sound: "));
}

#[test]
fn names_of_several_resources_are_refused_with_their_keys() {
    let bench = bench();
    bench.write(
        "more.ndjson",
        "{\"provider\":\"aws\",\"account_id\":\"2\",\"region\":\"r\",\"resource_type\":\"aws_vpc\",\"resource_id\":\"i-1\"}\n",
    );
    bench.data(&["import", "more.ndjson"]);
    check("redact-ambiguous", &bench.elava(&["redact", "i-1", "--reason", "a test"]));
}
