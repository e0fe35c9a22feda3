//! Answers that get lost, come late, or say that it failed when it was done: nothing is written twice, nothing that was
//! acknowledged is lost, and what cannot be known is said to be unknown.

use std::sync::Arc;

use bytes::Bytes;
use elava::ErrorKind;
use elava::model::{CanonicalJson, Content, Observation, ResourceKey, Sighting, Timestamp};
use elava::store::{Backend, Begin, CompactOptions, Created, ScanBegun, ScanSession, Store, Writer, verify};

use super::servers::Server;
use crate::support::fault_proxy::{Fault, FaultProxy, Rule};
use crate::support::{clock, rows, session};

/// All ways in which one create goes wrong, and whether it was done all the same.
const FAULTS: [(Fault, bool); 7] = [
    (Fault::LostReply, true),
    (Fault::LostRequest, false),
    (Fault::Refused(503), false),
    (Fault::Refused(429), false),
    (Fault::DoneAndRefused(500), true),
    (Fault::DoneAndRefused(503), true),
    (Fault::DoneAndRefused(408), true),
];

fn of_creates(fault: Fault, skip: usize, times: usize) -> Rule {
    Rule { method: "PUT", path: "/log/", skip, times, fault }
}

fn seen(name: &str, at: usize) -> Observation {
    let key = ResourceKey::new("aws", "111122223333", "us-east-1", "aws_vpc", name).unwrap();
    let properties = CanonicalJson::parse(format!("{{\"at\":{at}}}").as_bytes()).unwrap();
    let content = Content { native_type: None, arn: None, name: None, state: None, created_at: None, tags: None, properties };
    let hash = content.hash(None);
    Observation { key, sighting: Sighting::Present(Arc::new(content), hash), observed_at: None }
}

async fn scan(writer: &Writer, scan_id: &str) -> ScanSession {
    let begin = Begin {
        scan_id: scan_id.to_owned(),
        provider: Some("aws".to_owned()),
        at: Some(Timestamp::parse("2026-11-01T00:00:00Z").unwrap()),
        lift: false,
        guard: false,
        scopes: Vec::new(),
    };
    match writer.begin(begin).await.unwrap() {
        ScanBegun::Session(session) => session,
        ScanBegun::Completed => panic!("{scan_id} has completed"),
    }
}

/// What the log says was seen, in order.
async fn observed(backend: Arc<dyn Backend>) -> Vec<String> {
    let report = verify(Arc::clone(&backend), None).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    let snapshot = Store::open(backend).await.unwrap().snapshot().await.unwrap();
    let mut session = session(&snapshot, None);
    let found = rows(&mut session, "SELECT resource_id, properties FROM observations ORDER BY revision").await;
    found.iter().map(|row| format!("{} {}", row["resource_id"].as_str().unwrap(), row["properties"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_answer_is_lost_or_wrong_is_unknown_and_one_that_is_refused_is_not() {
    for server in Server::both() {
        let proxy = FaultProxy::before(&server.endpoint);
        let bucket = server.bucket().await;
        for (at, (fault, landed)) in FAULTS.into_iter().enumerate() {
            let name = format!("log/{at}");
            proxy.rules(&[of_creates(fault, 0, 1)]);
            let error = bucket.backend_at(proxy.endpoint()).create(&name, Bytes::from("x")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Uncertain, "{}, {fault:?}: {error}", server.name);
            assert_eq!(proxy.requests().len(), 1, "{}, {fault:?}: a create is never repeated by itself", server.name);
            assert_eq!(bucket.backend().get(&name).await.unwrap().is_some(), landed, "{}, {fault:?}", server.name);
        }
        for status in [400, 401, 403, 404, 501] {
            proxy.rules(&[of_creates(Fault::Refused(status), 0, 1)]);
            let error = bucket.backend_at(proxy.endpoint()).create("log/refused", Bytes::from("x")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{}, {status}: {error}", server.name);
        }
        proxy.rules(&[of_creates(Fault::Refused(409), 0, 1)]);
        let conflict = bucket.backend_at(proxy.endpoint()).create("log/conflict", Bytes::from("x")).await.unwrap();
        assert_eq!(conflict, Created::Exists, "{}: whoever asks has to read it back", server.name);
    }
    let bucket = Server::moto().bucket().await;
    let error = bucket.backend_at("http://127.0.0.1:1").create("log/1", Bytes::from("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_goes_through_whatever_becomes_of_its_answers_and_is_written_once() {
    let conflict = (Fault::Refused(409), false);
    for server in Server::both() {
        let (proxy, bucket) = (FaultProxy::before(&server.endpoint), server.bucket().await);
        let writer = Writer::open(bucket.backend_at(proxy.endpoint()), clock()).await.unwrap();
        let session = scan(&writer, "one").await;
        let mut expected = Vec::new();
        for (at, (fault, _)) in FAULTS.into_iter().chain([conflict]).enumerate() {
            for times in [1, 3] {
                proxy.rules(&[of_creates(fault, 0, times)]);
                session.observe(vec![seen("vpc-1", at * 10 + times)]).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
                // A create that was done is found by the next try.
                assert!(proxy.fired() >= 1, "{}, {fault:?}", server.name);
                expected.push(format!("vpc-1 {{\"at\":{}}}", at * 10 + times));
            }
        }
        session.complete(None, Vec::new()).await.unwrap();
        proxy.rules(&[]);
        assert_eq!(observed(bucket.backend()).await, expected, "{}", server.name);
    }
}

/// The storage answers nothing of use for longer than anyone waits: the caller is told that it is not known, and the scan goes on
/// under its id, whether the batch was written or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_unknown_is_told_and_settled_by_going_on() {
    let server = Server::seaweedfs();
    for (fault, known) in [(Fault::DoneAndRefused(500), 1), (Fault::Refused(503), 0)] {
        let (proxy, bucket) = (FaultProxy::before(&server.endpoint), server.bucket().await);
        let writer = Writer::open(bucket.backend_at(proxy.endpoint()), clock()).await.unwrap();
        let session = scan(&writer, "one").await;
        let lost = Rule { method: "GET", path: "/log/", skip: 0, times: 1000, fault: Fault::Refused(400) };
        proxy.rules(&[of_creates(fault, 0, 1000), lost]);
        let error = session.observe(vec![seen("vpc-1", 1)]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Uncertain, "{error}");
        proxy.rules(&[]);
        let writer = Writer::open(bucket.backend_at(proxy.endpoint()), clock()).await.unwrap();
        let session = scan(&writer, "one").await;
        assert_eq!(session.known_lines(), known, "{fault:?}");
        session.observe(vec![seen("vpc-1", 1), seen("vpc-2", 1)]).await.unwrap();
        session.complete(None, Vec::new()).await.unwrap();
        assert_eq!(observed(bucket.backend()).await, ["vpc-1 {\"at\":1}", "vpc-2 {\"at\":1}"], "{fault:?}");
    }
}

/// A create that was long given up and comes to the storage when others have gone on, compacted, and cut the slot down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_lands_late_finds_its_slot_taken_however_late() {
    for server in Server::both() {
        let (proxy, bucket) = (FaultProxy::before(&server.endpoint), server.bucket().await);
        let (slow, quick) = (bucket.backend_at(proxy.endpoint()), bucket.backend());
        let slow = Writer::open(slow, clock()).await.unwrap();
        let session = scan(&slow, "slow").await;
        // Twice on its way: the writer sends the same again when no answer comes.
        proxy.rules(&[of_creates(Fault::Held, 0, 2)]);
        session.observe(vec![seen("vpc-slow", 1)]).await.unwrap();
        proxy.rules(&[]);
        let other = Writer::open(Arc::clone(&quick) as Arc<dyn Backend>, clock()).await.unwrap();
        let other_session = scan(&other, "quick").await;
        other_session.observe(vec![seen("vpc-quick", 1)]).await.unwrap();
        other_session.complete(None, Vec::new()).await.unwrap();
        let before = observed(bucket.backend()).await;
        for _ in 0..3 {
            other.compact(CompactOptions { grace: std::time::Duration::ZERO }).await.unwrap();
            other.tag(&format!("t{}", other.history().await.unwrap().last.0), 1).await.unwrap();
        }
        assert_eq!(proxy.release().await, [412, 412], "{}", server.name);
        session.observe(vec![seen("vpc-slow", 2)]).await.unwrap();
        session.complete(None, Vec::new()).await.unwrap();
        let mut expected = before;
        expected.push("vpc-slow {\"at\":2}".to_owned());
        assert_eq!(observed(quick).await, expected, "{}", server.name);
    }
}

/// A writer stops between sending a create and its answer; another takes the slot before it lands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_another_took_meanwhile_is_lost_and_the_batch_goes_to_the_next() {
    for server in Server::both() {
        let (proxy, bucket) = (FaultProxy::before(&server.endpoint), server.bucket().await);
        let slow = Writer::open(bucket.backend_at(proxy.endpoint()), clock()).await.unwrap();
        let session = scan(&slow, "slow").await;
        let other = Writer::open(bucket.backend(), clock()).await.unwrap();
        let other_session = scan(&other, "quick").await;
        proxy.rules(&[of_creates(Fault::Held, 0, 1)]);
        // The slow writer knows nothing of these two segments: it loses the slot that it held a create for, and the next.
        other_session.observe(vec![seen("vpc-quick", 1)]).await.unwrap();
        session.observe(vec![seen("vpc-slow", 1)]).await.unwrap();
        assert_eq!(proxy.release().await, [412], "{}", server.name);
        session.complete(None, Vec::new()).await.unwrap();
        other_session.complete(None, Vec::new()).await.unwrap();
        assert_eq!(observed(bucket.backend()).await, ["vpc-quick {\"at\":1}", "vpc-slow {\"at\":1}"], "{}", server.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_listings_replacements_and_deletions_are_repeated_when_answers_get_lost() {
    let server = Server::seaweedfs();
    let (proxy, bucket) = (FaultProxy::before(&server.endpoint), server.bucket().await);
    let backend = bucket.backend_at(proxy.endpoint());
    backend.create("log/1", Bytes::from("one")).await.unwrap();
    for fault in [Fault::LostRequest, Fault::LostReply, Fault::Refused(503), Fault::DoneAndRefused(500)] {
        for method in ["GET", "PUT", "POST"] {
            proxy.rules(&[Rule { method, path: "", skip: 0, times: 2, fault }]);
            match method {
                "GET" => assert_eq!(backend.get("log/1").await.unwrap(), Some(Bytes::from("one"))),
                "PUT" => backend.replace("log/1", Bytes::from("one")).await.unwrap(),
                _ => backend.delete("log/none").await.unwrap(),
            }
            assert_eq!(proxy.fired(), 2, "{method}, {fault:?}");
            proxy.rules(&[Rule { method: "GET", path: "", skip: 0, times: 2, fault }]);
            assert_eq!(backend.list("log", "").await.unwrap().len(), 1);
        }
    }
}
