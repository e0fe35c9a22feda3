use std::io::Read;
use std::process::Stdio;

use super::run::{Bench, check};

const QUESTION: &str = "SELECT resource_id, name, tags, revision, changed_at FROM resources ORDER BY resource_key";

#[test]
fn every_text_format() {
    let bench = Bench::with_history();
    for format in ["table", "vertical", "csv", "tsv", "json", "ndjson", "markdown"] {
        check(&format!("format-{format}"), &bench.elava(&["sql", QUESTION, "--format", format]));
    }
    check("format-ndjson-nested", &bench.elava(&["sql", QUESTION, "--format", "ndjson", "--nested"]));
    check("format-json-of-no-rows", &bench.elava(&["sql", "SELECT name FROM resources WHERE false", "--format", "json"]));
}

#[test]
fn parquet_goes_to_a_file_that_sql_reads_back() {
    let bench = Bench::with_history();
    let written = bench.elava(&["sql", QUESTION, "--format", "parquet", "--output", "out.parquet"]);
    assert_eq!(written, "exit 0\n--- stdout\n--- stderr\n");
    let read = bench.elava(&["sql", "SELECT count(*) AS n, min(resource_id) AS first FROM 'out.parquet'", "--format", "csv"]);
    assert_eq!(read, "exit 0\n--- stdout\nn,first\n2,i-1\n--- stderr\n");
}

#[test]
fn output_is_replaced_only_when_all_is_done() {
    let bench = Bench::with_history();
    bench.write("out.csv", "before\n");
    check("output-of-a-failed-script", &bench.elava(&["sql", "SELECT 1; SELECT nothing", "--format", "csv", "--output", "out.csv"]));
    assert_eq!(std::fs::read_to_string(bench.path("out.csv")).unwrap(), "before\n");
    bench.elava(&["sql", "SELECT 1 AS x", "--format", "csv", "--output", "out.csv"]);
    assert_eq!(std::fs::read_to_string(bench.path("out.csv")).unwrap(), "x\n1\n");
    check("output-into-the-store", &bench.elava(&["sql", "SELECT 1", "--output", "store/x.csv"]));
    let left: Vec<_> = std::fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".out")), "{left:?}");
}

#[test]
fn statements_come_from_arguments_files_and_standard_input() {
    let bench = Bench::with_history();
    bench
        .write("two.sql", "-- two statements\nSELECT count(*) AS live FROM resources;\n\nSELECT max(revision) AS head FROM observations\n");
    check("sql-from-a-file", &bench.elava(&["sql", "-f", "two.sql", "--format", "csv"]));
    check("sql-from-standard-input", &bench.elava_with(&["sql", "--format", "csv"], "SELECT 1 AS x;"));
    check("sql-without-a-command", &bench.elava_with(&[], "SELECT 1 AS x;"));
    bench.write("wrong.sql", "SELECT 1 AS x;\n\nSELECT nme\nFROM resources;\nSELECT 2;\n");
    check("sql-from-a-file-that-fails", &bench.elava(&["sql", "-f", "wrong.sql", "--format", "csv"]));
}

#[test]
fn a_session_is_pinned_by_as_of_and_timed_by_timing() {
    let bench = Bench::with_history();
    check(
        "sql-as-of",
        &bench.elava(&[
            "sql",
            "--as-of",
            "2026-11-02T12:00:00Z",
            "SELECT name, tags->>'env' AS env FROM resources ORDER BY name",
            "--timing",
        ]),
    );
    check("sql-as-of-above-the-head", &bench.elava(&["sql", "--as-of", "99", "SELECT 1"]));
    check("sql-max-rows", &bench.elava(&["sql", "--max-rows", "1", "SELECT revision FROM observations ORDER BY 1"]));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::with_history();
    let sql = "SELECT value, repeat('x', 100) AS text FROM generate_series(1, 1000000)";
    let mut command = bench.command(&["--store", "store", "sql", sql, "--format", "csv"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 6];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(bench.told(&output), "exit 0\n--- stdout\n--- stderr\n");
}
