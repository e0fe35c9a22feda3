//! Daemons in simulated time, on a store in memory: each due time is done once, whatever stops, dies or is late.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use chrono_tz::Europe::Vienna;
use elava::clock::Clock;
use elava::model::{TimeSpan, Timestamp};
use elava::notify::{Courier, CourierOptions, Message, Outbox, Sink, Target, Undelivered, Wanted};
use elava::schedule::{
    Beat, Claimed, Cron, Event, Job, Ledger, LogLedger, OwnLedger, Report, Run, Runner, RunnerOptions, Timing, Wait, Work,
};
use elava::stop::Stop;
use elava::store::{JobClaim, JobOutcome, JobState, Writer};
use elava::{Error, Result};
use tokio::sync::{Mutex as Lock, Notify};

use crate::support::fault_backend::FaultBackend;
use crate::support::simulation::{SimulatedWait, Simulation};

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn cron(name: &str, text: &str) -> Job {
    let cron = Cron::parse(text, Vienna).unwrap();
    Job { name: name.into(), timing: Timing::new(Beat::Cron(Box::new(cron)), None).unwrap() }
}

fn every(name: &str, period: &str, jitter: &str) -> Job {
    let [period, jitter] = [period, jitter].map(|text| TimeSpan::parse(text).unwrap());
    Job { name: name.into(), timing: Timing::new(Beat::Every(period), Some(jitter)).unwrap() }
}

/// One run of a job, as it happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Ran {
    job: String,
    due: Timestamp,
    by: String,
    began: Timestamp,
    /// None of those that did not come to their end.
    ended: Option<Timestamp>,
}

type Log = Arc<Mutex<Vec<Ran>>>;

/// Work that takes its time, is written down, and leaves a message.
struct Recorded {
    by: String,
    log: Log,
    clock: Arc<dyn Clock>,
    wait: SimulatedWait,
    takes: BTreeMap<&'static str, Duration>,
    outbox: Outbox,
    more: Arc<Notify>,
}

#[async_trait(?Send)]
impl Work for Recorded {
    async fn run(&self, run: &Run, stop: &Stop) -> Result<Report> {
        let began = self.clock.now();
        let at = {
            let mut log = self.log.lock().unwrap();
            log.push(Ran { job: run.job.clone(), due: run.due, by: self.by.clone(), began, ended: None });
            log.len() - 1
        };
        let takes = self.takes.get(run.job.as_str()).copied().unwrap_or(minutes(1));
        tokio::select! {
            () = self.wait.until(began.plus(takes)) => {}
            () = stop.requested() => return Err(Error::unavailable("stopped")),
        }
        self.outbox.put("ops", &message(run)).await?;
        self.more.notify_one();
        self.log.lock().unwrap()[at].ended = Some(self.clock.now());
        Ok(Report { ok: true, message: "done".into() })
    }
}

fn message(run: &Run) -> Message {
    Message {
        id: format!("{} {}", run.job, run.due),
        job: run.job.clone(),
        due: run.due.to_string(),
        at: run.due.to_string(),
        store: "memory".into(),
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

/// Writes down what arrives, and how many mutations the store had seen then.
#[derive(Debug, Clone)]
struct Arrivals(Arc<Mutex<Vec<(String, usize)>>>, Arc<FaultBackend>);

#[async_trait]
impl Sink for Arrivals {
    async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        self.0.lock().unwrap().push((message.id.clone(), self.1.trail().len()));
        Ok(())
    }
}

/// What a test has of its daemons.
struct World {
    simulation: Arc<Simulation>,
    backend: Arc<FaultBackend>,
    jobs: Vec<Job>,
    takes: BTreeMap<&'static str, Duration>,
    log: Log,
    arrivals: Arrivals,
}

const LEASE: Duration = minutes(10);

impl World {
    fn new(backend: Arc<FaultBackend>, start: &str, jobs: Vec<Job>) -> Self {
        let arrivals = Arrivals(Arc::default(), Arc::clone(&backend));
        Self { simulation: Simulation::starting(start), backend, jobs, takes: BTreeMap::new(), log: Log::default(), arrivals }
    }

    /// A daemon, until it is told to stop.
    async fn daemon(&self, name: &str, stop: &Stop) {
        let clock: Arc<dyn Clock> = Arc::<elava::clock::ManualClock>::clone(&self.simulation.clock);
        let wait = self.simulation.loops(2);
        let backend = Arc::<FaultBackend>::clone(&self.backend);
        let ledger = LogLedger(Writer::open(backend, Arc::clone(&clock)).await.unwrap());
        let outbox = Outbox::new(Arc::<FaultBackend>::clone(&self.backend));
        let more = Arc::new(Notify::new());
        let work = Recorded {
            by: name.to_owned(),
            log: Arc::clone(&self.log),
            clock: Arc::clone(&clock),
            wait: self.simulation.other(),
            takes: self.takes.clone(),
            outbox: outbox.clone(),
            more: Arc::clone(&more),
        };
        let targets = [Target { name: "ops".into(), wanted: vec![Wanted::All], sink: Box::new(self.arrivals.clone()) }];
        let runner = Runner {
            jobs: &self.jobs,
            ledger: &ledger,
            work: &work,
            clock: Arc::clone(&clock),
            wait: &wait,
            options: RunnerOptions { holder: name.to_owned(), lease: LEASE, look_every: minutes(60), at_once: 4 },
            tell: &|_| {},
        };
        let options = CourierOptions {
            holder: name.to_owned(),
            lease: LEASE,
            pause_min: Duration::from_secs(2),
            pause_max: minutes(30),
            look_every: minutes(60),
        };
        let courier = Courier { targets: &targets, outbox, ledger: &ledger, clock, options, tell: &|_| {} };
        tokio::join!(runner.run(stop), courier.run(&more, &wait, stop));
        self.simulation.ended(2);
    }

    /// A daemon that is told to stop at a time.
    async fn until(&self, name: &str, end: &str) {
        let stop = Stop::default();
        let ends = async {
            self.simulation.other().until(time(end)).await;
            stop.request();
        };
        tokio::join!(self.daemon(name, &stop), ends);
    }

    /// A daemon that is dead from a time on.
    async fn killed(&self, name: &str, end: &str) {
        let (wait, stop) = (self.simulation.other(), Stop::default());
        tokio::select! {
            biased;
            () = self.daemon(name, &stop) => {}
            () = wait.until(time(end)) => {}
        }
        self.simulation.ended(2);
    }

    fn ran(&self, job: &str) -> Vec<Ran> {
        self.log.lock().unwrap().iter().filter(|ran| ran.job == job).cloned().collect()
    }

    fn dues(&self, job: &str) -> Vec<String> {
        self.ran(job).iter().map(|ran| ran.due.to_string()).collect()
    }
}

/// The days on which something was due, as people in Vienna call them.
fn days(ran: &[Ran]) -> Vec<NaiveDate> {
    let day = |ran: &Ran| DateTime::<Utc>::from_timestamp_micros(ran.due.micros()).unwrap().with_timezone(&Vienna).date_naive();
    ran.iter().map(day).collect()
}

fn all_days(first: &str, last: &str) -> Vec<NaiveDate> {
    let last = last.parse::<NaiveDate>().unwrap();
    first.parse::<NaiveDate>().unwrap().iter_days().take_while(|day| *day <= last).collect()
}

/// From October 10 to November 10, over the end of summer time; the daemon is away for three days in between.
#[tokio::test]
async fn a_month_has_each_due_time_once_and_what_was_missed_once() {
    let jobs = vec![cron("nightly", "30 2 * * *"), cron("workdays", "0 6 * * mon-fri"), every("scan", "6h", "20m")];
    let mut world = World::new(FaultBackend::forgetful(), "2026-10-10T10:00:00Z", jobs);
    world.takes = [("scan", minutes(30))].into();
    world.until("first", "2026-11-03T12:00:00Z").await;
    world.simulation.other().until(time("2026-11-06T12:34:00Z")).await;
    world.until("second", "2026-11-10T12:00:00Z").await;

    let away = |day: &NaiveDate| ["2026-11-04", "2026-11-05"].contains(&day.to_string().as_str());
    let nightly: Vec<NaiveDate> = all_days("2026-10-11", "2026-11-10").into_iter().filter(|day| !away(day)).collect();
    assert_eq!(days(&world.ran("nightly")), nightly, "once a day, and the newest that was missed");
    let is_workday = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    assert_eq!(days(&world.ran("workdays")), nightly.into_iter().filter(is_workday).collect::<Vec<_>>());
    assert_eq!(world.ran("nightly").iter().filter(|ran| ran.due == time("2026-10-25T00:30:00Z")).count(), 1);

    let scans = world.ran("scan");
    let caught_up = scans.iter().find(|ran| ran.by == "second").unwrap();
    assert_eq!((caught_up.due, caught_up.began), (time("2026-11-06T12:00:00Z"), time("2026-11-06T12:34:00Z")));
    let punctual = scans.iter().skip(1).filter(|ran| *ran != caught_up);
    assert!(punctual.clone().all(|ran| ran.began.since(ran.due) < minutes(20) && ran.began >= ran.due), "{scans:?}");
    let beats: BTreeSet<Timestamp> = scans.iter().map(|ran| ran.due).collect();
    assert_eq!(beats.len(), scans.len(), "no due time twice");
    // At the start the newest beat; then from 12:00 on October 10 to 06:00 on November 3, and from 12:00 on November 6 to 06:00 on
    // November 10.
    assert_eq!(scans.len(), 1 + (24 * 4 - 1 + 1) + (4 * 4 - 1 + 1), "{scans:?}");
    assert_eq!(world.arrivals.0.lock().unwrap().len(), world.log.lock().unwrap().len(), "each was told");
}

/// Over the beginning of summer time.
#[tokio::test]
async fn a_time_that_the_clocks_leave_out_comes_when_they_go_on() {
    let world = World::new(FaultBackend::forgetful(), "2027-03-26T12:00:00Z", vec![cron("nightly", "30 2 * * *")]);
    world.until("only", "2027-03-30T12:00:00Z").await;
    let expected = ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z", "2027-03-30T00:30:00Z"];
    assert_eq!(world.dues("nightly"), expected);
}

#[tokio::test]
async fn a_cron_job_that_was_seen_once_is_caught_up_although_it_never_ran() {
    let world = World::new(FaultBackend::forgetful(), "2026-11-28T12:00:00Z", vec![cron("nightly", "30 2 * * *")]);
    world.until("first", "2026-11-28T13:00:00Z").await;
    assert_eq!(world.dues("nightly"), Vec::<String>::new(), "it was never due");
    world.simulation.other().until(time("2026-12-01T12:00:00Z")).await;
    world.until("second", "2026-12-01T13:00:00Z").await;
    assert_eq!(world.dues("nightly"), ["2026-12-01T01:30:00Z"]);
}

/// A job that takes longer than its period, and another beside it.
#[tokio::test]
async fn runs_of_a_job_do_not_overlap_and_do_not_hold_up_others() {
    let jobs = vec![every("slow", "1h", "0s"), every("quick", "10m", "0s")];
    let mut world = World::new(FaultBackend::forgetful(), "2026-11-28T00:00:00Z", jobs);
    world.takes = [("slow", minutes(150))].into();
    world.until("only", "2026-11-28T12:00:00Z").await;
    let slow = world.ran("slow");
    assert!(slow.windows(2).all(|two| two[0].ended.unwrap() <= two[1].began), "{slow:?}");
    assert_eq!(slow[1].due, time("2026-11-28T02:00:00Z"), "the newest that was missed");
    assert_eq!(slow[1].began, time("2026-11-28T02:30:00Z"));
    assert_eq!(world.ran("quick").len(), 12 * 6, "{:?}", world.dues("quick"));
}

#[tokio::test]
async fn two_daemons_share_the_due_times_and_one_takes_over_from_the_dead() {
    let jobs = vec![every("scan", "1h", "5m"), cron("nightly", "30 2 * * *"), every("often", "10m", "1m")];
    let mut world = World::new(FaultBackend::forgetful(), "2026-11-28T00:30:00Z", jobs);
    world.takes = [("scan", minutes(25))].into();
    tokio::join!(world.killed("one", "2026-11-29T00:10:00Z"), world.until("two", "2026-11-29T12:00:00Z"));
    for job in ["scan", "nightly", "often"] {
        let ran = world.ran(job);
        let mut dues: Vec<Timestamp> = ran.iter().filter(|ran| ran.ended.is_some()).map(|ran| ran.due).collect();
        let done = dues.len();
        dues.sort_unstable();
        dues.dedup();
        assert_eq!(dues.len(), done, "{job}: a due time was done twice: {ran:?}");
        let unfinished: Vec<&Ran> = ran.iter().filter(|ran| ran.ended.is_none()).collect();
        assert!(unfinished.iter().all(|ran| ran.by == "one" && ran.began < time("2026-11-29T00:10:00Z")), "{job}: {unfinished:?}");
        for dead in unfinished {
            let taken_over = ran.iter().find(|ran| ran.due == dead.due && ran.by == "two");
            let began = taken_over.unwrap_or_else(|| panic!("{job}: nobody took over {dead:?}")).began;
            assert!(began >= dead.began.plus(LEASE) && began < time("2026-11-29T00:10:00Z").plus(LEASE), "{job}: {began}");
        }
    }
    assert_eq!(world.ran("scan").iter().filter(|ran| ran.ended.is_some()).count(), 36, "{:?}", world.dues("scan"));
    assert_eq!(world.dues("nightly"), ["2026-11-28T01:30:00Z", "2026-11-29T01:30:00Z"]);
    let holders: BTreeSet<String> = world.log.lock().unwrap().iter().map(|ran| ran.by.clone()).collect();
    assert_eq!(holders.len(), 2, "both work");
    let arrived: Vec<String> = world.arrivals.0.lock().unwrap().iter().map(|(id, _)| id.clone()).collect();
    let unique: BTreeSet<&String> = arrived.iter().collect();
    assert_eq!(unique.len(), arrived.len(), "no message twice");
}

/// One that is told to stop in the middle of a job gives it back: the next one does it at once.
#[tokio::test]
async fn a_job_that_was_stopped_is_done_by_the_next_daemon() {
    let mut world = World::new(FaultBackend::forgetful(), "2026-11-28T00:00:00Z", vec![every("scan", "6h", "0s")]);
    world.takes = [("scan", minutes(60))].into();
    world.until("first", "2026-11-28T00:20:00Z").await;
    world.until("second", "2026-11-28T02:00:00Z").await;
    let due = time("2026-11-28T00:00:00Z");
    let ran = |by: &str, began: &str, ended: Option<&str>| Ran {
        job: "scan".into(),
        due,
        by: by.into(),
        began: time(began),
        ended: ended.map(time),
    };
    let expected = [ran("first", "2026-11-28T00:00:00Z", None), ran("second", "2026-11-28T00:20:00Z", Some("2026-11-28T01:20:00Z"))];
    assert_eq!(world.ran("scan"), expected);
}

/// The store is left as it was after each of its mutations, as if the daemon had been killed there; the next daemon comes ten
/// minutes after the due time. Whatever was left, the job is done and told.
#[tokio::test]
async fn a_daemon_that_is_killed_at_any_step_leaves_nothing_undone_or_untold() {
    const START: &str = "2026-11-28T11:50:00Z";
    let jobs = || vec![cron("hourly", "0 * * * *")];
    let first = World::new(FaultBackend::default().into(), START, jobs());
    first.until("first", "2026-11-28T12:05:00Z").await;
    let (due, id) = (time("2026-11-28T12:00:00Z"), "hourly 2026-11-28T12:00:00Z");
    let trail = first.backend.trail();
    assert_eq!((first.ran("hourly").len(), first.arrivals.0.lock().unwrap().as_slice().len()), (1, 1));
    let arrived_at = first.arrivals.0.lock().unwrap()[0].1;
    let is_seen = |objects: &crate::support::fault_backend::Objects| objects.keys().filter(|name| name.starts_with("log/")).count() >= 2;
    let mut twice = 0;
    for (mutations, objects) in trail.iter().enumerate().map(|(at, objects)| (at + 1, objects)).filter(|(_, objects)| is_seen(objects)) {
        let second = World::new(FaultBackend::holding(objects), "2026-11-28T12:10:00Z", jobs());
        second.until("second", "2026-11-28T12:50:00Z").await;
        let arrivals = second.arrivals.0.lock().unwrap().clone();
        let before = usize::from(arrived_at < mutations);
        assert!(arrivals.iter().all(|(arrived, _)| arrived == id), "{arrivals:?}");
        assert!(
            (1..=2).contains(&(arrivals.len() + before)),
            "killed after {mutations} mutations: told {} and {before} times",
            arrivals.len()
        );
        twice += arrivals.len() + before - 1;
        let writer =
            Writer::open(Arc::<FaultBackend>::clone(&second.backend), Arc::<elava::clock::ManualClock>::clone(&second.simulation.clock));
        let state = LogLedger(writer.await.unwrap()).jobs().await.unwrap().remove("hourly").unwrap();
        assert!(state.due == due && state.end.is_some_and(|end| end.ok), "killed after {mutations} mutations");
        assert!(Outbox::new(Arc::<FaultBackend>::clone(&second.backend)).waiting().await.unwrap().is_empty());
    }
    // Between a delivery and its end in the log what else is under way may write too.
    assert!(twice <= 4, "{twice} of {} were told twice", trail.len());
}

/// A ledger for which something is needed that jobs need too, as a store is that is being opened.
#[derive(Debug, Default)]
struct Shared {
    ledger: OwnLedger,
    lock: Lock<()>,
}

#[async_trait]
impl Ledger for Shared {
    async fn jobs(&self) -> Result<BTreeMap<String, JobState>> {
        let _held = self.lock.lock().await;
        self.ledger.jobs().await
    }

    async fn claim(&self, claim: &JobClaim) -> Result<Claimed> {
        let _held = self.lock.lock().await;
        self.ledger.claim(claim).await
    }

    async fn end(&self, claim: &JobClaim, outcome: &JobOutcome) -> Result<()> {
        let _held = self.lock.lock().await;
        self.ledger.end(claim, outcome).await
    }
}

/// Has it in the middle of its work, or is done at once.
struct Holding<'a>(&'a Shared);

#[async_trait(?Send)]
impl Work for Holding<'_> {
    async fn run(&self, run: &Run, _: &Stop) -> Result<Report> {
        if run.job == "holds" {
            let _held = self.0.lock.lock().await;
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        }
        Ok(Report { ok: true, message: "done".into() })
    }
}

/// The daemon stood still for ever where a job ended while another had the store and waited for it to open.
#[tokio::test]
async fn a_job_that_holds_what_the_ledger_waits_for_goes_on() {
    let (simulation, ledger, stop) = (Simulation::starting("2026-11-28T00:00:00Z"), Shared::default(), Stop::default());
    let (work, wait, jobs) = (Holding(&ledger), simulation.loops(1), [every("holds", "1h", "0s"), every("ends", "1h", "0s")]);
    let ended = Mutex::new(0);
    let runner = Runner {
        jobs: &jobs,
        ledger: &ledger,
        work: &work,
        clock: Arc::<elava::clock::ManualClock>::clone(&simulation.clock),
        wait: &wait,
        options: RunnerOptions { holder: "only".into(), lease: LEASE, look_every: minutes(60), at_once: 4 },
        tell: &|event| {
            if let Event::Ended { .. } = event {
                let mut ended = ended.lock().unwrap();
                *ended += 1;
                if *ended == 2 {
                    stop.request();
                }
            }
        },
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), runner.run(&stop)).await;
    assert!(in_time.is_ok() && *ended.lock().unwrap() == 2);
}
