//! Messages get to where they go, in order and each once, through failures, refusals and restarts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use elava::clock::{Clock, ManualClock};
use elava::model::Timestamp;
use elava::notify::{
    self, Courier, CourierOptions, Delivery, Failures, KEPT_MAX, Message, Outbox, SecretHeaders, SecretUrl, Sink, Target, Wanted,
};
use elava::schedule::LogLedger;
use elava::store::Writer;

use crate::support::Scratch;
use crate::support::fault_backend::FaultBackend;
use crate::support::hook::Hook;

const PAUSE_MIN: Duration = Duration::from_secs(2);

fn message(number: usize) -> Message {
    Message {
        id: number.to_string(),
        job: "compliance".into(),
        due: "2030-01-01T00:00:00Z".into(),
        at: "2030-01-01T00:00:01Z".into(),
        store: "/store".into(),
        ok: true,
        summary: "done".into(),
        new: Vec::new(),
        resolved: Vec::new(),
        more_new: 0,
        more_resolved: 0,
        open: None,
        rows: None,
    }
}

fn webhook(url: &str) -> Box<dyn Sink> {
    let headers = SecretHeaders::parse([("Authorization", "Bearer token"), ("X-Team", "ops")]).unwrap();
    notify::webhook(SecretUrl::parse(url).unwrap(), headers).unwrap()
}

/// A store, a target and who delivers to it.
struct Post {
    scratch: Scratch,
    clock: Arc<ManualClock>,
    ledger: LogLedger,
    targets: [Target; 1],
    told: Arc<Mutex<Vec<String>>>,
}

impl Post {
    async fn to(hook: &Hook) -> Self {
        let (scratch, clock) = (Scratch::new(), crate::support::clock());
        let writer = Writer::open(scratch.backend(), Arc::<ManualClock>::clone(&clock)).await.unwrap();
        let sink = webhook(&hook.url("/hook/secret"));
        let targets = [Target { name: "ops".into(), wanted: vec![Wanted::All], sink }];
        Self { scratch, clock, ledger: LogLedger(writer), targets, told: Arc::default() }
    }

    fn outbox(&self) -> Outbox {
        Outbox::new(self.scratch.backend())
    }

    /// What a process does that knows of these failures; says when it would go on.
    async fn round(&self, failures: &mut Failures) -> Option<Duration> {
        self.round_as("one", failures).await
    }

    async fn round_as(&self, holder: &str, failures: &mut Failures) -> Option<Duration> {
        let tell = |delivery: Delivery<'_>| {
            if let Delivery::Failed { error, .. } | Delivery::Refused { error, .. } | Delivery::Unseen(error) = delivery {
                self.told.lock().unwrap().push(error.to_string());
            }
        };
        let (pause_max, lease) = (Duration::from_secs(1800), Duration::from_secs(300));
        let courier = Courier {
            targets: &self.targets,
            outbox: self.outbox(),
            ledger: &self.ledger,
            clock: Arc::<ManualClock>::clone(&self.clock),
            options: CourierOptions { holder: holder.into(), lease, pause_min: PAUSE_MIN, pause_max, look_every: lease },
            tell: &tell,
        };
        courier.round(failures).await.map(|next| next.since(self.clock.now()))
    }

    fn pass(&self, span: Duration) {
        self.clock.set(self.clock.now().plus(span));
    }

    async fn waiting(&self) -> usize {
        self.outbox().waiting().await.unwrap().len()
    }
}

fn ids(hook: &Hook) -> Vec<String> {
    hook.taken().iter().map(|posted| posted.body["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_webhook_that_fails_and_recovers_gets_all_in_order() {
    let hook = Hook::start();
    let post = Post::to(&hook).await;
    for status in [503, 500, 502, 429] {
        hook.answer(status, if status == 429 { "Retry-After: 120" } else { "" });
    }
    for number in 1..=3 {
        post.outbox().put("ops", &message(number)).await.unwrap();
    }
    let mut failures = Failures::default();
    for failed in 0..3 {
        let next = post.round(&mut failures).await.unwrap();
        let longest = PAUSE_MIN * 2_u32.pow(failed);
        assert!(next <= longest && next > longest / 2, "after failure {failed}: {next:?}");
        assert_eq!(post.round(&mut failures).await, Some(next), "nothing is sent before its time");
        post.pass(next);
    }
    let next = post.round(&mut failures).await.unwrap();
    assert_eq!(next, Duration::from_secs(120), "as the target asks");
    assert_eq!((hook.posted().len(), post.waiting().await), (4, 3));
    post.pass(next);
    assert_eq!(post.round(&mut failures).await, None, "nothing is left");
    assert_eq!((ids(&hook), post.waiting().await), (vec!["1".to_owned(), "2".into(), "3".into()], 0));
    assert_eq!(hook.posted()[4].body["summary"], "done");
    for header in ["authorization: Bearer token", "x-team: ops", "content-type: application/json"] {
        assert!(hook.posted()[4].headers.contains(&header.to_owned()), "{:?}", hook.posted()[4].headers);
    }
    let told = post.told.lock().unwrap();
    assert_eq!(told[0], format!("post to {}: 503 Service Unavailable said", hook.url("/...")));
    assert!(!told.iter().any(|text| text.contains("secret")), "{told:?}");
}

#[tokio::test]
async fn a_target_that_is_not_there_is_tried_less_and_less_often_and_nothing_is_lost() {
    let hook = Hook::start();
    let mut post = Post::to(&hook).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    post.targets[0].sink = webhook(&format!("http://{gone}/x"));
    post.outbox().put("ops", &message(1)).await.unwrap();
    let mut failures = Failures::default();
    let mut pauses = Vec::new();
    for _ in 0..15 {
        pauses.push(post.round(&mut failures).await.unwrap());
        post.pass(*pauses.last().unwrap());
    }
    let most = Duration::from_secs(1800);
    assert!(pauses.iter().all(|pause| *pause <= most) && pauses[14] > most / 2, "{pauses:?}");
    assert_eq!(post.waiting().await, 1);
    assert!(post.told.lock().unwrap()[0].starts_with(&format!("post to http://{gone}/...: ")));
}

/// What waits is found by whoever opens the store next.
#[tokio::test]
async fn what_waits_outlives_the_process() {
    let hook = Hook::start();
    let post = Post::to(&hook).await;
    hook.answer(503, "");
    post.outbox().put("ops", &message(1)).await.unwrap();
    post.round(&mut Failures::default()).await.unwrap();
    post.pass(Duration::from_secs(1));
    assert_eq!(post.round_as("another", &mut Failures::default()).await, None);
    assert_eq!((ids(&hook), post.waiting().await), (vec!["1".to_owned()], 0));
}

#[tokio::test]
async fn what_a_target_does_not_understand_lets_others_pass_and_is_kept() {
    let hook = Hook::start();
    let post = Post::to(&hook).await;
    hook.answer(400, "");
    for number in 1..=3 {
        post.outbox().put("ops", &message(number)).await.unwrap();
    }
    let mut failures = Failures::default();
    assert_eq!(post.round(&mut failures).await, None);
    assert_eq!((ids(&hook), post.waiting().await), (vec!["2".to_owned(), "3".into()], 1));
    post.pass(Duration::from_secs(3600));
    assert_eq!(post.round(&mut failures).await, None);
    assert_eq!(hook.posted().len(), 3, "it is left alone");
    assert_eq!(post.round_as("another", &mut Failures::default()).await, None);
    assert_eq!((ids(&hook).last().unwrap().as_str(), post.waiting().await), ("1", 0));
}

#[tokio::test]
async fn of_two_daemons_one_delivers_at_a_time() {
    let hook = Hook::start();
    let post = Post::to(&hook).await;
    for number in 1..=30 {
        post.outbox().put("ops", &message(number)).await.unwrap();
    }
    let (mut one, mut other) = (Failures::default(), Failures::default());
    while post.waiting().await > 0 {
        tokio::join!(post.round_as("one", &mut one), post.round_as("two", &mut other));
        post.pass(Duration::from_secs(300));
    }
    assert_eq!(ids(&hook), (1..=30).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn of_too_many_messages_the_oldest_go() {
    let outbox = Outbox::new(Arc::new(FaultBackend::default()));
    outbox.put("other", &message(0)).await.unwrap();
    for number in 1..=KEPT_MAX {
        assert_eq!(outbox.put("ops", &message(number)).await.unwrap(), 0);
    }
    assert_eq!(outbox.put("ops", &message(KEPT_MAX + 1)).await.unwrap(), 1);
    let waiting = outbox.waiting().await.unwrap();
    let of_ops: Vec<_> = waiting.iter().filter(|waiting| waiting.target == "ops").collect();
    assert_eq!((waiting.len(), of_ops.len()), (KEPT_MAX + 1, KEPT_MAX), "others keep theirs");
    assert_eq!(outbox.read(of_ops[0]).await.unwrap().unwrap().id, "2");
    assert_eq!(outbox.read(of_ops[KEPT_MAX - 1]).await.unwrap().unwrap().id, (KEPT_MAX + 1).to_string());
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_told_and_stops_no_other() {
    let hook = Hook::start();
    let post = Post::to(&hook).await;
    post.outbox().put("ops", &message(1)).await.unwrap();
    post.outbox().put("ops", &message(2)).await.unwrap();
    let folder = post.scratch.store_folder();
    let first = folder.join(&post.outbox().waiting().await.unwrap()[0].name);
    std::fs::write(&first, "{\"version\":1,\"mess").unwrap();
    assert_eq!(post.round(&mut Failures::default()).await, None);
    assert_eq!(ids(&hook), ["2"]);
    std::fs::write(&first, "{\"version\":2,\"message\":{}}").unwrap();
    post.pass(Duration::from_secs(1));
    post.round(&mut Failures::default()).await;
    let told = post.told.lock().unwrap();
    assert!(told[0].contains("cannot be read") && told[1].ends_with("has format 2; this build knows 1"), "{told:?}");
    assert!(Timestamp::parse("2030-01-01T00:00:00Z").unwrap() < post.clock.now());
}

/// Another daemon may have the target, and comes back.
#[tokio::test]
async fn what_is_for_nobody_is_kept_for_a_month() {
    let hook = Hook::start();
    let post = Post::to(&hook).await;
    post.outbox().put("gone", &message(1)).await.unwrap();
    post.outbox().put("gone", &message(2)).await.unwrap();
    post.outbox().put("ops", &message(3)).await.unwrap();
    let written = |name: &str, days: u64| {
        let file = std::fs::File::options().write(true).open(post.scratch.store_folder().join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(days * 24 * 3600)).unwrap();
    };
    let waiting = post.outbox().waiting().await.unwrap();
    [31, 29, 31].iter().zip(&waiting).for_each(|(days, waiting)| written(&waiting.name, *days));
    post.round(&mut Failures::default()).await;
    assert_eq!(ids(&hook), ["3"], "what is for a target that is there is sent, however old it is");
    let left: Vec<String> = post.outbox().waiting().await.unwrap().into_iter().map(|waiting| waiting.name).collect();
    assert_eq!(left, [waiting[1].name.clone()]);
}
