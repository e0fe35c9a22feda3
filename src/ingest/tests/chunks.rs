//! Sources are cut into chunks that are parsed apart: no line may notice.

use proptest::prelude::*;

use super::super::source::{BytesRead, ChunkReader};
use super::*;

/// A reader that hands out so many bytes at a time.
struct Dribble {
    text: Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.step);
        self.text.read(&mut buffer[..most])
    }
}

/// Imports a text in batches of the usual size.
async fn import_whole(text: impl Into<Vec<u8>>) -> (Result<ImportReport>, Facts, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let source = Source::reader("test", Cursor::new(text.into()));
    let report = import(&writer, vec![source], &ImportOptions::default(), &mut |_| {}).await;
    let facts = facts(&writer).await;
    (report, facts, folder)
}

/// More text than several chunks hold, in lines of many lengths, every third one blank.
fn long_text(lines: usize) -> Vec<String> {
    let line = |number: usize| match number % 3 {
        2 => " \r\n".to_owned(),
        _ => seen(&format!("v-{number}"), &format!(",\"name\":\"{}\"", "\u{1f512}\u{e9}".repeat(number % 301))),
    };
    (0..lines).map(line).collect()
}

#[tokio::test]
async fn characters_and_lines_across_chunks_are_whole_and_in_order() {
    let lines = long_text(6000);
    let text = started("one", "2026-11-01T00:00:00Z") + &lines.concat() + COVERED + COMPLETED;
    assert!(text.len() > 2 << 20, "several chunks");
    let (report, facts, _folder) = import_whole(text).await;
    assert_eq!((report.unwrap().completed, facts.changes.len()), (1, 4000));
    let names: Vec<&str> = facts.tables.lines().filter(|row| row.contains("aws_vpc/v-")).collect();
    assert_eq!(names.len(), 4000);
    for (row, number) in names.into_iter().zip((0..6000).filter(|number| number % 3 != 2)) {
        assert!(
            row.contains(&format!("/v-{number} "))
                && row.contains(&format!(" {} ", "\u{1f512}\u{e9}".repeat(number % 301)).replace("  ", " ")),
            "{row}"
        );
    }
}

#[tokio::test]
async fn a_bad_line_of_a_later_chunk_is_named_and_the_lines_before_it_are_kept() {
    for (bad, expected) in [
        (b"{\"provider\":\n".to_vec(), "not JSON that can be taken: expected a value, found the end of the line at byte 13"),
        (b"{\"name\":\"\xe2\x82\"}\n".to_vec(), "expected UTF-8, found byte 0xe2 at byte 10"),
    ] {
        for at in [1, 2500, 4400, 5999] {
            let lines = long_text(6000);
            let head = started("one", "2026-11-01T00:00:00Z");
            let text = [head.as_bytes(), lines[..at].concat().as_bytes(), &bad, lines[at..].concat().as_bytes()].concat();
            let (report, facts, _folder) = import_whole(text).await;
            assert_eq!(report.unwrap_err().to_string(), format!("test:{}: {expected}", at + 2));
            assert_eq!(facts.changes.len(), (0..at).filter(|number| number % 3 != 2).count());
            assert_eq!(facts.entries.last().unwrap(), "scan_failed one failed");
        }
    }
}

proptest! {
    /// Chunks hold whole lines, and all of them.
    #[test]
    fn chunks_are_cut_at_line_ends(text in "[a\u{e9}\n]{0,60}", step in 1..9_usize, bytes in 1..9_usize) {
        let reader = Dribble { text: Cursor::new(text.clone().into_bytes()), step };
        let mut reader = ChunkReader::new(Box::new(reader));
        let mut joined = Vec::new();
        loop {
            let chunk = reader.next(bytes);
            prop_assert!(chunk.error.is_none());
            prop_assert!(chunk.is_last || chunk.text.ends_with(b"\n"));
            joined.extend(chunk.text);
            if chunk.is_last {
                break;
            }
        }
        prop_assert_eq!(joined, text.into_bytes());
    }
}

/// What a source says of its progress is before decompression, whatever the chunks.
#[test]
fn all_bytes_of_a_source_are_counted() {
    let read = BytesRead::default();
    let mut reader = ChunkReader::new(stream("one\ntwo\nthree").open(Arc::clone(&read)).unwrap());
    while !reader.next(4).is_last {}
    assert_eq!(read.load(std::sync::atomic::Ordering::Relaxed), 13);
}
