//! Imports through the public path: what is wrong with an input is named with its place, nothing of it is taken for
//! something else, and what was committed before it stays.

use std::io::Cursor;
use std::sync::Arc;

use elava::ingest::{ImportEvent, ImportOptions, ImportReport, LINE_BYTES_MAX, Source, import};
use elava::store::{Backend, Store, Writer};
use elava::{ErrorKind, Result};
use serde_json::json;

use crate::support::fault_backend::{Fault, FaultBackend, Plan};
use crate::support::{Row, clock, rows, session};

const FIRST: &str = "2026-11-01T00:00:00Z";
const SECOND: &str = "2026-11-02T00:00:00Z";
const COVERED: &str = "{\"scan\":\"scope\",\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"eu\",\"resource_type\":\"aws_vpc\",\"status\":\"complete\"}\n";
const COMPLETED: &str = "{\"scan\":\"completed\"}\n";

fn started(scan_id: &str, at: &str) -> String {
    format!("{{\"scan\":\"started\",\"scan_id\":\"{scan_id}\",\"provider\":\"aws\",\"at\":\"{at}\"}}\n")
}

/// An observation of a VPC, with more fields.
fn seen(id: &str, more: &str) -> String {
    format!(
        "{{\"provider\":\"aws\",\"account_id\":\"1\",\"region\":\"eu\",\"resource_type\":\"aws_vpc\",\"resource_id\":\"{id}\"{more}}}\n"
    )
}

/// A store in memory.
struct Bench {
    backend: Arc<FaultBackend>,
}

impl Bench {
    fn new() -> Self {
        Self { backend: Arc::new(FaultBackend::default()) }
    }

    async fn import_with(&self, input: impl Into<Vec<u8>>, options: &ImportOptions) -> Result<(ImportReport, Vec<ImportEvent>)> {
        let writer = Writer::open(Arc::clone(&self.backend) as Arc<dyn Backend>, clock()).await?;
        let mut events = Vec::new();
        let source = Source::reader("input", Cursor::new(input.into()));
        let report = import(&writer, vec![source], options, &mut |event| events.push(event)).await?;
        Ok((report, events))
    }

    async fn import(&self, input: impl Into<Vec<u8>>) -> Result<(ImportReport, Vec<ImportEvent>)> {
        self.import_with(input, &ImportOptions::default()).await
    }

    async fn rows(&self, sql: &str) -> Vec<Row> {
        let store = Store::open(Arc::clone(&self.backend) as Arc<dyn Backend>).await.unwrap();
        rows(&mut session(&store.snapshot().await.unwrap(), None), sql).await
    }

    /// The ids of all observations, in order.
    async fn ids(&self) -> Vec<String> {
        let rows = self.rows("SELECT resource_id FROM observations ORDER BY revision").await;
        rows.iter().map(|row| row["resource_id"].as_str().unwrap().to_owned()).collect()
    }
}

/// Imports a scan with a bad line among good ones. Whatever is bad, the lines before it are there, those after it are
/// not, and the scan has failed: it deletes nothing.
async fn refused(bad: impl AsRef<[u8]>) -> String {
    let bench = Bench::new();
    let whole = started("whole", FIRST) + &seen("a", "") + &seen("gone", "") + COVERED + COMPLETED;
    let before = started("broken", SECOND) + COVERED + "\n" + &seen("a", "") + &seen("b", "");
    let after = seen("c", "") + COMPLETED;
    let input = [whole.as_bytes(), before.as_bytes(), bad.as_ref(), b"\n", after.as_bytes()].concat();
    let error = bench.import(input).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let reason = error.to_string().strip_prefix("input:11: ").unwrap_or_else(|| panic!("{error}")).to_owned();
    assert_eq!(bench.ids().await, ["a", "gone", "a", "b"]);
    let scans = bench.rows("SELECT scan_id, status, deleted, errors FROM scans ORDER BY started_at").await;
    assert_eq!((&scans[1]["status"], &scans[1]["deleted"]), (&json!("failed"), &json!(0)), "{scans:?}");
    assert_eq!(bench.rows("SELECT resource_id FROM resources").await.len(), 3);
    reason
}

#[tokio::test]
async fn broken_json_is_refused_at_its_line() {
    let unfinished = seen("c", "");
    let cases = [
        ("{\"provider\":", "expected a value, found the end of the line at byte 13"),
        (unfinished.trim_end().trim_end_matches('}'), "expected `,` or `}`, found the end of the line at byte 93"),
        ("{\"provider\" \"aws\"}", "expected `:`, found '\"' at byte 13"),
        ("{\"provider\":\"aws\",}", "expected a field's name, found '}' at byte 19"),
        ("{provider:\"aws\"}", "expected a field's name, found 'p' at byte 2"),
        ("{\"provider\":aws}", "expected a value, found 'a' at byte 13"),
        ("{\"provider\":\"a\u{1}\"}", "control character"),
        ("{\"provider\":\"\\q\"}", "invalid escape at byte 15"),
        ("{} {}", "expected the end of the line, found '{' at byte 4"),
        ("{\"properties\":{\"a\":[1,}}", "not JSON"),
        ("{\"properties\":{\"a\":01}}", "invalid number"),
        ("]", "expected a value, found ']' at byte 1"),
    ];
    for (bad, expected) in cases {
        let reason = refused(bad).await;
        assert!(reason.starts_with("not JSON that can be taken: ") && reason.contains(expected), "{bad}: {reason}");
    }
    let deep = format!("{{\"properties\":{{\"a\":{}{}}}}}", "[".repeat(1000), "]".repeat(1000));
    assert!(refused(deep).await.contains("nesting is deeper than 128 levels"));
}

#[tokio::test]
async fn wrong_types_are_refused_by_the_name_of_the_field() {
    let cases = [
        ("[]".to_owned(), "expected a JSON object, found an array"),
        ("\"text\"".to_owned(), "expected a JSON object, found a string"),
        (seen("c", ",\"name\":7"), "expected field \"name\" to be a string, found a number"),
        (seen("c", ",\"state\":true"), "expected field \"state\" to be a string, found a boolean"),
        (seen("c", ",\"arn\":{}"), "expected field \"arn\" to be a string, found an object"),
        (seen("c", ",\"tags\":[]"), "expected field \"tags\" to be an object, found an array"),
        (seen("c", ",\"tags\":{\"a\":1}"), "field \"tags\": expected member \"a\" to be a string, found a number"),
        (seen("c", ",\"properties\":\"{}\""), "expected field \"properties\" to be an object, found a string"),
        (seen("c", ",\"created_at\":1761955200"), "expected field \"created_at\" to be a string, found a number"),
        (seen("c", ",\"created_at\":\"yesterday\""), "field \"created_at\": expected an RFC 3339 time"),
        (seen("c", ",\"change\":\"updated\""), "expected \"change\" to be deleted or not there, found \"updated\""),
        (seen("c", ",\"nmae\":\"x\""), "unknown field \"nmae\""),
    ];
    for (bad, expected) in cases {
        let reason = refused(bad.trim_end()).await;
        assert!(reason.starts_with(expected), "{bad}: {reason}");
    }
}

#[tokio::test]
async fn a_missing_key_field_is_named() {
    for field in ["provider", "account_id", "region", "resource_type", "resource_id"] {
        let without = seen("c", "").replace(&format!("\"{field}\":"), "\"name\":");
        assert_eq!(refused(without.trim_end()).await, format!("field {field:?} is missing"));
        let null = seen("c", "").replace(&format!("\"{field}\":\""), &format!("\"{field}\":null,\"name\":\""));
        assert_eq!(refused(null.trim_end()).await, format!("field {field:?} is missing"));
    }
}

#[tokio::test]
async fn a_line_of_64_mib_is_taken_and_a_longer_one_refused() {
    let line = |bytes: usize| {
        let rest = seen("c", ",\"properties\":{\"text\":\"\"}").trim_end().len();
        seen("c", &format!(",\"properties\":{{\"text\":\"{}\"}}", "x".repeat(bytes - rest)))
    };
    let bench = Bench::new();
    let (report, _) =
        bench.import(started("huge", FIRST) + &seen("a", "") + &line(LINE_BYTES_MAX) + &seen("b", "") + COMPLETED).await.unwrap();
    assert_eq!((report.completed, bench.ids().await), (1, ["a", "c", "b"].map(str::to_owned).to_vec()));
    let length = bench.rows("SELECT length(properties) AS bytes FROM resources WHERE resource_id = 'c'").await;
    assert_eq!(length[0]["bytes"], json!(LINE_BYTES_MAX - seen("c", ",\"properties\":").trim_end().len()));
    assert_eq!(refused(line(LINE_BYTES_MAX + 1).trim_end()).await, "a line is longer than 64 MiB");
}

#[tokio::test]
async fn lines_longer_than_what_is_parsed_ahead_come_in_order() {
    let bench = Bench::new();
    let long = format!(",\"properties\":{{\"b\":1,\"a\":\"{}\"}}", "x".repeat(9 << 20));
    let lines = seen("a", &long) + &seen("b", "") + &seen("c", &long) + &seen("d", &long) + COMPLETED;
    let error = bench.import(started("long", FIRST) + &lines + "x").await.unwrap_err();
    assert_eq!(error.to_string(), "input:7: not JSON that can be taken: expected a value, found 'x' at byte 1");
    assert_eq!(bench.ids().await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn invalid_utf8_is_refused_with_its_byte() {
    let line = seen("c", ",\"name\":\"\u{e9}?\"");
    let bytes = line.trim_end().as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    // A byte that never stands in UTF-8, a surrogate, an overlong form, a character that is cut off.
    for wrong in [&b"\xff"[..], b"\xed\xa0\x80", b"\xc0\x80", b"\xe2\x82"] {
        let bad = [&bytes[..at], wrong, &bytes[at + 1..]].concat();
        assert_eq!(refused(bad).await, format!("expected UTF-8, found byte 0x{:02x} at byte {}", wrong[0], at + 1));
    }
    let bench = Bench::new();
    let utf16: Vec<u8> = format!("\u{feff}{}", seen("a", "")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(bench.import(utf16).await.unwrap_err().to_string(), "input:1: expected UTF-8, found UTF-16");
}

#[tokio::test]
async fn members_that_stand_twice_are_refused() {
    let cases = [
        (",\"name\":\"x\",\"name\":\"x\"", "field \"name\" stands twice"),
        (",\"name\":\"x\",\"n\\u0061me\":\"x\"", "field \"name\" stands twice"),
        (",\"tags\":{\"a\":\"1\",\"a\":\"1\"}", "field \"tags\": member \"a\" stands twice in one object"),
        (",\"properties\":{\"a\":1,\"a\":1}", "not JSON that can be taken: member \"a\" stands twice in one object"),
        (",\"properties\":{\"x\":[{\"b\":1,\"a\":2,\"b\":3}]}", "not JSON that can be taken: member \"b\" stands twice in one object"),
        (",\"properties\":{\"a\":1,\"\\u0061\":2}", "not JSON that can be taken: member \"a\" stands twice in one object"),
    ];
    for (more, expected) in cases {
        let reason = refused(seen("c", more).trim_end()).await;
        assert!(reason.starts_with(expected), "{more}: {reason}");
    }
}

#[tokio::test]
async fn keys_with_slashes_spaces_and_quotes_are_kept_and_found() {
    let bench = Bench::new();
    let ids = ["arn:aws:s3:::b/x/y", "two words", "it's \"q\"", "back\\slash", "line\nend", " ", "\u{e9}\u{1f512}", "%2F?*"];
    let escaped = |id: &&str| serde_json::to_string(id).unwrap();
    let lines: String = ids.iter().map(|id| seen("c", "").replace("\"c\"", &escaped(id))).collect();
    bench.import(started("odd", FIRST) + &lines + COMPLETED).await.unwrap();
    assert_eq!(bench.ids().await, ids);
    for id in ids {
        let quoted = format!("aws/1/eu/aws_vpc/{id}").replace('\'', "''");
        let found = bench.rows(&format!("SELECT resource_id FROM history('{quoted}')")).await;
        assert_eq!(found.len(), 1, "{id:?}");
        assert_eq!(found[0]["resource_id"], json!(id));
    }
    let more = seen("c", "");
    assert_eq!(
        refused(more.replace("\"eu\"", "\"e/u\"").trim_end()).await,
        "region must not hold `/` or control characters, found \"e/u\""
    );
    assert_eq!(
        refused(more.replace("\"1\"", "\"\\n\"").trim_end()).await,
        "account_id must not hold `/` or control characters, found \"\\n\""
    );
    assert_eq!(refused(more.replace("\"aws\"", "\"\"").trim_end()).await, "provider is empty");
}

#[tokio::test]
async fn numbers_beyond_the_exact_ones_of_floating_point_keep_their_digits() {
    let bench = Bench::new();
    let numbers = ["9007199254740992", "9007199254740993", "1.0", "1", "123456789012345678901234567890.50", "1e400", "-0"];
    let mut input = String::new();
    for (nth, number) in numbers.iter().enumerate() {
        input += &started(&format!("scan-{nth}"), &format!("2026-11-01T0{nth}:00:00Z"));
        input += &seen("a", &format!(",\"properties\":{{ \"n\": {number} }}"));
        input += COMPLETED;
    }
    bench.import(input).await.unwrap();
    let found = bench.rows("SELECT change, properties FROM observations ORDER BY revision").await;
    for (row, number) in found.iter().zip(numbers) {
        assert_eq!(row["properties"], json!(format!("{{\"n\":{number}}}")));
    }
    let changes: Vec<&str> = found.iter().map(|row| row["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["created", "updated", "updated", "updated", "updated", "updated", "updated"]);
}

#[tokio::test]
async fn time_that_goes_backwards_is_refused() {
    let late = |at: &str| format!(",\"observed_at\":\"{at}\"");
    assert_eq!(
        refused(seen("c", &late(FIRST)).trim_end()).await,
        format!("time goes backwards: observed_at is {FIRST}, but the scan had reached {SECOND}")
    );
    assert_eq!(
        refused(format!("{{\"scan\":\"completed\",\"at\":\"{FIRST}\"}}")).await,
        format!("time goes backwards: completed at {FIRST}, but the scan had reached {SECOND}")
    );
    assert!(refused(seen("c", &late("2031-01-01T00:00:00Z")).trim_end()).await.contains("lies in the future"));

    let bench = Bench::new();
    let text = |id: &str, at: &str| started(id, at) + &seen(id, "") + COMPLETED;
    let error = bench.import(text("new", SECOND) + &text("old", FIRST)).await.unwrap_err();
    assert!(error.to_string().starts_with("input:4: scan old begins at 2026-11-01T00:00:00Z, before the newest observation"), "{error}");
    assert!(error.hint().unwrap().contains("--lift"));
    assert_eq!(bench.ids().await, ["new"]);
    bench.import_with(text("old", FIRST), &ImportOptions { lift: true, ..ImportOptions::default() }).await.unwrap();
    let lifted = bench.rows("SELECT resource_id, observed_at FROM observations ORDER BY revision").await;
    assert_eq!((&lifted[1]["resource_id"], &lifted[1]["observed_at"]), (&json!("old"), &json!(SECOND)));
}

/// While one batch is being committed the next one is gathered: when the store refuses the first, nothing of the second
/// is written, and the same input goes on where the store stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_the_store_refuses_stops_the_import_and_is_written_by_the_next() {
    const LINES: usize = 70_000;
    const BATCH: usize = 32_768;
    let lines: String = (1..=LINES).map(|number| seen(&format!("v-{number}"), "")).collect();
    let input = started("large", FIRST) + &lines + COVERED + COMPLETED;
    // The store, the scan's beginning, the first batch, the second.
    let bench = Bench { backend: FaultBackend::failing(Plan { fault: Fault::Full, at: 4, times: 1 }) };
    let error = bench.import(input.clone()).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("input:{}: ", 2 * BATCH + 1)), "{error}");
    assert_eq!(bench.backend.fired(), 1);
    assert_eq!(bench.rows("SELECT max(revision) AS head FROM observations").await[0]["head"], json!(BATCH));
    let (report, events) = bench.import(input).await.unwrap();
    assert!(events.contains(&ImportEvent::Continued { scan_id: "large".into(), lines: BATCH as u64 }));
    assert_eq!((report.lines, report.counts.created), (LINES as u64, (LINES - BATCH) as i64));
    let in_order = "SELECT count(*) AS n FROM observations WHERE resource_id = 'v-' || revision AND change = 'created'";
    assert_eq!(bench.rows(in_order).await[0]["n"], json!(LINES));
    let scans = bench.rows("SELECT status, created, first_revision, last_revision FROM scans").await;
    assert_eq!((&scans[0]["status"], &scans[0]["created"], &scans[0]["last_revision"]), (&json!("complete"), &json!(LINES), &json!(LINES)));
}
