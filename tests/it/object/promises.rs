//! What a backend promises, asked of each server.

use std::io::Write;
use std::sync::Arc;

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use bytes::Bytes;
use elava::store::{Backend, CompactOptions, Created, Listed, ObjectBackend, Writer};
use futures::future::join_all;
use tokio::sync::Barrier;

use super::servers::Server;
use crate::support::clock;
use crate::support::fault_proxy::{FaultProxy, ServerClock};
use crate::sweep::scan_and_compact;

/// Racing creators, and how often they race.
const RACERS: usize = 32;
const ROUNDS: usize = 5;

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}

async fn names(backend: &ObjectBackend, folder: &str, after: &str) -> Vec<String> {
    backend.list(folder, after).await.unwrap().into_iter().map(|listed| listed.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_created_is_there_at_once_and_nothing_takes_its_name() {
    for server in Server::both() {
        let bucket = server.bucket().await;
        let backend = bucket.backend();
        assert_eq!(backend.get("log/1.seg").await.unwrap(), None, "{}", server.name);
        assert_eq!(backend.create("log/1.seg", bytes("one")).await.unwrap(), Created::Done);
        assert_eq!(backend.create("log/1.seg", bytes("other")).await.unwrap(), Created::Exists);
        assert_eq!(backend.get("log/1.seg").await.unwrap(), Some(bytes("one")));
        backend.replace("log/1.seg", bytes("1")).await.unwrap();
        assert_eq!(backend.get("log/1.seg").await.unwrap(), Some(bytes("1")));
        for number in 2..=4 {
            backend.create(&format!("log/{number}.seg"), bytes("more")).await.unwrap();
        }
        backend.create("logs/5.seg", bytes("of another folder")).await.unwrap();
        assert_eq!(names(&backend, "log", "").await, ["log/1.seg", "log/2.seg", "log/3.seg", "log/4.seg"]);
        assert_eq!(names(&backend, "log", "log/2.seg").await, ["log/3.seg", "log/4.seg"]);
        assert_eq!(names(&backend, "log", "log/2").await, ["log/2.seg", "log/3.seg", "log/4.seg"]);
        assert_eq!(names(&backend, "log", "log/4.seg").await, [""; 0]);
        let listed = backend.list("log", "").await.unwrap();
        assert_eq!(listed.iter().map(|listed| listed.bytes).collect::<Vec<_>>(), [1, 4, 4, 4]);
        assert!(listed.iter().all(|listed| listed.age_seconds < 600), "{listed:?}");
        backend.delete("log/3.seg").await.unwrap();
        backend.delete("log/3.seg").await.unwrap();
        assert_eq!(names(&backend, "log", "log/2.seg").await, ["log/4.seg"]);
        assert_eq!(backend.create("log/3.seg", bytes("again")).await.unwrap(), Created::Done, "a name that was deleted is free");
        assert_eq!(backend.get("log/3.seg").await.unwrap(), Some(bytes("again")));
        assert_eq!(bucket.keys().await.len(), 5, "{}", server.name);
    }
}

/// Lost was: what is kept for a day, to a machine whose clock was a day ahead. Ages are told by the storage's clock alone, so two days
/// between it and that of this machine, in either direction, are no age.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ages_are_told_by_the_clock_of_the_storage() {
    for server in Server::both() {
        let bucket = server.bucket().await;
        for name in ["log/1.seg", "log/2.seg"] {
            bucket.backend().create(name, bytes("x")).await.unwrap();
        }
        let proxy = FaultProxy::before(&server.endpoint);
        for (answered, written, age_days) in [
            (Some(0), 0, 0),
            (Some(2), 2, 0),
            (Some(-2), -2, 0),
            // Two days after it was written.
            (Some(0), -2, 2),
            (Some(2), 0, 2),
            // Nobody tells what time it is: both were written at about the same.
            (None, -2, 0),
            (None, 2, 0),
        ] {
            proxy.set_clock(ServerClock { answered, written });
            let listed = bucket.backend_at(proxy.endpoint()).list("log", "").await.unwrap();
            let age_min = age_days * 24 * 3600;
            assert_eq!(listed.len(), 2, "{}", server.name);
            for Listed { age_seconds, .. } in listed {
                assert!((age_min..age_min + 600).contains(&age_seconds), "{}: {answered:?}, {written}: {age_seconds} s", server.name);
            }
        }
    }
}

/// A compaction on a machine whose clock is two days ahead takes nothing away that was replaced just now; it goes once the storage
/// says that the grace period is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_grace_period_is_one_of_the_clock_of_the_storage() {
    for server in Server::both() {
        let bucket = server.bucket().await;
        let proxy = FaultProxy::before(&server.endpoint);
        let writer = Writer::open(bucket.backend_at(proxy.endpoint()), clock()).await.unwrap();
        let replaced = |keys: &[String]| keys.iter().any(|key| key.ends_with("/manifest/00000000000000000001"));
        for (answered, written, number, is_kept) in [(0, 0, 0, true), (-2, -2, 1, true), (-2, -2, 2, true), (0, -2, 3, false)] {
            proxy.set_clock(ServerClock { answered: Some(answered), written });
            scan_and_compact(&writer, number, CompactOptions::default()).await;
            assert_eq!(replaced(&bucket.keys().await), is_kept, "{}, scan {number}", server.name);
        }
    }
}

/// More than one answer of a listing holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_listings_are_whole() {
    for server in Server::both() {
        let backend = server.bucket().await.backend();
        let all: Vec<String> = (0..1005).map(|number| format!("log/{number:020}.seg")).collect();
        for some in all.chunks(16) {
            join_all(some.iter().map(|name| async { assert_eq!(backend.create(name, bytes("x")).await.unwrap(), Created::Done) })).await;
        }
        assert_eq!(names(&backend, "log", "").await, all, "{}", server.name);
        assert_eq!(names(&backend, "log", &all[2]).await, all[3..], "{}", server.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_creators_exactly_one_wins() {
    for server in Server::both() {
        let bucket = server.bucket().await;
        for round in 0..ROUNDS {
            let (name, start) = (format!("log/{round}"), Arc::new(Barrier::new(RACERS)));
            let racers = (0..RACERS).map(|racer| {
                let (backend, name, start) = (bucket.backend(), name.clone(), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    backend.create(&name, bytes(&racer.to_string())).await.unwrap()
                })
            });
            let outcomes: Vec<Created> = join_all(racers).await.into_iter().map(Result::unwrap).collect();
            let winners: Vec<usize> = (0..RACERS).filter(|racer| outcomes[*racer] == Created::Done).collect();
            assert_eq!(winners.len(), 1, "{}, round {round}", server.name);
            let found = bucket.backend().get(&name).await.unwrap();
            assert_eq!(found, Some(bytes(&winners[0].to_string())), "{}, round {round}", server.name);
        }
    }
}

/// What is written to a bucket that keeps versions, and a deletion, which is a version too there, change nothing of this.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_with_versions_keeps_the_same_promises() {
    for server in Server::both() {
        let bucket = server.new_bucket().await;
        let versioned = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        server.client().put_bucket_versioning().bucket(&bucket.name).versioning_configuration(versioned).send().await.unwrap();
        let backend = bucket.backend();
        assert_eq!(backend.create("log/1", bytes("one")).await.unwrap(), Created::Done, "{}", server.name);
        assert_eq!(backend.create("log/1", bytes("two")).await.unwrap(), Created::Exists, "{}", server.name);
        backend.replace("log/1", bytes("1")).await.unwrap();
        assert_eq!(backend.get("log/1").await.unwrap(), Some(bytes("1")));
        backend.delete("log/1").await.unwrap();
        assert_eq!(backend.get("log/1").await.unwrap(), None);
        assert_eq!(names(&backend, "log", "").await, [""; 0]);
        assert_eq!(backend.create("log/1", bytes("three")).await.unwrap(), Created::Done, "{}", server.name);
        assert_eq!(backend.create("log/1", bytes("four")).await.unwrap(), Created::Exists, "{}", server.name);
        assert_eq!(backend.get("log/1").await.unwrap(), Some(bytes("three")));
    }
}

/// Small files go up in one request, large ones in parts; both are whole, and may be written over with the same bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_any_size_are_uploaded_whole() {
    for server in Server::both() {
        let backend = server.bucket().await.backend();
        for (size, step) in [(0, 1), (1, 1), (100_000, 999), (8 << 20, 1 << 20), ((8 << 20) + 1, 12_345), (20 << 20, 1_000_003)] {
            let content: Vec<u8> = (0..size).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            for _ in 0..2 {
                let mut staged = backend.stage().unwrap();
                content.chunks(step).for_each(|part| staged.write_all(part).unwrap());
                staged.publish("versions/file").await.unwrap();
                let found = backend.get("versions/file").await.unwrap().unwrap();
                assert!(found == content, "{}: {size} bytes in steps of {step}", server.name);
            }
        }
        drop(backend.stage().unwrap());
        assert_eq!(names(&backend, "versions", "").await, ["versions/file"]);
    }
}

/// A bucket that lets nothing go for a day: what is replaced or deleted stays behind as an older version, and the store is none the
/// wiser.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_locks_objects_takes_a_store_and_lets_no_version_go() {
    // Moto takes no object in such a bucket without a header of the SDK's, which S3 itself does not ask for.
    for server in [Server::seaweedfs()] {
        let (client, bucket) = (server.client(), server.locked_bucket().await);
        let backend = bucket.backend();
        backend.prepare().await.unwrap();
        assert_eq!(backend.create("log/1", bytes("one")).await.unwrap(), Created::Done, "{}", server.name);
        assert_eq!(backend.create("log/1", bytes("two")).await.unwrap(), Created::Exists, "{}", server.name);
        backend.replace("log/1", bytes("1")).await.unwrap();
        assert_eq!(backend.get("log/1").await.unwrap(), Some(bytes("1")));
        let mut staged = backend.stage().unwrap();
        staged.write_all(&vec![7; 9 << 20]).unwrap();
        staged.publish("versions/large").await.unwrap();
        for name in ["log/1", "versions/large"] {
            backend.delete(name).await.unwrap();
            assert_eq!(backend.get(name).await.unwrap(), None, "{}, {name}", server.name);
        }
        let kept = client.list_object_versions().bucket(&bucket.name).prefix(format!("{}/log/", bucket.prefix)).send().await.unwrap();
        assert_eq!(kept.versions().len(), 2, "{}: {kept:?}", server.name);
        for version in kept.versions() {
            let gone = client.delete_object().bucket(&bucket.name).key(version.key().unwrap()).version_id(version.version_id().unwrap());
            assert!(gone.send().await.is_err(), "{}: {version:?}", server.name);
        }
    }
}
