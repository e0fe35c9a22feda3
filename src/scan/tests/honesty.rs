//! What a scan does not believe, leaves to others, and could not see all of.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::*;
use crate::model::{Json, ResourceKey, ScopeReport};
use crate::scan::provider::Received;

/// A listing of one page, with the tags of each resource: as they are answered first, and when they are asked for again.
#[derive(Debug)]
struct Tagged {
    about: About,
    first: Vec<Option<&'static str>>,
    again: Option<Vec<Option<&'static str>>>,
}

impl Tagged {
    fn page(&self, owners: &[Option<&'static str>]) -> Vec<Draft> {
        let tags = |owner: &str| Json::object([("owner".into(), Json::String(owner.into()))]);
        let draft = |(at, owner): (usize, &Option<&str>)| {
            let tags = owner.map_or(Json::Object(Vec::new()), tags);
            Draft { tags: Some(tags), ..Draft::new("cloud", "1", "r", "t", &format!("id-{at}")) }
        };
        owners.iter().enumerate().map(draft).collect()
    }
}

#[async_trait]
impl Listing for Tagged {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let asked = sink.about_to_ask().await.unwrap();
        match (sink.page(asked, self.page(&self.first)).await.unwrap(), &self.again) {
            (Received::Doubted(_), Some(again)) => sink.page(asked.confirmed(), self.page(again)).await.unwrap().written(2)?,
            (taken, _) => taken.written(1)?,
        }
        Ok(Listed::whole(1))
    }
}

/// A provider of one listing.
#[derive(Debug)]
struct One(Arc<dyn Listing>);

#[async_trait]
impl Provider for One {
    fn name(&self) -> &str {
        "cloud"
    }

    async fn listings(&self) -> Result<Vec<Arc<dyn Listing>>> {
        Ok(vec![Arc::clone(&self.0)])
    }
}

fn about(types: &[&str]) -> About {
    let scopes = types.iter().map(|name| Scope::new("cloud", "1", "r", name).unwrap()).collect();
    let (account_id, region) = ("1".to_owned(), "r".to_owned());
    About { call: "cloud:List".to_owned(), account_id, region, scopes, permissions: Vec::new() }
}

async fn scanned_one(writer: &Writer, id: &str, listing: impl Listing + 'static) -> ScanReport {
    let options = ScanOptions { scan_id: id.to_owned(), at_once: 4, guard: true, stop: Stop::default() };
    scan(writer, &[Arc::new(One(Arc::new(listing))) as Arc<dyn Provider>], &options, &|_| {}).await.unwrap()
}

/// Type, status and code of each scope.
fn coverage(report: &ScanReport) -> Vec<String> {
    let code = |report: &ScopeReport| report.error_code.as_ref().map_or_else(String::new, |code| format!(" {code}"));
    let of_scope = |report: &ScopeReport| format!("{} {}{}", report.scope.parts()[3], report.status, code(report));
    let mut told: Vec<String> = report.scopes.iter().map(of_scope).collect();
    told.sort();
    told
}

/// After a scan that saw `before`, a page comes with `now` and, asked again, `again`; returns what changed, and the coverage.
async fn after(
    before: &[Option<&'static str>],
    now: &[Option<&'static str>],
    again: Option<&[Option<&'static str>]>,
) -> (i64, i64, String) {
    let folder = tempfile::tempdir().unwrap();
    let tagged = |first: &[Option<&'static str>], again: Option<&[Option<&'static str>]>| Tagged {
        about: about(&["t"]),
        first: first.to_vec(),
        again: again.map(<[_]>::to_vec),
    };
    scanned_one(&writer(&folder, FIRST).await, "one", tagged(before, None)).await;
    let report = scanned_one(&writer(&folder, SECOND).await, "two", tagged(now, again)).await;
    assert_eq!(report.counts.deleted, 0);
    (report.counts.updated, report.counts.unchanged, coverage(&report).concat())
}

#[tokio::test]
async fn a_page_whose_tags_are_lost_is_asked_for_them_again() {
    const SOME: Option<&str> = Some("web");
    let (all, none) = ([SOME; 4], [None; 4]);
    // They were left out, and are there.
    assert_eq!(after(&all, &none, Some(&all)).await, (0, 4, "t complete".to_owned()));
    // They are gone indeed.
    assert_eq!(after(&all, &none, Some(&none)).await, (4, 0, "t complete".to_owned()));
    // Nobody can tell.
    assert_eq!(after(&all, &none, None).await, (0, 0, "t partial tags_missing".to_owned()));
    // What never had tags has lost none, and two are too few to wonder at.
    assert_eq!(after(&none, &none, None).await, (0, 4, "t complete".to_owned()));
    assert_eq!(after(&[SOME, SOME, None, None], &none, None).await, (2, 2, "t complete".to_owned()));
    // Others on the page still have theirs.
    assert_eq!(after(&all, &[None, None, None, SOME], None).await, (3, 1, "t complete".to_owned()));
    let (many, few) = ([SOME; 20], [[None; 18].as_slice(), &[SOME; 2]].concat());
    assert_eq!(after(&many, &few, None).await, (0, 0, "t partial tags_missing".to_owned()));
}

/// A listing that has seen one of its scopes only in part.
#[derive(Debug)]
struct Half {
    about: About,
    ids: BTreeMap<&'static str, Vec<&'static str>>,
    partial: Option<&'static str>,
}

#[async_trait]
impl Listing for Half {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let asked = sink.about_to_ask().await.unwrap();
        let draft = |name: &str, id: &str| Draft::new("cloud", "1", "r", name, id);
        let page = self.ids.iter().flat_map(|(name, ids)| ids.iter().map(|id| draft(name, id))).collect();
        sink.page(asked, page).await.unwrap().written(1)?;
        let failed = |name| (Scope::new("cloud", "1", "r", name).unwrap(), Failure::new(Reason::Throttled, "slow down", 1));
        Ok(Listed { calls: 1, partial: self.partial.map(failed).into_iter().collect() })
    }
}

#[tokio::test]
async fn a_scope_of_which_something_was_not_seen_is_partial_and_its_neighbours_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let half = |ids: &[(&'static str, &[&'static str])], partial| Half {
        about: about(&["a", "b"]),
        ids: ids.iter().map(|(name, ids)| (*name, ids.to_vec())).collect(),
        partial,
    };
    scanned_one(&writer(&folder, FIRST).await, "one", half(&[("a", &["1", "2"]), ("b", &["1", "2"])], None)).await;
    let report = scanned_one(&writer(&folder, SECOND).await, "two", half(&[("a", &["1"]), ("b", &["1"])], Some("b"))).await;
    assert_eq!((report.counts.unchanged, report.counts.deleted), (2, 1));
    assert_eq!(coverage(&report), ["a complete", "b partial throttled"]);
}

/// A listing that sees that all is as it is known.
#[derive(Debug)]
struct AsKnown {
    about: About,
    keys: Vec<ResourceKey>,
}

#[async_trait]
impl Listing for AsKnown {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let asked = sink.about_to_ask().await.unwrap();
        let known = sink.known(&self.keys).await.unwrap();
        assert_eq!(known.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
        sink.page(asked, known.into_iter().flatten().collect()).await.unwrap().written(1)?;
        Ok(Listed::whole(0))
    }
}

#[tokio::test]
async fn what_is_known_can_be_seen_again_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let first = Tagged { about: about(&["t"]), first: vec![Some("web"), None], again: None };
    scanned_one(&writer(&folder, FIRST).await, "one", first).await;
    let key = |id: &str| ResourceKey::new("cloud", "1", "r", "t", id).unwrap();
    let again = AsKnown { about: about(&["t"]), keys: ["id-1", "id-7", "id-0"].map(key).to_vec() };
    let report = scanned_one(&writer(&folder, SECOND).await, "two", again).await;
    assert_eq!((report.counts.unchanged, report.counts.total()), (2, 2));
}

#[tokio::test]
async fn what_another_scan_is_listing_is_left_to_it_while_it_is_heard_of() {
    let folder = tempfile::tempdir().unwrap();
    let scope = |name| Scope::new("cloud", "1", "r", name).unwrap();
    let begin = Begin { scan_id: "other".to_owned(), provider: None, at: None, lift: false, guard: false, scopes: vec![scope("a")] };
    let other = writer(&folder, FIRST).await;
    let ScanBegun::Session(session) = other.begin(begin).await.unwrap() else { panic!("it is new") };
    let cloud = || Cloud::default().with("a", &[&["1"]], None).with("b", &[&["1"]], None);
    let soon = writer(&folder, "2026-12-01T00:01:00Z").await;
    let report = scanned(&soon, "soon", cloud()).await;
    assert_eq!(coverage(&report), ["a skipped left_to_other_scan", "b complete"]);
    assert_eq!(
        report.scopes.iter().find_map(|scope| scope.error.as_deref()),
        Some("scan other is listing it, and was heard of 60 seconds ago")
    );
    assert_eq!(report.counts.created, 1);
    let late = scanned(&writer(&folder, "2026-12-01T00:03:30Z").await, "late", cloud()).await;
    assert_eq!(coverage(&late), ["a complete", "b complete"]);
    drop(session);
}

#[tokio::test]
async fn a_scan_that_failed_lists_nothing_any_more_and_one_scope_of_several_is_not_left() {
    let folder = tempfile::tempdir().unwrap();
    let scope = |name| Scope::new("cloud", "1", "r", name).unwrap();
    let begin =
        |id: &str, name| Begin { scan_id: id.to_owned(), provider: None, at: None, lift: false, guard: false, scopes: vec![scope(name)] };
    let other = writer(&folder, FIRST).await;
    let ScanBegun::Session(failed) = other.begin(begin("failed", "a")).await.unwrap() else { panic!("it is new") };
    failed.fail("told to", Vec::new()).await.unwrap();
    let ScanBegun::Session(running) = other.begin(begin("running", "b")).await.unwrap() else { panic!("it is new") };
    let half = Half { about: about(&["a", "b"]), ids: BTreeMap::from([("a", vec!["1"])]), partial: None };
    let report = scanned_one(&writer(&folder, FIRST).await, "now", half).await;
    assert_eq!(coverage(&report), ["a complete", "b complete"]);
    drop(running);
}

#[tokio::test]
async fn a_listing_that_suddenly_shows_nothing_is_suspect_until_a_second_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let tagged = |count| Tagged { about: about(&["t"]), first: vec![None; count], again: None };
    scanned_one(&writer(&folder, FIRST).await, "one", tagged(6)).await;
    let report = scanned_one(&writer(&folder, SECOND).await, "two", tagged(0)).await;
    assert_eq!((report.scopes[0].status, report.counts.deleted), (CoverageStatus::Suspect, 0));
    let report = scanned_one(&writer(&folder, "2026-12-01T02:00:00Z").await, "three", tagged(0)).await;
    assert_eq!((report.scopes[0].status, report.counts.deleted), (CoverageStatus::Complete, 6));
}
