//! What AWS does not tell, tells wrongly for a moment, or tells too late: nothing is made of it that is not so.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::estate::{Estate, store_in};
use super::{ACCOUNT, Resources, assert_same, stored, told};

const HOME: &[&str] = &["us-east-1"];
const BOTH: &[&str] = &["us-east-1", "eu-west-1"];

/// Status and code of the scopes of the newest scan that are not complete, by region and type.
fn not_complete(estate: &mut Estate, store: &Path) -> Vec<String> {
    let rows = estate.sql(
        store,
        "SELECT region || ' ' || resource_type || ' ' || status || ' ' || coalesce(error_code, '-') AS told FROM coverage \
         WHERE scan_id = (SELECT scan_id FROM scans ORDER BY started_at DESC LIMIT 1) AND status <> 'complete' ORDER BY 1",
    );
    rows.iter().map(|row| row["told"].as_str().unwrap().to_owned()).collect()
}

/// How often what happened in the newest scan.
fn changed(estate: &mut Estate, store: &Path) -> BTreeMap<String, i64> {
    let rows = estate.sql(store, "SELECT change, count(*) AS n FROM changes('head~1', 'head') GROUP BY 1");
    rows.iter().map(|row| (row["change"].as_str().unwrap().to_owned(), row["n"].as_i64().unwrap())).collect()
}

/// How often each action was asked for since this was asked last.
fn asked(estate: &mut Estate) -> BTreeMap<String, i64> {
    let actions = estate.tell(&json!({ "do": "calls" }))["actions"].take();
    actions.as_object().unwrap().iter().map(|(name, count)| (name.clone(), count.as_i64().unwrap())).collect()
}

fn buckets(resources: &Resources) -> Vec<(String, String)> {
    let of_type = resources.keys().filter(|(resource_type, ..)| resource_type == "aws_s3_bucket");
    of_type.map(|(_, region, id)| (region.clone(), id.clone())).collect()
}

/// Under load `DescribeInstances` has answered without any tags (ansible/ansible#12642): whoever believed it removed what lacked
/// an owner.
#[test]
fn tags_that_a_page_suddenly_lacks_are_fetched_again() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 3);
    let (status, said) = estate.scan(ACCOUNT, &store, HOME);
    assert_eq!(status, 0, "{said}");
    let before = stored(&mut estate, &store, ACCOUNT, "head");

    let untagged = |service: &str, action: &str| json!({ "service": service, "action": action, "kind": "untagged" });
    let once = |rule: Value| json!({ "times": 1, "kind": rule["kind"], "service": rule["service"], "action": rule["action"] });
    let rules =
        [untagged("ec2", "DescribeInstances"), untagged("ec2", "DescribeNetworkInterfaces"), once(untagged("rds", "DescribeDBClusters"))];
    estate.faults(&json!(rules));
    let (status, said) = estate.scan(ACCOUNT, &store, HOME);
    assert_eq!((status, changed(&mut estate, &store)), (0, BTreeMap::new()), "{said}");
    for call in ["ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "rds:DescribeDBClusters"] {
        let line = said.lines().find(|line| line.contains(call)).unwrap_or_else(|| panic!("nothing on {call}: {said}"));
        assert!(line.contains("came without the tags that they had before: they were fetched again"), "{line}");
    }

    let denied = json!({ "service": "ec2", "action": "DescribeTags", "kind": "deny" });
    estate.faults(&json!([untagged("ec2", "DescribeInstances"), denied]));
    let (status, said) = estate.scan(ACCOUNT, &store, HOME);
    assert_eq!((status, changed(&mut estate, &store)), (3, BTreeMap::new()), "{said}");
    assert_eq!(not_complete(&mut estate, &store), ["us-east-1 aws_ec2_instance partial tags_missing"]);
    assert_same(&stored(&mut estate, &store, ACCOUNT, "head"), &before, "with tags that cannot be fetched");
}

/// Cloud Control has no other call for tags. A page that was not asked for again would never be written: its scope would stay
/// partial from the day on which people removed the tags.
#[test]
fn a_page_of_cloud_control_without_tags_is_believed_the_second_time() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 3);
    let only = ["--type", "AWS::Logs::LogGroup"];
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &only);
    assert_eq!(status, 0, "{said}");
    for (times, expected) in [(Some(1), BTreeMap::new()), (None, BTreeMap::from([("updated".to_owned(), 7)]))] {
        estate.faults(&json!([{ "service": "cloudcontrolapi", "kind": "untagged", "times": times }]));
        let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &only);
        assert_eq!((status, changed(&mut estate, &store)), (0, expected), "{said}");
        assert!(said.contains("came without the tags that they had before: the page was asked for again"), "{said}");
    }
}

#[test]
fn a_bucket_that_is_not_seen_makes_its_own_region_partial() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    BOTH.iter().for_each(|region| estate.build(ACCOUNT, region, 1));
    let only = ["--type", "aws_s3_bucket"];
    let (status, said) = estate.scan_with(ACCOUNT, &store, BOTH, &only);
    assert_eq!(status, 0, "{said}");
    let before = stored(&mut estate, &store, ACCOUNT, "head");
    let names = buckets(&before);
    assert_eq!(names.len(), 6, "{names:?}");

    estate.faults(&json!([{ "service": "s3", "action": "GetBucketVersioning", "bucket": names[0].1, "kind": "error500" }]));
    let (status, said) = estate.scan_with(ACCOUNT, &store, BOTH, &only);
    assert_eq!((status, changed(&mut estate, &store)), (3, BTreeMap::new()), "{said}");
    assert_eq!(not_complete(&mut estate, &store), [format!("{} aws_s3_bucket partial InternalError", names[0].0)]);

    // Where it lies nobody knows, so it may lie in any.
    estate.faults(&json!([{ "service": "s3", "action": "GetBucketLocation", "bucket": names[0].1, "kind": "deny" }]));
    let (status, said) = estate.scan_with(ACCOUNT, &store, BOTH, &only);
    assert_eq!((status, changed(&mut estate, &store)), (3, BTreeMap::new()), "{said}");
    let partial = ["eu-west-1", "us-east-1"].map(|region| format!("{region} aws_s3_bucket partial AccessDenied"));
    assert_eq!(not_complete(&mut estate, &store), partial);
    assert_eq!(buckets(&stored(&mut estate, &store, ACCOUNT, "head")), names);
}

#[test]
fn a_bucket_that_goes_between_its_listing_and_its_description_goes_with_the_next_scan() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 1);
    let only = ["--type", "aws_s3_bucket"];
    estate.scan_with(ACCOUNT, &store, HOME, &only);
    let before = stored(&mut estate, &store, ACCOUNT, "head");
    // The third is deleted in the second step. Until then it is there, and says that it is not.
    let gone = &buckets(&before).into_iter().find(|(_, name)| name.starts_with("some")).unwrap().1;
    let rule = |action| json!({ "service": "s3", "action": action, "bucket": gone, "kind": "deny", "code": "NoSuchBucket", "status": 404 });
    estate.faults(&json!([rule("GetBucketAcl"), rule("GetBucketTagging")]));
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &only);
    assert_eq!((status, changed(&mut estate, &store)), (0, BTreeMap::new()), "{said}");
    assert!(said.contains(&format!("bucket {gone} went away since it was listed")), "{said}");
    assert_same(&stored(&mut estate, &store, ACCOUNT, "head"), &before, "while it goes");

    estate.faults(&json!([]));
    estate.change(ACCOUNT, "us-east-1", 2);
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &only);
    assert_eq!(status, 0, "{said}");
    let deleted = estate.sql(&store, "SELECT resource_id FROM changes('head~1', 'head') WHERE change = 'deleted'");
    assert_eq!(deleted, [json!({ "resource_id": gone })]);
}

#[test]
fn an_incremental_scan_describes_new_buckets_and_a_full_one_sees_what_drifted() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 1);
    let (full, incremental) = (["--type", "aws_s3_bucket"], ["--type", "aws_s3_bucket", "--incremental"]);
    let acls = |estate: &mut Estate| asked(estate).get("s3 GetBucketAcl").copied().unwrap_or_default();
    // Of what is not known, all is asked.
    acls(&mut estate);
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &incremental);
    assert_eq!((status, acls(&mut estate)), (0, 3), "{said}");
    let expected = buckets_told(&mut estate);
    assert_same(&stored(&mut estate, &store, ACCOUNT, "head"), &expected, "at first");

    // Settings change: not seen. Then a bucket goes and one comes: seen.
    estate.change(ACCOUNT, "us-east-1", 1);
    acls(&mut estate);
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &incremental);
    assert_eq!((status, acls(&mut estate), changed(&mut estate, &store)), (0, 0, BTreeMap::new()), "{said}");
    estate.change(ACCOUNT, "us-east-1", 2);
    acls(&mut estate);
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &incremental);
    let came_and_went = BTreeMap::from([("created".to_owned(), 1), ("deleted".to_owned(), 1)]);
    assert_eq!((status, acls(&mut estate), changed(&mut estate, &store)), (0, 1, came_and_went), "{said}");

    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &full);
    assert_eq!(status, 0, "{said}");
    assert_eq!(changed(&mut estate, &store).keys().collect::<Vec<_>>(), ["updated"]);
    let expected = buckets_told(&mut estate);
    assert_same(&stored(&mut estate, &store, ACCOUNT, "head"), &expected, "at last");
}

/// The buckets that boto3 tells of.
fn buckets_told(estate: &mut Estate) -> Resources {
    let all = told(estate.expect(ACCOUNT, HOME));
    all.into_iter().filter(|((resource_type, ..), _)| resource_type == "aws_s3_bucket").collect()
}

#[test]
fn a_list_that_is_suddenly_empty_is_suspect_until_it_is_empty_again() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 2);
    let only = ["--type", "aws_ebs_volume"];
    estate.scan_with(ACCOUNT, &store, HOME, &only);
    let volumes = stored(&mut estate, &store, ACCOUNT, "head").len();
    assert!(volumes >= 5, "{volumes} are too few");
    estate.faults(&json!([{ "service": "ec2", "action": "DescribeVolumes", "kind": "empty" }]));
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &only);
    assert_eq!((status, changed(&mut estate, &store)), (3, BTreeMap::new()), "{said}");
    assert!(said.contains("1 suspect"), "{said}");
    assert_eq!(not_complete(&mut estate, &store), ["us-east-1 aws_ebs_volume suspect -"]);
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &only);
    assert_eq!((status, changed(&mut estate, &store)), (0, BTreeMap::from([("deleted".to_owned(), volumes as i64)])), "{said}");
}

#[test]
fn an_answer_that_does_not_come_is_told_from_one_that_cannot_be_reached() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 1);
    estate.faults(&json!([{ "service": "ec2", "action": "DescribeVpcs", "kind": "timeout", "seconds": 600 }]));
    let flags = ["--type", "aws_vpc", "--type", "aws_vpc_subnet", "--request-timeout", "2"];
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &flags);
    assert_eq!(status, 3, "{said}");
    assert_eq!(not_complete(&mut estate, &store), ["us-east-1 aws_vpc failed timed_out"]);

    let nowhere = ["scan", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1"];
    let other = scratch.path().join("other");
    let output = estate.elava(ACCOUNT, &other, &nowhere);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("unreachable") && said.contains("check the network, the region and --endpoint-url"), "{said}");
    assert!(estate.sql(&store, "SELECT * FROM scans WHERE status = 'failed'").is_empty());
}

/// Where it may not be asked which regions there are, the region itself says that it is not enabled.
#[test]
fn a_region_that_is_not_enabled_and_a_call_that_it_does_not_have_are_skipped() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 1);
    estate.faults(&json!([
        { "service": "ec2", "action": "DescribeRegions", "kind": "deny" },
        { "service": "rds", "region": "us-east-1", "kind": "disabled" },
        { "service": "ec2", "action": "DescribeHosts", "kind": "deny", "code": "InvalidAction", "status": 400 },
    ]));
    let flags = ["--type", "aws_vpc", "--type", "aws_rds_db_instance", "--type", "aws_ec2_host"];
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &flags);
    assert_eq!(status, 0, "{said}");
    let skipped = ["us-east-1 aws_ec2_host skipped InvalidAction", "us-east-1 aws_rds_db_instance skipped OptInRequired"];
    assert_eq!(not_complete(&mut estate, &store), skipped);
}

/// One scan waits for an answer; another, of another process, leaves to it what it is listing, and takes the rest.
#[test]
fn what_another_process_is_listing_is_left_to_it() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 1);
    estate.faults(&json!([{ "service": "ec2", "action": "DescribeVpcs", "kind": "timeout", "seconds": 600, "times": 1 }]));
    let endpoint = estate.endpoint().to_owned();
    let arguments = ["scan", "--region", "us-east-1", "--type", "aws_vpc", "--endpoint-url", &endpoint, "--request-timeout", "600"];
    let mut waiting = estate.command(ACCOUNT, &store, &arguments).stderr(Stdio::null()).spawn().unwrap();
    let asked_first = |estate: &mut Estate| estate.tell(&json!({ "do": "calls" }))["fired"][0] == json!(1);
    while !asked_first(&mut estate) {
        assert!(waiting.try_wait().unwrap().is_none(), "it has ended without an answer");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let (status, said) = estate.scan_with(ACCOUNT, &store, HOME, &["--type", "aws_vpc", "--type", "aws_vpc_subnet"]);
    let left = not_complete(&mut estate, &store);
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert_eq!((status, left), (0, vec!["us-east-1 aws_vpc skipped left_to_other_scan".to_owned()]), "{said}");
    assert!(said.contains("is listing it"), "{said}");
    let started = estate.sql(&store, "SELECT details FROM audit_log WHERE entry = 'scan_started' ORDER BY seq LIMIT 1");
    let details: Value = serde_json::from_str(started[0]["details"].as_str().unwrap()).unwrap();
    assert_eq!(details["scopes"], json!([format!("aws/{ACCOUNT}/us-east-1/aws_vpc")]));
}
