//! What reading a store costs where each request crosses a network: how many have to wait for others, and what they fetch.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elava::ErrorKind;
use elava::query::{HistorySource, QuerySession, SessionOptions};
use elava::store::{Backend, BlockCache, Snapshot, Store, Writer};
use tempfile::TempDir;

use crate::explain::quiet_store;
use crate::support::fault_backend::FaultBackend;
use crate::support::rounds::{CountingBackend, Request, rounds};
use crate::support::{Row, Scratch, clock, rows};

/// Segments that are asked for at once, as in the engine.
const SEGMENTS_AT_ONCE: usize = 128;

/// Damages bytes.
type Spoil = fn(&[u8]) -> Vec<u8>;

/// A history of many epochs, with files of the open one and a tail.
async fn long_history() -> Arc<FaultBackend> {
    let scratch = Scratch::new();
    let snapshot = quiet_store(&scratch).await;
    assert!(snapshot.epochs().len() > 3 && snapshot.tail_size().0 > 0, "{:?}", snapshot.manifest());
    FaultBackend::holding(&scratch.objects())
}

/// Makes the tail longer, up to so many segments.
async fn lengthen(store: &Arc<FaultBackend>, segments: usize) {
    let writer = Writer::open(Arc::clone(store) as Arc<dyn Backend>, clock()).await.unwrap();
    while writer.history().await.unwrap().tail.len() < segments {
        let tag = format!("tag-{}", writer.history().await.unwrap().tail.len());
        writer.tag(&tag, 1).await.unwrap();
    }
}

/// A cache in a folder, as another process opens it.
fn cache(folder: &Path) -> Option<BlockCache> {
    Some(BlockCache::new(folder.join("cache"), 8 * BlockCache::LIMIT_BYTES_MIN))
}

/// The files of a cache.
fn blocks(folder: &Path) -> Vec<PathBuf> {
    let inside = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    inside(&folder.join("cache")).iter().flat_map(|folder| inside(folder)).collect()
}

/// A store that was just opened, and what that took.
async fn opened(store: &Arc<FaultBackend>) -> (Arc<CountingBackend>, Store, Vec<Request>) {
    let backend = CountingBackend::over(store);
    let opened = Store::open(Arc::clone(&backend) as Arc<dyn Backend>).await.unwrap();
    let requests = backend.requests.take();
    (backend, opened, requests)
}

/// Queries of a long history.
fn queries(snapshot: &Snapshot) -> [String; 3] {
    let sealed = snapshot.epochs().iter().find(|epoch| epoch.end.is_some()).unwrap();
    let (_, last) = snapshot.change_files()[0].int_bounds("revision").unwrap();
    [
        format!("SELECT * FROM resources_as_of({}) ORDER BY resource_key", sealed.start + 1),
        format!("SELECT * FROM changes({}, {last})", last - 1),
        "SELECT * FROM history('aws/1/eu/aws_vpc/v0') ORDER BY revision".to_owned(),
    ]
}

/// What a process asks for that opens the store to run a statement, after it has opened it; and the rows.
async fn asked(backend: &Arc<CountingBackend>, sql: &str) -> (Vec<Request>, Vec<Row>) {
    let store = Store::open(Arc::clone(backend) as Arc<dyn Backend>).await.unwrap();
    let snapshot = store.snapshot().await.unwrap() as Arc<dyn HistorySource>;
    let mut session = QuerySession::new(snapshot, SessionOptions { clock: clock(), ..SessionOptions::default() }).unwrap();
    backend.requests.take();
    let rows = rows(&mut session, sql).await;
    (backend.requests.take(), rows)
}

#[tokio::test]
async fn a_store_is_open_after_four_rounds_of_requests_whatever_its_history() {
    let store = long_history().await;
    for (tail, expected) in [(4, 4), (SEGMENTS_AT_ONCE, 4), (2 * SEGMENTS_AT_ONCE, 5)] {
        lengthen(&store, tail).await;
        let (backend, opened, requests) = opened(&store).await;
        assert_eq!(rounds(&requests), expected, "a tail of {tail}: {requests:#?}");
        // Both listings, the manifest, the header of the last segment that it covers, closings if there are any, and each segment
        // of the tail once.
        let segments: BTreeSet<&str> = requests.iter().map(|request| request.name.as_str()).filter(|name| name.ends_with(".seg")).collect();
        let closings = requests.iter().filter(|request| request.name.starts_with("closings/")).count();
        assert_eq!((segments.len(), requests.len()), (tail + 1, tail + 4 + closings), "{requests:#?}");
        // To see that nothing was written since takes one more.
        let snapshot = opened.snapshot().await.unwrap();
        assert_eq!(snapshot.tail_size().0, tail);
        let requests = backend.requests.take();
        assert_eq!((rounds(&requests), requests.len()), (1, 2), "{requests:#?}");
    }
}

#[tokio::test]
async fn a_store_without_tables_is_open_after_three_rounds() {
    let store = Arc::new(FaultBackend::default());
    assert_eq!(Store::open(CountingBackend::over(&store)).await.unwrap_err().kind(), ErrorKind::NotFound);
    lengthen(&store, SEGMENTS_AT_ONCE).await;
    let (_, _, requests) = opened(&store).await;
    assert_eq!((rounds(&requests), requests.len()), (3, SEGMENTS_AT_ONCE + 2), "{requests:#?}");
}

#[tokio::test]
async fn what_was_written_since_is_read_in_rounds_that_double() {
    let store = long_history().await;
    let (backend, opened, _) = opened(&store).await;
    let before = opened.snapshot().await.unwrap();
    lengthen(&store, before.tail_size().0 + 30).await;
    backend.requests.take();
    let after = opened.snapshot().await.unwrap();
    assert_eq!(after.tail_size().0, before.tail_size().0 + 30);
    assert_eq!(after.tags().count(), 30);
    let requests = backend.requests.take();
    // 1, 2, 4, 8 and 16 segments: the end of the log is seen in the last round.
    assert_eq!(rounds(&requests), 5, "{requests:#?}");
}

#[tokio::test]
async fn cold_queries_of_a_long_history_take_few_rounds_and_ranges_of_the_files_that_they_need() {
    let store = long_history().await;
    let (backend, opened, _) = opened(&store).await;
    let snapshot = opened.snapshot().await.unwrap();
    let limits = [(2, 1), (3, 1), (8, snapshot.change_files().len() + 1)];
    for (sql, (rounds_max, files_max)) in queries(&snapshot).iter().zip(limits) {
        let (requests, rows) = asked(&backend, sql).await;
        let files: BTreeSet<&str> = requests.iter().map(|request| request.name.as_str()).collect();
        assert!(!rows.is_empty() && !requests.is_empty(), "{sql}");
        assert!(rounds(&requests) <= rounds_max, "{sql}: {} rounds: {requests:#?}", rounds(&requests));
        assert!(files.len() <= files_max, "{sql}: {files:#?}");
    }
}

#[tokio::test]
async fn what_was_read_once_is_read_from_the_cache_whatever_became_of_it() {
    let (store, folder) = (long_history().await, TempDir::new().unwrap());
    let uncached = CountingBackend::over(&store);
    let (_, opened, _) = opened(&store).await;
    for sql in queries(&opened.snapshot().await.unwrap()) {
        let expected = asked(&uncached, &sql).await.1;
        let process = || CountingBackend::with_cache(&store, cache(folder.path()));
        let (cold, rows) = asked(&process(), &sql).await;
        assert!(!cold.is_empty() && rows == expected, "{sql}: {cold:#?}");
        assert_eq!(asked(&process(), &sql).await, (Vec::new(), expected.clone()), "{sql}");
        // Damage is fetched again, and cured by that.
        let spoil: [Spoil; 3] =
            [|_| Vec::new(), |bytes| bytes.get(1..).unwrap_or_default().to_vec(), |bytes| bytes.iter().map(|byte| !byte).collect()];
        for spoil in spoil {
            for block in blocks(folder.path()) {
                let bytes = std::fs::read(&block).unwrap();
                std::fs::write(&block, spoil(&bytes)).unwrap();
            }
            let (again, rows) = asked(&process(), &sql).await;
            assert!(!again.is_empty() && rows == expected, "{sql}: {again:#?}");
            assert_eq!(asked(&process(), &sql).await, (Vec::new(), expected.clone()), "{sql}");
        }
    }
}

#[tokio::test]
async fn the_ends_of_files_are_fetched_at_once_where_there_is_a_cache() {
    const CHANGES: &str = "versions/changes-";
    let (store, folder) = (long_history().await, TempDir::new().unwrap());
    let (without, opened, _) = opened(&store).await;
    let [_, _, history] = queries(&opened.snapshot().await.unwrap());
    let (requests, _) = asked(&without, &history).await;
    let needed: BTreeSet<&str> = requests.iter().map(|request| request.name.as_str()).filter(|name| name.starts_with(CHANGES)).collect();
    let backend = CountingBackend::with_cache(&store, cache(folder.path()));
    backend.requests.await_at_once(CHANGES, needed.len());
    let (requests, _) = asked(&backend, &history).await;
    // First what the tail has replaced. All files are small here: with their ends all of them is there.
    let ends: Vec<&Request> = requests.iter().filter(|request| request.name.starts_with(CHANGES)).collect();
    let files: BTreeSet<&str> = ends.iter().map(|request| request.name.as_str()).collect();
    assert!(files.len() > 1 && files.len() == ends.len(), "{requests:#?}");
    assert!(ends.iter().all(|request| request.round == 2 && request.range.is_some()) && rounds(&requests) == 2, "{requests:#?}");
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_alters_nothing() {
    let (store, folder) = (long_history().await, TempDir::new().unwrap());
    std::fs::write(folder.path().join("cache"), "a file").unwrap();
    let (backend, opened, _) = opened(&store).await;
    for sql in queries(&opened.snapshot().await.unwrap()) {
        let expected = asked(&backend, &sql).await.1;
        let (requests, rows) = asked(&CountingBackend::with_cache(&store, cache(folder.path())), &sql).await;
        assert!(!requests.is_empty() && rows == expected, "{sql}");
    }
}
