//! Scans of a made-up cloud into a store in a temporary folder.

mod clouds;
mod honesty;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::provider::{About, Failure, Listed, Listing, Provider, Reason, Sink};
use super::*;
use crate::clock::ManualClock;
use crate::error::Result;
use crate::ingest::convert::Draft;
use crate::model::{CoverageStatus, Scope, Timestamp};
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
    failure: Option<Reason>,
}

impl Cloud {
    fn with(mut self, resource_type: &str, pages: &[&[&'static str]], failure: Option<Reason>) -> Self {
        let about = About {
            call: format!("cloud:List{resource_type}"),
            account_id: "1".to_owned(),
            region: "r".to_owned(),
            scopes: vec![Scope::new("cloud", "1", "r", resource_type).unwrap()],
            permissions: Vec::new(),
        };
        self.0.push(Arc::new(Pages { about, pages: pages.iter().map(|page| page.to_vec()).collect(), failure }));
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
        match self.failure {
            Some(reason) => Err(Failure { reason, code: None, message: "told so".to_owned(), calls }),
            None => Ok(Listed::whole(calls)),
        }
    }
}

async fn writer(folder: &tempfile::TempDir, now: &str) -> Writer {
    Writer::open(Arc::new(LocalBackend::new(folder.path().join("store"))), Arc::new(ManualClock::at(time(now)))).await.unwrap()
}

async fn scanned(writer: &Writer, id: &str, cloud: Cloud) -> ScanReport {
    let options = ScanOptions { scan_id: id.to_owned(), at_once: 4, guard: false };
    scan(writer, &[Arc::new(cloud) as Arc<dyn Provider>], &options, &|_| {}).await.unwrap()
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
            ScanEvent::Planned { listings } => format!("{listings} planned"),
            ScanEvent::Page { about, resources } => format!("{} {resources}", about.call),
            ScanEvent::Ended { about, resources, outcome } => format!("{} {resources} {}", about.call, outcome.is_ok()),
            ScanEvent::Note { note, .. } => note,
        });
    };
    let options = ScanOptions { scan_id: "one".to_owned(), at_once: 1, guard: true };
    let cloud = Cloud::default().with("t", &[&["a", "b"], &["c"]], None);
    scan(&writer(&folder, FIRST).await, &[Arc::new(cloud) as Arc<dyn Provider>], &options, &tell).await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["1 planned", "cloud:Listt 2", "cloud:Listt 1", "cloud:Listt 3 true"]);
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
