//! Scans that go without times: they observe now, by a clock that may be set back.

use std::sync::Arc;

use elava::clock::ManualClock;
use elava::model::Timestamp;
use elava::store::{Backend, Begin, ScanBegun, ScanSession, Store, Writer};

use crate::model::observation;
use crate::oracle::model as naive;
use crate::support::fault_backend::FaultBackend;
use crate::support::{rows, session};

const BEGAN: &str = "2026-03-04T00:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Begins the scan, or goes on with it, in a process of its own.
async fn begin(backend: &Arc<FaultBackend>, clock: &Arc<ManualClock>) -> ScanSession {
    let writer = Writer::open(Arc::clone(backend) as Arc<dyn Backend>, Arc::<ManualClock>::clone(clock)).await.unwrap();
    let begin = Begin { scan_id: "live".into(), provider: Some("aws".into()), at: None, lift: false, guard: false, scopes: Vec::new() };
    let ScanBegun::Session(session) = writer.begin(begin).await.unwrap() else { panic!("it has not completed") };
    session
}

fn seen() -> naive::Observation {
    let text = |text: &str| text.to_owned();
    let scope = naive::Scope { provider: text("aws"), account_id: text("1"), region: text("r"), resource_type: text("aws_test_alpha") };
    let key = naive::Key { scope, resource_id: text("i-1") };
    naive::Observation { key, content: Default::default(), observed_at: None, deleted: false }
}

/// The times of the scan's beginning, of what it saw, and of its end.
async fn times(backend: &Arc<FaultBackend>) -> [String; 3] {
    let store = Store::open(Arc::clone(backend) as Arc<dyn Backend>).await.unwrap();
    let mut session = session(&store.snapshot().await.unwrap(), None);
    let sql = "SELECT started_at, (SELECT max(observed_at) FROM observations) AS seen_at, finished_at FROM scans";
    let row = &rows(&mut session, sql).await[0];
    ["started_at", "seen_at", "finished_at"].map(|column| row[column].as_str().unwrap().to_owned())
}

/// Lost was: the order of times. A scan that broke before it had seen anything, and went on by a clock that had been set back, saw
/// resources before it began. It observes from its beginning on now, and ends after it.
#[tokio::test]
async fn a_scan_that_goes_on_after_its_clock_was_set_back_observes_nothing_before_it_began() {
    for fails in [false, true] {
        let (backend, clock) = (FaultBackend::forgetful(), Arc::new(ManualClock::at(at(BEGAN))));
        drop(begin(&backend, &clock).await);
        clock.set(at("2026-03-01T00:00:00Z"));
        let session = begin(&backend, &clock).await;
        session.observe(vec![observation(&seen())]).await.unwrap();
        if fails {
            session.fail("broke", Vec::new()).await.unwrap();
        } else {
            session.complete(None, Vec::new()).await.unwrap();
        }
        assert_eq!(times(&backend).await, [BEGAN; 3], "fails: {fails}");
    }
}

/// The same while it is under way: a provider's scan tells what the clock shows when a page comes, and when it ends.
#[tokio::test]
async fn a_scan_whose_clock_is_set_back_meanwhile_observes_nothing_before_it_began() {
    let (backend, clock) = (FaultBackend::forgetful(), Arc::new(ManualClock::at(at(BEGAN))));
    let session = begin(&backend, &clock).await;
    let shown = at("2026-03-01T00:00:00Z");
    session.observe(vec![observation(&naive::Observation { observed_at: Some(shown.micros()), ..seen() })]).await.unwrap();
    session.complete(Some(shown), Vec::new()).await.unwrap();
    assert_eq!(times(&backend).await, [BEGAN; 3]);
}

/// Where the clock goes on, what a continued scan sees is seen when it goes on.
#[tokio::test]
async fn a_scan_that_goes_on_later_observes_later() {
    let (backend, clock) = (FaultBackend::forgetful(), Arc::new(ManualClock::at(at(BEGAN))));
    drop(begin(&backend, &clock).await);
    clock.set(at("2026-03-05T00:00:00Z"));
    let session = begin(&backend, &clock).await;
    session.observe(vec![observation(&seen())]).await.unwrap();
    session.complete(None, Vec::new()).await.unwrap();
    assert_eq!(times(&backend).await, [BEGAN, "2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z"]);
}
