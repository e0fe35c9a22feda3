//! `examples/verify_chain.py` checks the chain without Elava, and says what `verify` says.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use elava::store::verify;

use super::store;
use crate::support::Scratch;

fn script(arguments: &[&str]) -> Output {
    let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python; tests/run.sh makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/verify_chain.py");
    Command::new(python).arg(script).args(arguments).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_finds_what_verify_finds() {
    let scratch = Scratch::new();
    drop(store(&scratch).await);
    let folder = scratch.store_folder();
    let place = folder.to_str().unwrap();
    let report = verify(scratch.backend(), None).await.unwrap();
    assert!(report.headers_only > 0 && report.headers_only < report.segments, "some are cut down, some are not");
    let told =
        |output: Output| (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap());
    let line = format!("{} segments, head revision {}, head hash {}\n", report.segments, report.head, report.head_hash);
    assert_eq!(told(script(&[place])), (Some(0), line.clone()));
    assert_eq!(told(script(&[place, &report.head_hash.to_uppercase()])), (Some(0), line));
    assert_eq!(told(script(&[place, &"0".repeat(64)])), (Some(1), "the noted hash is not in the chain\n".to_owned()));

    let mut logs: Vec<_> = fs::read_dir(folder.join("log")).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.sort();
    let last = logs.last().unwrap();
    let cases: [(&Path, usize, &str); 4] = [
        (&logs[1], 20, "its header is damaged"),
        (&logs[1], 255, "its header is damaged"),
        (last, 300, "its payload is damaged"),
        (last, 256, "its payload is damaged"),
    ];
    for (path, at, expected) in cases {
        let whole = fs::read(path).unwrap();
        let mut altered = whole.clone();
        altered[at] ^= 1;
        fs::write(path, altered).unwrap();
        let (code, text) = told(script(&[place]));
        assert_eq!((code, text), (Some(1), format!("{}: {expected}\n", path.display())));
        fs::write(path, whole).unwrap();
    }
    // A whole segment in another's place, and one that is gone.
    let second = fs::read(&logs[1]).unwrap();
    fs::copy(&logs[2], &logs[1]).unwrap();
    assert!(told(script(&[place])).1.contains("it is a segment of another place or store"));
    fs::remove_file(&logs[1]).unwrap();
    let (code, text) = told(script(&[place]));
    assert!(code == Some(1) && text.contains("00000000000000000002.seg"), "{text}");
    fs::write(&logs[1], second).unwrap();
    assert_eq!(script(&[place]).status.code(), Some(0));
    assert_eq!(told(script(&["nowhere"])), (Some(1), "nowhere holds no log\n".to_owned()));
}
