use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::run::{Bench, check};

#[test]
fn sql_that_is_wrong() {
    let bench = Bench::with_history();
    let wrong = [
        ("syntax", "SELEC 1"),
        ("column", "SELECT nme FROM resources"),
        ("table", "SELECT * FROM resource"),
        ("table-function", "SELECT * FROM chnges(1, 2)"),
        ("argument", "SELECT * FROM resources_as_of(-1)"),
        ("argument-count", "SELECT * FROM changes(1)"),
        ("revision-above-the-head", "SELECT * FROM resources_as_of(1000)"),
        ("range", "SELECT * FROM changes(3, 1)"),
        ("tag", "SELECT * FROM resources_as_of('release')"),
        ("write", "DELETE FROM resources"),
    ];
    for (name, sql) in wrong {
        check(&format!("error-{name}"), &bench.elava(&["sql", sql]));
    }
}

#[test]
fn stores_that_are_none() {
    let bench = Bench::new();
    check("error-no-store", &bench.elava(&["sql", "SELECT 1"]));
    check("error-no-store-status", &bench.elava(&["status"]));
    check("error-no-store-compact", &bench.elava(&["compact"]));
    assert!(!bench.path("store").exists(), "reading makes no store");
    fs::create_dir(bench.path("photos")).unwrap();
    bench.write("photos/cat.jpg", "meow");
    check("error-another-folder", &bench.elava(&["--store", "photos", "sql", "SELECT 1"]));
    check("error-a-file", &bench.elava(&["--store", "photos/cat.jpg", "sql", "SELECT 1"]));
    check("error-no-place-of-a-store", &bench.elava(&["--store", "ftp://host/store", "sql", "SELECT 1"]));
}

#[test]
fn a_store_of_a_newer_format_is_refused() {
    let bench = Bench::with_history();
    let first = bench.path("store/log/00000000000000000001.seg");
    let mut bytes = fs::read(&first).unwrap();
    // The version follows the magic of eight bytes.
    bytes[8] = 99;
    let mut permissions = fs::metadata(&first).unwrap().permissions();
    permissions.set_mode(0o600);
    fs::set_permissions(&first, permissions).unwrap();
    fs::write(&first, bytes).unwrap();
    check("error-newer-format", &bench.elava(&["sql", "SELECT 1"]));
}

#[test]
fn a_folder_that_cannot_be_written() {
    let bench = Bench::new();
    bench.write("history.ndjson", super::run::HISTORY);
    bench.write("file", "");
    check("error-unwritable", &bench.elava(&["--store", "file/store", "import", "history.ndjson"]));
}
