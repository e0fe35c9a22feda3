//! Backups into buckets and out of them: as on a disk, with writers that go on and answers that get lost.

use std::sync::Arc;
use std::time::Duration;

use elava::ErrorKind;
use elava::store::{Backend, BackupOptions, CompactOptions, Store, StoreSettings, Writer, backup, restore, verify_with};

use super::command::{data, ran, refused, text};
use super::servers::{Server, TestBucket};
use crate::cli::run::{Bench, HISTORY};
use crate::damage::answers;
use crate::support::fault_proxy::{Fault, FaultProxy, Rule};
use crate::support::{Scratch, clock};
use crate::verify::{DEEP, scan, store, told};

const AS_IT_IS: BackupOptions<'_> = BackupOptions { prune: false, progress: None };

fn place(bucket: &TestBucket) -> Arc<dyn Backend> {
    bucket.backend()
}

async fn head(backend: Arc<dyn Backend>) -> i64 {
    Store::open(backend).await.unwrap().snapshot().await.unwrap().head()
}

/// Two places answer the same, and nothing is wrong with the second.
async fn check_same(one: Arc<dyn Backend>, other: Arc<dyn Backend>, what: &str) {
    let report = verify_with(Arc::clone(&other), &DEEP).await.unwrap();
    assert_eq!(told(&report), Vec::<String>::new(), "{what}");
    assert_eq!(answers(one).await.unwrap(), answers(other).await.unwrap(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_on_disk_is_backed_up_into_a_bucket_and_restored_from_it() {
    for server in Server::both() {
        let (scratch, bucket) = (Scratch::new(), server.bucket().await);
        let writer = store(&scratch).await;
        let first = backup(scratch.backend(), place(&bucket), &AS_IT_IS).await.unwrap();
        assert!(first.segments > 20 && first.files > 5, "{first:?}");
        check_same(scratch.backend(), place(&bucket), server.name).await;
        let error = Writer::open(place(&bucket), clock()).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("holds a backup, which is only read"), "{error}");
        // Only what is new is copied.
        let again = backup(scratch.backend(), place(&bucket), &AS_IT_IS).await.unwrap();
        assert_eq!((again.segments, again.files, again.bytes), (0, 0, 0), "{}", server.name);
        scan(&writer, 13).await;
        let more = backup(scratch.backend(), place(&bucket), &AS_IT_IS).await.unwrap();
        assert!((1..5).contains(&more.segments) && more.files == 0, "{more:?}");
        writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
        let pruned = backup(scratch.backend(), place(&bucket), &BackupOptions { prune: true, progress: None }).await.unwrap();
        assert!(pruned.files > 0 && pruned.pruned > 0, "{pruned:?}");
        check_same(scratch.backend(), place(&bucket), server.name).await;
        // And back: to a disk, and to another place in the bucket.
        let (disk, elsewhere) = (Scratch::new(), server.bucket().await);
        for to in [disk.backend() as Arc<dyn Backend>, place(&elsewhere)] {
            restore(place(&bucket), Arc::clone(&to), None).await.unwrap();
            check_same(scratch.backend(), Arc::clone(&to), server.name).await;
            let writer = Writer::open(Arc::clone(&to), clock()).await.unwrap();
            scan(&writer, 40).await;
            assert!(head(to).await > head(place(&bucket)).await, "{}", server.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_in_a_bucket_is_backed_up_while_a_writer_writes_compacts_and_removes() {
    for server in Server::both() {
        let (bucket, elsewhere, disk) = (server.bucket().await, server.bucket().await, Scratch::new());
        let writer = Writer::open(place(&bucket), clock()).await.unwrap();
        writer.change_settings(StoreSettings { epoch_rows_min: 8, ..StoreSettings::default() }).await.unwrap();
        scan(&writer, 0).await;
        let writing = tokio::spawn(async move {
            for number in 1..8 {
                scan(&writer, number).await;
                writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
            }
        });
        let (mut heads, mut done) = (Vec::new(), false);
        while !done {
            done = writing.is_finished();
            let to = if heads.len() % 2 == 0 { place(&elsewhere) } else { disk.backend() };
            match backup(place(&bucket), Arc::clone(&to), &AS_IT_IS).await {
                Ok(report) => {
                    assert_eq!(head(Arc::clone(&to)).await, report.head);
                    assert_eq!(told(&verify_with(to, &DEEP).await.unwrap()), Vec::<String>::new(), "{}", server.name);
                    heads.push(report.head);
                }
                Err(error) => assert!(error.to_string().contains("compacted faster"), "{error}"),
            }
        }
        writing.await.unwrap();
        assert!(heads.is_sorted() && heads.len() > 1, "{heads:?}");
        for to in [place(&elsewhere), disk.backend()] {
            backup(place(&bucket), Arc::clone(&to), &AS_IT_IS).await.unwrap();
            check_same(place(&bucket), to, server.name).await;
        }
    }
}

/// Whatever becomes of a request of a backup, or of the process that sends it: what is there is the older backup or the newer
/// one, and the next run goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_whose_requests_go_wrong_is_the_older_or_the_newer_one() {
    const FAULTS: [Fault; 7] = [
        Fault::LostReply,
        Fault::LostRequest,
        Fault::Refused(503),
        Fault::DoneAndRefused(500),
        Fault::Refused(403),
        Fault::Stopped { landed: true },
        Fault::Stopped { landed: false },
    ];
    let scratch = Scratch::new();
    let writer = store(&scratch).await;
    let older = Scratch::new();
    backup(scratch.backend(), older.backend(), &AS_IT_IS).await.unwrap();
    scan(&writer, 13).await;
    writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
    let known = [answers(older.backend()).await.unwrap(), answers(scratch.backend()).await.unwrap()];
    for server in Server::both() {
        let proxy = FaultProxy::before(&server.endpoint);
        let (mut broken, mut through) = (0, 0);
        for (nth, fault) in FAULTS.into_iter().enumerate() {
            let bucket = server.bucket().await;
            // The backup of a backup is as good as that of the store.
            backup(older.backend(), place(&bucket), &AS_IT_IS).await.unwrap();
            proxy.rules(&[Rule { method: "PUT", path: "", skip: 1 + nth, times: 1, fault }]);
            let copying = backup(scratch.backend(), bucket.backend_at(proxy.endpoint()), &AS_IT_IS);
            let outcome = tokio::select! {
                outcome = copying => Some(outcome),
                () = proxy.stopped() => None,
            };
            assert_eq!(proxy.fired(), 1, "{}, {fault:?}", server.name);
            match outcome {
                Some(Ok(_)) => through += 1,
                Some(Err(_)) | None => broken += 1,
            }
            let found = answers(place(&bucket)).await.unwrap();
            assert!(known.contains(&found), "{}, {fault:?}: another answer", server.name);
            proxy.rules(&[]);
            backup(scratch.backend(), bucket.backend_at(proxy.endpoint()), &AS_IT_IS).await.unwrap();
            check_same(scratch.backend(), place(&bucket), server.name).await;
        }
        assert!(broken >= 3 && through >= 3, "{}: {broken} broken, {through} through", server.name);
    }
}

/// A bucket that keeps every version for a day takes backups as any other: nothing is ever written over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_kept_in_a_bucket_in_which_nothing_can_be_removed() {
    // Moto takes nothing in such a bucket without a header of the SDK's, which S3 itself does not ask for.
    for server in [Server::seaweedfs()] {
        let (scratch, bucket) = (Scratch::new(), server.locked_bucket().await);
        let writer = store(&scratch).await;
        for number in 13..15 {
            backup(scratch.backend(), place(&bucket), &BackupOptions { prune: true, progress: None }).await.unwrap();
            check_same(scratch.backend(), place(&bucket), server.name).await;
            scan(&writer, number).await;
            writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
        }
        let restored = Scratch::new();
        restore(place(&bucket), restored.backend(), None).await.unwrap();
        assert_eq!(head(restored.backend()).await, head(place(&bucket)).await);
    }
}

#[test]
fn the_command_backs_up_into_a_bucket_and_restores_with_the_right_to_read() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::seaweedfs();
    let (bench, bucket) = (Bench::new(), runtime.block_on(server.bucket()));
    bench.write("history.ndjson", HISTORY);
    bench.data(&["import", "history.ndjson"]);
    let (url, on_disk) = (bucket.url(), bench.path("store").display().to_string());
    let of_disk = |arguments: &[&str]| data(&bucket, &bench, &[&["--store", &on_disk], arguments].concat());
    let copied = of_disk(&["backup", &url]);
    assert!(copied.starts_with("copied ") && copied.contains(&format!("{url} holds all up to revision 5")), "{copied}");
    assert!(of_disk(&["backup", &url]).starts_with("nothing was missing"));
    let all = "SELECT * FROM observations ORDER BY revision";
    let expected = of_disk(&["sql", all, "--format", "ndjson"]);
    assert_eq!(data(&bucket, &bench, &["sql", all, "--format", "ndjson"]), expected, "a backup is a store that is only read");
    assert!(refused(&mut bucket.command(&bench, &["tag", "one"])).contains("holds a backup, which is only read"));
    // Who may only read can restore, and is told why there is no backing up.
    let reader = |arguments: &[&str]| {
        let mut command = bucket.command(&bench, arguments);
        command.env("AWS_ACCESS_KEY_ID", "reading").env("AWS_SECRET_ACCESS_KEY", "reading-secret");
        command
    };
    let output = ran(&mut reader(&["--store", "again", "restore", &url]));
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(data(&bucket, &bench, &["--store", "again", "sql", all, "--format", "ndjson"]), expected);
    let elsewhere = runtime.block_on(server.bucket()).url();
    assert!(refused(&mut reader(&["--store", "again", "backup", &elsewhere])).contains("AccessDenied"));
}
