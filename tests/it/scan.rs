//! `elava scan` sees what boto3 sees, on a moto server in which operators change things.

mod accounts;
mod daemon;
mod estate;
mod honesty;
mod terminal;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use estate::{Estate, store_in};

const ACCOUNT: &str = "111122223333";
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Types that boto3 tells of here and a scan does not list.
const NOT_SCANNED: [&str; 5] = [
    "aws_ec2_managed_prefix_list",
    "aws_ec2_spot_instance_request",
    "aws_ec2_transit_gateway_route_table",
    "aws_ec2_transit_gateway_vpc_attachment",
    "aws_rds_global_cluster",
];

/// Resources by type, region and id.
type Resources = BTreeMap<(String, String, String), Value>;

/// What changes by itself and never makes a version: it is as it was when the version began.
const VOLATILE: [&str; 1] = ["AvailableIpAddressCount"];

/// Properties without what is volatile in them.
fn lasting(properties: &Value) -> Value {
    let mut properties = properties.clone();
    VOLATILE.iter().for_each(|name| drop(properties.as_object_mut().unwrap().remove(*name)));
    properties
}

/// What boto3 says is there, but for what has ended and is still listed.
fn told(mut answer: Value) -> Resources {
    let mut resources = Resources::new();
    for (resource_type, regions) in answer.as_object_mut().unwrap() {
        for (region, of_region) in regions.as_object_mut().unwrap() {
            for (id, properties) in of_region.as_object_mut().unwrap() {
                let state = properties.pointer("/State/Name").or(properties.get("State")).and_then(Value::as_str);
                if NOT_SCANNED.contains(&resource_type.as_str()) || matches!(state, Some("terminated" | "deleted")) {
                    continue;
                }
                if let Some(secrets) = properties.get_mut("CustomerGatewayConfiguration") {
                    *secrets = json!("<redacted>");
                }
                resources.insert((resource_type.clone(), region.clone(), id.clone()), properties.take());
            }
        }
    }
    resources
}

/// What the store says was there at a point.
fn stored(estate: &mut Estate, store: &std::path::Path, account: &str, at: &str) -> Resources {
    let sql = format!("SELECT resource_type, region, resource_id, properties FROM resources_as_of('{at}') WHERE account_id = '{account}'");
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = estate.sql(store, &sql);
    rows.iter()
        .map(|row| ((text(row, "resource_type"), text(row, "region"), text(row, "resource_id")), row["properties"].clone()))
        .collect()
}

/// Compares one by one: the whole of it is too long to be read.
fn assert_same(found: &Resources, expected: &Resources, when: &str) {
    for (key, properties) in expected {
        let found = found.get(key).unwrap_or_else(|| panic!("{when}: {key:?} was not seen"));
        assert_eq!(lasting(found), lasting(properties), "{when}: {key:?}");
    }
    let more: Vec<_> = found.keys().filter(|key| !expected.contains_key(*key)).collect();
    assert!(more.is_empty(), "{when}: {more:?} are not there");
}

#[test]
fn a_scan_sees_what_boto3_sees_at_every_point() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    REGIONS.iter().for_each(|region| estate.build(ACCOUNT, region, 2));
    estate.page(5);
    let mut history = Vec::new();
    for step in 0..=3 {
        if step > 0 {
            REGIONS.iter().for_each(|region| estate.change(ACCOUNT, region, step));
        }
        let (status, said) = estate.scan(ACCOUNT, &store, &REGIONS);
        assert_eq!(status, 0, "{said}");
        history.push(told(estate.expect(ACCOUNT, &REGIONS)));
    }
    assert!(history[0].len() > 200, "{} resources are too few", history[0].len());
    for (step, expected) in history.iter().enumerate() {
        let at = if step == 3 { "head".to_owned() } else { format!("head~{}", 3 - step) };
        let found = stored(&mut estate, &store, ACCOUNT, &at);
        assert_same(&found, expected, &format!("after step {step}"));
    }
}

/// Each way in which AWS does not answer: what is said of it, and that nothing is deleted for it.
#[test]
fn what_cannot_be_seen_is_told_apart_and_deletes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 2);
    estate.page(2);
    let (status, said) = estate.scan(ACCOUNT, &store, &["us-east-1"]);
    assert_eq!(status, 0, "{said}");
    let before = stored(&mut estate, &store, ACCOUNT, "head");

    let rule = |action: &str, kind: &str| json!({ "service": "ec2", "action": action, "kind": kind });
    let some_times = |action: &str, kind: &str| json!({ "service": "ec2", "action": action, "kind": kind, "times": 1 });
    estate.faults(&json!([
        rule("DescribeVpcs", "deny"),
        rule("DescribeVolumes", "throttle"),
        rule("DescribeSubnets", "error500"),
        rule("DescribeRouteTables", "html"),
        rule("DescribeNetworkAcls", "truncate"),
        rule("DescribeNetworkInterfaces", "cut"),
        rule("DescribeSecurityGroupRules", "repeat_token"),
        some_times("DescribeSecurityGroups", "throttle"),
        some_times("DescribeImages", "error500"),
        json!({ "service": "s3", "action": "GetBucketPolicy", "kind": "deny" }),
    ]));
    let (status, said) = estate.scan(ACCOUNT, &store, &["us-east-1"]);
    assert_eq!(status, 3, "{said}");
    let coverage = "SELECT resource_type, status, error_code FROM coverage \
                    WHERE scan_id = (SELECT scan_id FROM scans ORDER BY started_at DESC LIMIT 1) AND status <> 'complete' ORDER BY 1";
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let found: Vec<[String; 3]> =
        estate.sql(&store, coverage).iter().map(|row| ["resource_type", "status", "error_code"].map(|name| text(row, name))).collect();
    let expected = [
        ["aws_ebs_volume", "failed", "RequestLimitExceeded"],
        ["aws_ec2_network_interface", "failed", "unreachable"],
        ["aws_vpc", "failed", "UnauthorizedOperation"],
        ["aws_vpc_network_acl", "failed", "bad_answer"],
        ["aws_vpc_route_table", "failed", "service_failed"],
        ["aws_vpc_security_group_rule", "partial", "bad_answer"],
        ["aws_vpc_subnet", "failed", "InternalError"],
    ];
    assert_eq!(found, expected.map(|row| row.map(str::to_owned)), "{said}");
    let after = stored(&mut estate, &store, ACCOUNT, "head");
    assert!(before.keys().eq(after.keys()), "a resource was lost");
    // What may not be asked about a bucket is missing, not null.
    let buckets: Vec<&Value> = after.iter().filter(|((name, ..), _)| name == "aws_s3_bucket").map(|(_, properties)| properties).collect();
    assert!(buckets.len() > 2 && buckets.iter().all(|bucket| bucket.get("Policy").is_none() && bucket.get("Acl").is_some()));
    estate.faults(&json!([]));
    let (status, said) = estate.scan(ACCOUNT, &store, &["us-east-1"]);
    assert_eq!(status, 0, "{said}");
    assert_same(&stored(&mut estate, &store, ACCOUNT, "head"), &told(estate.expect(ACCOUNT, &["us-east-1"])), "afterwards");
}

#[test]
fn a_region_that_is_not_enabled_is_skipped_and_one_that_is_none_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    let (status, said) = estate.scan(ACCOUNT, &store, &["us-east-1", "ap-east-1"]);
    assert_eq!(status, 0, "{said}");
    let statuses = estate.sql(&store, "SELECT DISTINCT region, status, error_code FROM coverage ORDER BY region");
    assert_eq!(statuses.len(), 2, "{statuses:?}");
    assert_eq!(statuses[0], json!({ "region": "ap-east-1", "status": "skipped", "error_code": "region_disabled" }));
    let (status, said) = estate.scan(ACCOUNT, &store, &["us-esat-1"]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("AWS has no region \"us-esat-1\""), "{said}");
}

#[test]
fn secrets_are_never_stored_and_a_dry_run_only_tells() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 2);
    let (status, said) = estate.scan(ACCOUNT, &store, &["us-east-1"]);
    assert_eq!(status, 0, "{said}");
    let found = estate.sql(&store, "SELECT resource_key FROM resources WHERE CAST(properties AS TEXT) LIKE '%never-to-be-stored%'");
    assert_eq!(found, [] as [Value; 0]);

    estate.tell(&json!({ "do": "calls" }));
    let endpoint = estate.endpoint().to_owned();
    let arguments = ["scan", "--dry-run", "--region", "us-east-1", "--type", "aws_vpc", "--endpoint-url", &endpoint];
    let output = estate.elava(ACCOUNT, &scratch.path().join("other"), &arguments);
    assert!(output.status.success());
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["listings"][0]["call"], "ec2:DescribeVpcs");
    assert_eq!(plan["listings"][0]["scopes"], json!([format!("aws/{ACCOUNT}/us-east-1/aws_vpc")]));
    let allowed = json!(["ec2:DescribeRegions", "ec2:DescribeTags", "ec2:DescribeVpcs", "sts:GetCallerIdentity"]);
    assert_eq!(plan["policy"]["Statement"][0]["Action"], allowed);
    assert!(!scratch.path().join("other").exists());
    let asked = estate.tell(&json!({ "do": "calls" }))["actions"].take();
    assert!(asked.get("ec2 DescribeVpcs").is_none(), "{asked}");
}
