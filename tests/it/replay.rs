//! The recorded answers of AWS, scanned without a server, are what an import of boto3's reading of them is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elava::clock::ManualClock;
use elava::ingest::{Format, ImportOptions, Source, import};
use elava::model::{CoverageStatus, Timestamp};
use elava::scan::aws::Replay;
use elava::scan::provider::Provider;
use elava::scan::{ScanOptions, ScanReport, scan};
use elava::stop::Stop;
use elava::store::{LocalBackend, Writer};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-west-1";

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/aws/recorded")
}

/// What is recorded of calls that describe EC2 and RDS, but for answers that are no listings of a whole region.
fn names() -> BTreeSet<String> {
    let files = fs::read_dir(recorded()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let stems = files.filter_map(|name| name.strip_suffix(".xml").map(str::to_owned));
    let is_listing = |stem: &String| {
        let asides = ["-none", "DescribeRegions", "DescribeTags", "DescribeGlobalClusters"];
        (stem.starts_with("ec2-Describe") || stem.starts_with("rds-Describe")) && !asides.iter().any(|aside| stem.ends_with(aside))
    };
    stems.filter(is_listing).collect()
}

/// A folder of recorded answers.
fn folder(scratch: &Path, names: impl IntoIterator<Item = (String, String)>) -> PathBuf {
    let region = scratch.join("recorded").join(ACCOUNT).join(REGION);
    let _ = fs::remove_dir_all(&region);
    fs::create_dir_all(&region).unwrap();
    for (from, to) in names {
        fs::copy(recorded().join(from), region.join(to)).unwrap();
    }
    scratch.join("recorded")
}

async fn replayed(writer: &Writer, id: &str, folder: PathBuf) -> elava::Result<ScanReport> {
    let options = ScanOptions { scan_id: id.to_owned(), at_once: 4, guard: true, stop: Stop::default() };
    scan(writer, &[Arc::new(Replay::new(folder)) as Arc<dyn Provider>], &options, &|_| {}).await
}

async fn writer(scratch: &Path, at: &str) -> Writer {
    let clock = Arc::new(ManualClock::at(Timestamp::parse(at).unwrap()));
    Writer::open(Arc::new(LocalBackend::new(scratch.join("store"))), clock).await.unwrap()
}

#[tokio::test]
async fn recorded_answers_are_scanned_as_boto3_reads_them() {
    let scratch = tempfile::tempdir().unwrap();
    let both = names().into_iter().flat_map(|stem| ["xml", "json"].map(|ending| format!("{stem}.{ending}")));
    let folder = folder(scratch.path(), both.map(|name| (name.clone(), name)));
    let first = writer(scratch.path(), "2026-12-01T00:00:00Z").await;
    let report = replayed(&first, "one", folder.clone()).await.unwrap();
    assert!(report.counts.created > 60, "{:?}", report.counts);
    assert!(report.scopes.iter().all(|scope| scope.status == CoverageStatus::Complete), "{:?}", report.scopes);

    let later = writer(scratch.path(), "2026-12-01T01:00:00Z").await;
    let sources = names().iter().map(|stem| Source::path(recorded().join(format!("{stem}.json")))).collect();
    let options = ImportOptions {
        format: Format::AwsCli,
        complete: true,
        account: Some(ACCOUNT.to_owned()),
        region: Some(REGION.to_owned()),
        ..ImportOptions::default()
    };
    let imported = import(&later, sources, &options, &mut |_| {}).await.unwrap();
    assert_eq!((imported.counts.created, imported.counts.updated, imported.counts.deleted), (0, 0, 0));
    assert_eq!(imported.counts.unchanged, report.counts.created);
}

#[tokio::test]
async fn pages_are_read_in_their_order_and_what_has_no_file_is_not_covered() {
    let scratch = tempfile::tempdir().unwrap();
    let file = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let first = writer(scratch.path(), "2026-12-01T00:00:00Z").await;
    let vpcs = file("ec2-DescribeVpcs.xml", "ec2-DescribeVpcs.xml");
    let pages = [
        vpcs.clone(),
        file("ec2-DescribeInstances.xml", "ec2-DescribeInstances.xml"),
        file("ec2-DescribeInstances-none.xml", "ec2-DescribeInstances-2.xml"),
    ];
    let report = replayed(&first, "one", folder(scratch.path(), pages)).await.unwrap();
    assert_eq!((report.calls, report.scopes.len()), (3, 2));
    assert!(report.counts.created > 1);
    let second = writer(scratch.path(), "2026-12-01T01:00:00Z").await;
    let none = [file("ec2-DescribeInstances-none.xml", "ec2-DescribeInstances.xml")];
    let report = replayed(&second, "two", folder(scratch.path(), none)).await.unwrap();
    assert_eq!((report.scopes.len(), report.counts.total() - report.counts.deleted), (1, 0));
    assert!(report.counts.deleted > 0);
    // The VPCs are as they were: nobody looked.
    let third = writer(scratch.path(), "2026-12-01T02:00:00Z").await;
    let report = replayed(&third, "three", folder(scratch.path(), [vpcs])).await.unwrap();
    assert_eq!((report.counts.unchanged, report.counts.created), (report.counts.total(), 0));
}

/// What was on a page that is not in the folder was there: nothing is deleted for it.
#[tokio::test]
async fn a_recording_that_breaks_off_is_partial_and_one_with_a_gap_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let file = |to: &str| ("ec2-DescribeVpcs.xml".to_owned(), to.to_owned());
    let first = writer(scratch.path(), "2026-12-01T00:00:00Z").await;
    let report = replayed(&first, "one", folder(scratch.path(), [file("ec2-DescribeVpcs.xml")])).await.unwrap();
    assert!(report.counts.created > 0);

    let second = writer(scratch.path(), "2026-12-01T01:00:00Z").await;
    let broken = folder(scratch.path(), []);
    let answer = "<DescribeVpcsResponse><vpcSet/><nextToken>more</nextToken></DescribeVpcsResponse>";
    fs::write(broken.join(ACCOUNT).join(REGION).join("ec2-DescribeVpcs.xml"), answer).unwrap();
    let report = replayed(&second, "two", broken).await.unwrap();
    assert_eq!((report.counts.total(), report.scopes[0].status), (0, CoverageStatus::Failed), "{:?}", report.scopes);
    assert_eq!(report.scopes[0].error.as_deref(), Some("the answer goes on after page 1, which is the last in the folder"));

    let gap = folder(scratch.path(), [file("ec2-DescribeVpcs.xml"), file("ec2-DescribeVpcs-3.xml")]);
    let error = replayed(&second, "three", gap).await.unwrap_err().to_string();
    assert!(error.contains("expected page 2 of ec2-DescribeVpcs, found page 3"), "{error}");
}

#[tokio::test]
async fn files_that_are_no_listings_are_refused_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    let store = writer(scratch.path(), "2026-12-01T00:00:00Z").await;
    let wrong = folder(scratch.path(), [("ec2-DescribeRegions.xml".to_owned(), "ec2-DescribeRegions.xml".to_owned())]);
    let error = replayed(&store, "one", wrong).await.unwrap_err().to_string();
    assert!(error.contains(&format!("{ACCOUNT}/{REGION}: expected")) && error.contains("\"ec2-DescribeRegions\""), "{error}");
    let none = replayed(&store, "one", folder(scratch.path(), [])).await.unwrap_err().to_string();
    assert!(none.contains("there is no ACCOUNT/REGION/SERVICE-OPERATION.xml in it"), "{none}");
}
