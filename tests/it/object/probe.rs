//! A storage that does not keep creates exclusive is refused before anything is written to a store in it.

use std::sync::Arc;

use elava::ErrorKind;
use elava::clock::SystemClock;
use elava::store::{Backend, Bucket, BucketUrl, ObjectBackend, Writer};
use object_store::aws::AmazonS3Builder;

use super::servers::Server;
use crate::support::bad_bucket::{BadBucket, Flaw};
use crate::support::fault_proxy::{Fault, FaultProxy, Rule};

fn backend(endpoint: &str) -> Arc<ObjectBackend> {
    let builder = AmazonS3Builder::new().with_endpoint(endpoint).with_allow_http(true).with_access_key_id("a").with_secret_access_key("b");
    let url = BucketUrl::parse("s3://bucket/store").unwrap();
    Arc::new(ObjectBackend::new(url, Bucket::S3(Box::new(builder)), std::env::temp_dir()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storage_that_breaks_its_promises_is_refused_and_nothing_is_left_in_it() {
    let flaws = [
        (Flaw::IgnoresConditions, "a create of a new name and another of the same ended with Done and Done"),
        (Flaw::ChecksThenWrites, "of 8 creates of one name at once, 8 were done"),
        (Flaw::ListsNothing, "was written and is not listed"),
        (Flaw::ReadsOtherBytes, "what was written is not what is read"),
        (Flaw::KnowsNoConditions, "NotImplemented"),
    ];
    for (flaw, expected) in flaws {
        let server = BadBucket::start(flaw).await;
        let error = Writer::open(backend(&server.endpoint), Arc::new(SystemClock)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{flaw:?}");
        assert!(error.to_string().contains(expected), "{flaw:?}: {error}");
        assert!(error.hint().is_some(), "{flaw:?}: {error}");
        assert_eq!(server.names(), [""; 0], "{flaw:?}");
    }
    let server = BadBucket::start(Flaw::None).await;
    Writer::open(backend(&server.endpoint), Arc::new(SystemClock)).await.unwrap();
    let names = server.names();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].starts_with("store/log/") && names[1].starts_with("store/probe/held-"), "{names:?}");
}

/// That it held is kept, for this place only: the same objects at another address are another storage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storage_is_tried_out_once_for_each_place() {
    for server in Server::both() {
        let bucket = server.bucket().await;
        let proxies = [FaultProxy::before(&server.endpoint), FaultProxy::before(&server.endpoint)];
        for proxy in &proxies {
            bucket.backend_at(proxy.endpoint()).prepare().await.unwrap();
            let first = proxy.requests();
            assert!(first.len() > 12, "{}: {first:?}", server.name);
            let backend = bucket.backend_at(proxy.endpoint());
            backend.prepare().await.unwrap();
            backend.prepare().await.unwrap();
            let second = proxy.requests();
            assert_eq!(second.len(), 1, "{}: {second:?}", server.name);
            assert!(second[0].starts_with("GET "), "{}: {second:?}", server.name);
        }
        let left = bucket.backend().list("probe", "").await.unwrap();
        assert_eq!(left.len(), 2, "{}: {left:?}", server.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_get_lost_while_it_is_tried_out_do_not_condemn_a_storage() {
    let server = Server::seaweedfs();
    let proxy = FaultProxy::before(&server.endpoint);
    for fault in [Fault::LostReply, Fault::LostRequest, Fault::Refused(503), Fault::DoneAndRefused(500)] {
        let bucket = server.bucket().await;
        proxy.rules(&[Rule { method: "PUT", path: "/probe/", skip: 1, times: 1, fault }]);
        bucket.backend_at(proxy.endpoint()).prepare().await.unwrap();
        assert_eq!(proxy.fired(), 1, "{fault:?}");
    }
    let bucket = server.bucket().await;
    proxy.rules(&[Rule { method: "PUT", path: "/probe/", skip: 0, times: 100, fault: Fault::Refused(503) }]);
    let error = bucket.backend_at(proxy.endpoint()).prepare().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("cannot be tried out now"), "{error}");
}
