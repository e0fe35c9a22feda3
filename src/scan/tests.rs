//! Scans of a made-up cloud into a store in a temporary folder.

mod clouds;
mod honesty;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::provider::{About, Failure, Listed, Listing, Provider, Reason, Sink};
use super::*;
use crate::clock::ManualClock;
use crate::error::{Error, Result};
use crate::ingest::convert::Draft;
use crate::model::{CoverageStatus, Scope, Timestamp};
use crate::stop::Stop;
use crate::store::{Begin, LocalBackend, ScanBegun, Writer};

const FIRST: &str = "2026-12-01T00:00:00Z";
const SECOND: &str = "2026-12-01T01:00:00Z";

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A cloud of which a listing is its pages of ids, and perhaps what it ends with.
#[derive(Debug, Default)]
struct Cloud(Vec<Arc<Pages>>);

#[derive(Debug)]
struct Pages {
    about: About,
    pages: Vec<Vec<&'static str>>,
    end: End,
}

/// What comes after the last page.
#[derive(Debug, Clone, Copy)]
enum End {
    Well,
    Fails(Reason),
    Never,
}

/// A cloud of which nothing can be learned.
#[derive(Debug)]
struct OutOfReach(&'static str);

#[async_trait]
impl Provider for OutOfReach {
    fn name(&self) -> &str {
        "cloud"
    }

    async fn listings(&self) -> Result<Vec<Arc<dyn Listing>>> {
        Err(Error::unavailable(self.0))
    }
}

impl Cloud {
    fn with(self, resource_type: &str, pages: &[&[&'static str]], failure: Option<Reason>) -> Self {
        self.ending(resource_type, pages, failure.map_or(End::Well, End::Fails))
    }

    fn ending(mut self, resource_type: &str, pages: &[&[&'static str]], end: End) -> Self {
        let about = About {
            call: format!("cloud:List{resource_type}"),
            account_id: "1".to_owned(),
            region: "r".to_owned(),
            scopes: vec![Scope::new("cloud", "1", "r", resource_type).unwrap()],
            permissions: Vec::new(),
        };
        self.0.push(Arc::new(Pages { about, pages: pages.iter().map(|page| page.to_vec()).collect(), end }));
        self
    }
}

#[async_trait]
impl Provider for Cloud {
    fn name(&self) -> &str {
        "cloud"
    }

    async fn listings(&self) -> Result<Vec<Arc<dyn Listing>>> {
        Ok(self.0.iter().map(|pages| Arc::clone(pages) as Arc<dyn Listing>).collect())
    }
}

#[async_trait]
impl Listing for Pages {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        for page in &self.pages {
            let asked = sink.about_to_ask().await.unwrap();
            let resource_type = self.about.scopes[0].parts()[3];
            let draft = |id: &&str| Draft::new("cloud", "1", "r", resource_type, id);
            sink.page(asked, page.iter().map(draft).collect()).await.unwrap().written(0)?;
        }
        let calls = self.pages.len() as u64;
        match self.end {
            End::Well => Ok(Listed::whole(calls)),
            End::Fails(reason) => Err(Failure { reason, code: None, message: "told so".to_owned(), calls }),
            End::Never => std::future::pending().await,
        }
    }
}

async fn writer(folder: &tempfile::TempDir, now: &str) -> Writer {
    Writer::open(Arc::new(LocalBackend::new(folder.path().join("store"))), Arc::new(ManualClock::at(time(now)))).await.unwrap()
}

fn options(id: &str) -> ScanOptions {
    ScanOptions { scan_id: id.to_owned(), at_once: 4, guard: false, stop: Stop::default() }
}

async fn scanned(writer: &Writer, id: &str, cloud: Cloud) -> ScanReport {
    scan(writer, &[Arc::new(cloud) as Arc<dyn Provider>], &options(id), &|_| {}).await.unwrap()
}

fn statuses(report: &ScanReport) -> BTreeMap<&str, CoverageStatus> {
    report.scopes.iter().map(|report| (report.scope.parts()[3], report.status)).collect()
}

#[tokio::test]
async fn a_listing_that_fails_stops_no_other_and_deletes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let first = Cloud::default().with("whole", &[&["b", "a"], &["c"]], None).with("broken", &[&["x"], &["y"]], None).with(
        "denied",
        &[&["z"]],
        None,
    );
    let report = scanned(&writer(&folder, FIRST).await, "one", first).await;
    assert_eq!((report.counts.created, report.calls), (6, 5));
    let second = Cloud::default()
        .with("whole", &[&["a"]], None)
        .with("broken", &[&["x"]], Some(Reason::TimedOut))
        .with("denied", &[], Some(Reason::AccessDenied))
        .with("far", &[], Some(Reason::RegionDisabled));
    let report = scanned(&writer(&folder, SECOND).await, "two", second).await;
    assert_eq!((report.counts.unchanged, report.counts.deleted), (2, 2));
    let expected = [
        ("broken", CoverageStatus::Partial),
        ("denied", CoverageStatus::Failed),
        ("far", CoverageStatus::Skipped),
        ("whole", CoverageStatus::Complete),
    ];
    assert_eq!(statuses(&report), BTreeMap::from(expected));
    let denied = report.scopes.iter().find(|report| report.status == CoverageStatus::Failed).unwrap();
    assert_eq!((denied.error_code.as_deref(), denied.error.as_deref()), (Some("access_denied"), Some("told so")));
}

#[tokio::test]
async fn what_happens_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = Mutex::new(Vec::new());
    let tell = |event: ScanEvent<'_>| {
        told.lock().unwrap().push(match event {
            ScanEvent::Planned { listings } => format!("{} planned", listings.len()),
            ScanEvent::Begun { about } => format!("{} begun", about.call),
            ScanEvent::Page { about, resources } => format!("{} {resources}", about.call),
            ScanEvent::Ended { about, ended } => {
                format!("{} {:?} {} {}", about.call, ended.listed.values().collect::<Vec<_>>(), ended.counts.created, ended.calls)
            }
            ScanEvent::Note { note, .. } => note,
        });
    };
    let options = ScanOptions { at_once: 1, guard: true, ..options("one") };
    let cloud = Cloud::default().with("t", &[&["a", "b"], &["c"]], None);
    scan(&writer(&folder, FIRST).await, &[Arc::new(cloud) as Arc<dyn Provider>], &options, &tell).await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["1 planned", "cloud:Listt begun", "cloud:Listt 2", "cloud:Listt 1", "cloud:Listt [3] 3 2"]);
}

#[tokio::test]
async fn a_provider_out_of_reach_stops_no_other_and_all_of_them_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(&folder, FIRST).await;
    let cloud = || Arc::new(Cloud::default().with("t", &[&["a"]], None)) as Arc<dyn Provider>;
    let lost = |why| Arc::new(OutOfReach(why)) as Arc<dyn Provider>;
    let report = scan(&writer, &[lost("no network"), cloud(), cloud()], &options("one"), &|_| {}).await.unwrap();
    let told: Vec<String> = report.unreached.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["no network", "account 1 is to be scanned twice: once is enough"]);
    assert_eq!(report.counts.created, 1);
    let error = scan(&writer, &[lost("no network"), lost("no keys")], &options("two"), &|_| {}).await.unwrap_err();
    assert_eq!(error.to_string(), "there is nothing that can be scanned\nno network\nno keys");
    assert_eq!(writer.history().await.unwrap().index.scan_ends.len(), 1);
}

/// The scan is stopped when a page is durable that nothing follows, and another listing has ended well.
#[tokio::test]
async fn a_scan_that_is_stopped_keeps_what_it_saw_and_deletes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(&folder, FIRST).await;
    scanned(&writer, "one", Cloud::default().with("whole", &[&["a", "b"]], None).with("endless", &[&["c", "d"]], None)).await;
    let cloud =
        Cloud::default().with("whole", &[&["a"]], None).ending("endless", &[&["c", "e"]], End::Never).ending("late", &[], End::Never);
    let options = ScanOptions { at_once: 2, ..options("two") };
    let ended = Mutex::new(BTreeMap::new());
    let tell = |event: ScanEvent<'_>| match event {
        ScanEvent::Page { resources: 2, .. } => options.stop.request(),
        ScanEvent::Ended { about, ended: how } => {
            let reason = how.failure.as_ref().map(|failure| (failure.reason, failure.calls));
            ended.lock().unwrap().insert(about.call.clone(), reason);
        }
        _ => {}
    };
    let providers = [Arc::new(cloud) as Arc<dyn Provider>];
    let scanning = scan(&writer, &providers, &options, &tell);
    let error = tokio::time::timeout(Duration::from_secs(60), scanning).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the scan was interrupted: what it saw is kept, and nothing was deleted");
    let interrupted = |calls| Some((Reason::Interrupted, calls));
    let ended = ended.into_inner().unwrap();
    assert_eq!((ended["cloud:Listendless"], ended["cloud:Listlate"]), (interrupted(1), interrupted(0)));
    let index = writer.history().await.unwrap().index;
    let scan = &index.open_scans["two"];
    assert!(scan.failed);
    assert_eq!((scan.counts.created, scan.counts.deleted), (1, 0));
}

#[tokio::test]
async fn a_scan_of_which_nobody_heard_for_a_day_is_ended_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let begin = |id: &str| Begin { scan_id: id.to_owned(), provider: None, at: None, lift: false, guard: false, scopes: Vec::new() };
    let died = writer(&folder, FIRST).await;
    let ScanBegun::Session(session) = died.begin(begin("died")).await.unwrap() else { panic!("it is new") };
    drop((session, died));
    let open = |writer: Writer| async move { writer.history().await.unwrap().index.open_scans["died"].failed };
    let soon = writer(&folder, SECOND).await;
    scanned(&soon, "soon", Cloud::default()).await;
    assert!(!open(soon).await);
    let late = writer(&folder, "2026-12-02T00:00:01Z").await;
    scanned(&late, "late", Cloud::default()).await;
    assert!(open(late).await);
}
