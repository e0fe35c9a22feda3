//! What files and scans do to a store.

use std::io::Write;

use super::*;

const FIRST: &str = "2026-11-01T00:00:00Z";
const SECOND: &str = "2026-11-02T00:00:00Z";
const THIRD: &str = "2026-11-03T00:00:00Z";

fn plain() -> ImportOptions {
    ImportOptions::default()
}

/// Two scans of several batches: resources come, go and come back.
fn story() -> String {
    let ids = |range: std::ops::Range<u32>| range.map(|id| format!("v-{id}")).collect::<Vec<_>>();
    let texts = [ids(0..19), ids(5..23), ids(0..7)];
    let scans = [("one", FIRST), ("two", SECOND), ("three", THIRD)];
    scans.iter().zip(&texts).map(|((scan_id, at), ids)| scan(scan_id, at, &ids.iter().map(String::as_str).collect::<Vec<_>>())).collect()
}

#[tokio::test]
async fn revisions_follow_the_lines_and_deletions_come_at_the_end() {
    let text = scan("one", FIRST, &["b", "a", "c"]) + &started("two", SECOND) + &seen("b", ",\"name\":\"x\"") + COVERED + COMPLETED;
    let (done, facts, _folder) = import_text(&text, &plain()).await;
    assert_eq!(facts.changes, ["created", "created", "created", "updated", "deleted", "deleted"]);
    assert_eq!(done.ranges(), [("one".to_owned(), 1, 3), ("two".to_owned(), 4, 4), ("two".to_owned(), 5, 6)]);
    assert_eq!((done.report().completed, done.report().lines, done.report().counts.deleted), (2, 4, 2));
    assert_eq!((done.report().first_revision, done.report().last_revision), (Some(1), Some(6)));
    assert_eq!(facts.entries[1..3], ["scope_covered one complete", "scan_completed one complete"]);
}

#[tokio::test]
async fn a_scope_without_a_line_is_partial_and_of_two_lines_the_worse_holds() {
    let text = scan("one", FIRST, &["a", "b"]) + &started("two", SECOND) + &seen("a", "") + COMPLETED;
    let worse = COVERED.replace("complete", "partial");
    let text = text + &started("three", THIRD) + COVERED + &worse + COVERED + COMPLETED;
    let (_, facts, _folder) = import_text(&text, &plain()).await;
    assert_eq!(facts.changes, ["created", "created", "unchanged"]);
    let covered: Vec<&String> = facts.entries.iter().filter(|entry| entry.starts_with("scope_covered")).collect();
    assert_eq!(covered, ["scope_covered one complete", "scope_covered two partial", "scope_covered three partial"]);
}

#[tokio::test]
async fn a_bad_line_keeps_the_lines_before_it_and_fails_the_scan() {
    for (bad, expected) in [
        ("{\"provider\":".to_owned(), "not JSON"),
        (seen("x", ",\"nmae\":\"x\""), "unknown field \"nmae\""),
        (seen("x", &format!(",\"observed_at\":\"{FIRST}\"")), "time goes backwards"),
        (seen("x", ",\"observed_at\":\"2026-12-01T00:06:00Z\""), "lies in the future"),
    ] {
        let good: String = (0..6).map(|id| seen(&format!("v-{id}"), "")).collect();
        let text = scan("zero", FIRST, &["v-0", "gone"])
            + &started("one", SECOND)
            + &good
            + COVERED
            + &bad
            + "\n"
            + &seen("after", "")
            + COMPLETED;
        let (done, facts, _folder) = import_text(&text, &plain()).await;
        let error = done.error();
        assert!(error.starts_with("test:14: ") && error.contains(expected), "{error}");
        assert_eq!(facts.changes, ["created", "created", "unchanged", "created", "created", "created", "created", "created"]);
        assert_eq!(facts.entries.last().unwrap(), "scan_failed one failed");
    }
}

#[tokio::test]
async fn blank_lines_carriage_returns_and_a_byte_order_mark_are_passed_over() {
    let text = format!("\u{feff}{}", scan("one", FIRST, &["a", "b"]).replace('\n', "\r\n\r\n  \r\n"));
    let (done, facts, _folder) = import_text(text.trim_end(), &plain()).await;
    assert_eq!((done.report().completed, facts.changes.len()), (1, 2));
    let bad = text.replace("\"b\"", "\"\"");
    let (done, ..) = import_text(&bad, &plain()).await;
    assert_eq!(done.error(), "test:7: resource_id is empty");
    let (done, ..) = import_text("\n\n", &plain()).await;
    assert_eq!(done.warnings(), ["test holds nothing"]);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_without_reading_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let endless = Cursor::new(started("one", FIRST) + &seen("a", "")).chain(std::io::repeat(b' '));
    let done = run(&writer, vec![Source::reader("endless", endless)], &plain()).await;
    assert_eq!(done.error(), "endless:3: a line is longer than 64 MiB");
    assert_eq!(facts(&writer).await.changes, ["created"]);
}

#[tokio::test]
async fn a_source_that_breaks_keeps_what_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let source = Source::reader("cable", Breaks(Cursor::new(started("one", FIRST) + &seen("a", ""))));
    let done = run(&writer, vec![source], &plain()).await;
    assert_eq!(done.error(), "cable:3: it cannot be read: the cable was pulled");
    assert_eq!(facts(&writer).await.entries.last().unwrap(), "scan_failed one failed");
}

#[tokio::test]
async fn a_scan_that_is_cut_off_is_failed_and_deletes_nothing() {
    let cut = started("two", SECOND) + &seen("b", "") + COVERED;
    for rest in [String::new(), scan("three", THIRD, &["a", "b"])] {
        let text = scan("one", FIRST, &["a", "b"]) + &cut + &rest;
        let (done, facts, _folder) = import_text(&text, &plain()).await;
        assert_eq!((done.report().failed, done.warnings().len()), (1, 1));
        assert!(facts.entries.contains(&"scan_failed two failed".to_owned()));
        assert!(!facts.changes.contains(&"deleted".to_owned()));
    }
}

#[tokio::test]
async fn observations_outside_a_scan_are_refused_where_there_are_started_lines() {
    let (done, facts, _folder) = import_text(&(seen("a", "") + &scan("one", FIRST, &["b"])), &plain()).await;
    assert_eq!(done.error(), "test:1: an observation outside a scan, in a file that has `started` lines");
    assert!(facts.changes.is_empty());
    let (done, facts, _folder) = import_text(&(scan("one", FIRST, &["b"]) + &seen("a", "")), &plain()).await;
    assert_eq!(done.error(), "test:5: an observation outside a scan, in a file that has `started` lines");
    assert_eq!(facts.changes, ["created"]);
    let (done, ..) = import_text(&(seen("a", "") + COMPLETED), &plain()).await;
    assert_eq!(done.error(), "test:2: `completed` without a `started` line before it");
}

#[tokio::test]
async fn a_file_without_steering_lines_is_one_scan() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let (two, one) = (seen("a", "") + &seen("b", ""), seen("a", ""));
    let options = ImportOptions { complete: true, at: Some(time(FIRST)), ..plain() };
    assert_eq!(run(&writer, vec![stream(&two)], &options).await.report().counts.created, 2);
    assert_eq!(run(&writer, vec![stream(&two)], &options).await.report().skipped, 1);
    let later = ImportOptions { at: Some(time(SECOND)), ..options.clone() };
    assert_eq!(run(&writer, vec![stream(&one)], &later).await.report().counts.deleted, 1);
    let error = run(&writer, vec![stream(&two)], &ImportOptions { complete: false, ..options.clone() }).await;
    assert_eq!(error.report().skipped, 1, "the same file at the same time is the same scan");
    let done = run(&writer, vec![stream(&(two.clone() + &one))], &options).await;
    assert!(done.error().contains("before the newest observation"), "{}", done.error());
    assert!(done.report.unwrap_err().hint().unwrap().contains("--lift"));
    // Without any time each import is a look at a new time.
    for _ in 0..3 {
        assert_eq!(run(&writer, vec![stream(&one)], &plain()).await.report().counts.unchanged, 1);
    }
    assert_eq!(facts(&writer).await.changes, ["created", "created", "unchanged", "deleted", "unchanged", "unchanged", "unchanged"]);
}

#[tokio::test]
async fn complete_and_at_are_for_files_without_started_lines() {
    for options in [ImportOptions { complete: true, ..plain() }, ImportOptions { at: Some(time(FIRST)), ..plain() }] {
        let (done, facts, _folder) = import_text(&scan("one", FIRST, &["a"]), &options).await;
        assert!(done.error().contains("is for files without `started` lines"));
        assert!(facts.changes.is_empty());
    }
}

#[tokio::test]
async fn keys_that_come_twice_are_recorded_twice_and_counted() {
    let text = started("one", FIRST)
        + &seen("a", "")
        + &seen("b", "")
        + &seen("a", ",\"name\":\"x\"")
        + &seen("a", ",\"change\":\"deleted\"")
        + COMPLETED;
    let (done, facts, _folder) = import_text(&text, &plain()).await;
    assert_eq!(facts.changes, ["created", "created", "updated", "deleted"]);
    assert_eq!(done.report().duplicates, 2);
    assert_eq!(done.warnings(), ["scan one: 2 observations of keys that came before in it"]);
}

#[tokio::test]
async fn a_completed_scan_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    run(&writer, vec![stream(&story())], &plain()).await;
    let before = facts(&writer).await;
    let done = run(&writer_at(folder.path(), NOW).await, vec![stream(&story())], &plain()).await;
    assert_eq!((done.report().skipped, done.report().last_revision), (3, None));
    assert_eq!(facts(&writer).await, before);
}

#[tokio::test]
async fn a_scan_without_an_id_is_told_by_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let unnamed = |text: String| text.replace("\"scan_id\":\"one\",", "");
    let first = unnamed(scan("one", FIRST, &["a", "b"]));
    let done = run(&writer, vec![stream(&first)], &plain()).await;
    assert!(done.ranges()[0].0.starts_with("import-"), "{:?}", done.ranges());
    assert_eq!(run(&writer, vec![stream(&first)], &plain()).await.report().skipped, 1);
    assert_eq!(run(&writer, vec![stream(&unnamed(scan("one", FIRST, &["b"])))], &plain()).await.report().completed, 1);
    assert_eq!(run(&writer, vec![stream(&unnamed(scan("one", SECOND, &["a", "b"])))], &plain()).await.report().completed, 1);
}

/// Lost without it: an import that broke twice recorded lines twice, since the second run wrote a smaller count of lines.
#[tokio::test]
async fn an_import_that_broke_and_is_repeated_gives_the_same_revisions() {
    let (_, expected, _folder) = import_text(&story(), &plain()).await;
    for breaks in [vec![1], vec![3], vec![5], vec![6, 2], vec![2, 0, 1], vec![3, 1, 1, 1]] {
        let folder = tempfile::tempdir().unwrap();
        for batches in &breaks {
            broken_import(folder.path(), *batches).await;
        }
        let writer = writer_at(folder.path(), NOW).await;
        let done = run(&writer, vec![stream(&story())], &plain()).await;
        assert_eq!(done.report().lines, 44);
        let found = facts(&writer).await;
        assert_eq!(found.tables, expected.tables, "{breaks:?}");
        assert_eq!(found.entries, expected.entries, "{breaks:?}");
    }
}

/// A process that dies after so many batches.
async fn broken_import(folder: &Path, batches: usize) {
    let writer = writer_at(folder, NOW).await;
    let task = tokio::spawn(async move {
        let mut left = batches;
        let mut events = move |event| {
            let progress = matches!(event, ImportEvent::Progress { .. });
            match left.checked_sub(usize::from(progress)) {
                Some(rest) => left = rest,
                None => panic!("the process dies here"),
            }
        };
        let _ = import_in_batches(&writer, vec![stream(&story())], &ImportOptions::default(), &mut events, BATCH_MAX).await;
    });
    assert!(task.await.is_err());
}

#[tokio::test]
async fn a_scan_that_failed_goes_on_when_its_input_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let broken = story().replacen("\"v-9\"", "9", 1);
    assert!(run(&writer, vec![stream(&broken)], &plain()).await.error().starts_with("test:11: "));
    let done = run(&writer, vec![stream(&story())], &plain()).await;
    assert!(done.events.contains(&ImportEvent::Continued { scan_id: "one".into(), lines: 9 }), "{:?}", done.events);
    let (_, expected, _folder) = import_text(&story(), &plain()).await;
    assert_eq!(facts(&writer).await.tables, expected.tables);
}

#[tokio::test]
async fn other_content_under_the_id_of_a_broken_scan_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    broken_import(folder.path(), 2).await;
    let writer = writer_at(folder.path(), NOW).await;
    let other = story().replace("\"v-3\"", "\"w-3\"");
    let done = run(&writer, vec![stream(&other)], &plain()).await;
    assert!(done.error().contains("what is handed in now is not the same"), "{}", done.error());
}

/// Lost without it: two processes that imported one scan at once both wrote all of its lines.
#[tokio::test]
async fn of_two_processes_that_import_one_scan_one_stops() {
    let folder = tempfile::tempdir().unwrap();
    let (left, right) = (writer_at(folder.path(), NOW).await, writer_at(folder.path(), NOW).await);
    let text = scan("one", FIRST, &["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    let options = plain();
    let (one, two) = tokio::join!(run(&left, vec![stream(&text)], &options), run(&right, vec![stream(&text)], &options));
    let outcomes = [one.report, two.report];
    let lost = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(|error| error.kind() == crate::ErrorKind::Conflict);
    assert!(lost && outcomes.iter().any(Result::is_ok), "{outcomes:?}");
    assert_eq!(facts(&left).await.changes, vec!["created"; 9]);
}

#[tokio::test]
async fn files_are_merged_by_the_time_of_their_scans() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let live = "{\"scan\":\"started\",\"scan_id\":\"live\"}\n".to_owned() + &seen("a", "") + COMPLETED;
    let odd = scan("one", FIRST, &["a", "b"]) + &scan("three", THIRD, &["a"]);
    let sources = vec![
        file(folder.path(), "live.ndjson", live.as_bytes()),
        file(folder.path(), "odd.ndjson", odd.as_bytes()),
        file(folder.path(), "even.ndjson", scan("two", SECOND, &["b"]).as_bytes()),
    ];
    let done = run(&writer, sources, &plain()).await;
    let mut scans: Vec<String> = done.ranges().into_iter().map(|(scan_id, ..)| scan_id).collect();
    scans.dedup();
    assert_eq!(scans, ["one", "two", "three", "live"]);
    assert_eq!(done.report().completed, 4);
}

#[tokio::test]
async fn scans_before_the_heads_time_are_refused_or_lifted() {
    let text = scan("one", SECOND, &["a"]) + &scan("two", FIRST, &["b"]);
    let (done, facts, _folder) = import_text(&text, &plain()).await;
    assert!(done.error().starts_with("test:5: scan two begins at 2026-11-01"), "{}", done.error());
    assert_eq!(facts.changes, ["created"]);
    let (done, facts, _folder) = import_text(&text, &ImportOptions { lift: true, ..plain() }).await;
    assert_eq!((done.report().completed, facts.changes.len()), (2, 3));
}

#[tokio::test]
async fn compressed_files_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(scan("one", FIRST, &["a"]).as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(scan("two", SECOND, &["a"]).as_bytes(), 1).unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let sources = vec![file(folder.path(), "one.ndjson.gz", &gzip), file(folder.path(), "two.ndjson.zst", &zstd)];
    let done = run(&writer, sources, &plain()).await;
    assert_eq!(done.report().completed, 2);
    let total = (gzip.len() + zstd.len()) as u64;
    assert!(
        matches!(done.events.last(), Some(ImportEvent::Progress { read, total: Some(all) }) if *read >= total && *all == total),
        "{:?}",
        done.events.last()
    );
    let done = run(&writer, vec![Source::reader("pipe", Cursor::new(zstd.clone()))], &plain()).await;
    assert_eq!(done.report().skipped, 1);
    let cut = gzip.get(..gzip.len() - 9).unwrap();
    let done = run(&writer, vec![file(folder.path(), "cut.gz", cut)], &plain()).await;
    assert!(done.error().contains("cannot be read"), "{}", done.error());
    let done = run(&writer, vec![file(folder.path(), "wrong.zst", b"{}")], &plain()).await;
    assert!(done.error().contains("it is named like zstd, but does not begin like it"), "{}", done.error());
}

#[tokio::test]
async fn the_demo_is_imported_whole() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let mut events = Vec::new();
    let report = import(&writer, vec![Source::path("data/demo.ndjson.zst")], &plain(), &mut |event| events.push(event)).await.unwrap();
    let history = writer.history().await.unwrap();
    assert_eq!((report.completed, report.failed), (119, 1), "{report:?}");
    assert_eq!(history.head(), 41_518, "{report:?}");
}
