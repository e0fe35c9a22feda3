//! `elava scan` sees what boto3 sees, on a moto server in which operators change things.

mod accounts;
mod daemon;
pub mod estate;
mod honesty;
mod terminal;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use estate::{Estate, store_in};

const ACCOUNT: &str = "111122223333";
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Resources by type, region and id.
type Resources = BTreeMap<(String, String, String), Value>;

/// What changes by itself and never makes a version: it is as it was when the version began.
const VOLATILE: [&str; 1] = ["AvailableIpAddressCount"];

/// What is never stored, where moto answers it.
const SECRETS: [&str; 4] = [
    "/CustomerGatewayConfiguration",
    "/Environment/Variables/TOKEN",
    "/Environment/Variables/STAGE",
    "/DefaultActions/0/AuthenticateOidcConfig/ClientSecret",
];

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
                if matches!(state, Some("terminated" | "deleted" | "delete-complete")) {
                    continue;
                }
                for secret in SECRETS {
                    if let Some(secret) = properties.pointer_mut(secret) {
                        *secret = json!("<redacted>");
                    }
                }
                resources.insert((resource_type.clone(), region.clone(), id.clone()), properties.take());
            }
        }
    }
    resources
}

/// What the store says was there at a point.
fn stored(estate: &mut Estate, store: &std::path::Path, account: &str, at: &str) -> Resources {
    stored_as(estate, store, account, at, "resource_type")
}

/// The same, by another name of the types.
fn stored_as(estate: &mut Estate, store: &std::path::Path, account: &str, at: &str, type_column: &str) -> Resources {
    let sql = format!(
        "SELECT {type_column} AS resource_type, region, resource_id, properties FROM resources_as_of('{at}') WHERE account_id = '{account}'"
    );
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
    for name in ["aws_iam_policy", "aws_iam_role", "aws_ec2_gateway_load_balancer", "aws_ec2_spot_instance_request"] {
        assert!(history[0].keys().any(|(resource_type, ..)| resource_type == name), "there is no {name} to be seen");
    }
    assert!(history[0].len() > 200, "{} resources are too few", history[0].len());
    for (step, expected) in history.iter().enumerate() {
        let at = if step == 3 { "head".to_owned() } else { format!("head~{}", 3 - step) };
        let found = stored(&mut estate, &store, ACCOUNT, &at);
        assert_same(&found, expected, &format!("after step {step}"));
    }
}

/// Of what is listed without its tags, they are asked for beside it.
#[test]
fn tags_that_are_not_listed_are_those_that_the_services_tell() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 2);
    for step in 0..=3 {
        if step > 0 {
            estate.change(ACCOUNT, "us-east-1", step);
        }
        let (status, said) = estate.scan_types(ACCOUNT, &store, &["us-east-1"], &["aws_ec2_*", "aws_lambda_*"]);
        assert_eq!(status, 0, "{said}");
        let sql = "SELECT arn, tags FROM resources WHERE arn LIKE '%:elasticloadbalancing:%' OR arn LIKE '%:lambda:%'";
        let rows = estate.sql(&store, sql);
        let found: BTreeMap<&str, &Value> = rows.iter().map(|row| (row["arn"].as_str().unwrap(), &row["tags"])).collect();
        let told = estate.tell(&json!({ "do": "expect_tags", "account": ACCOUNT, "regions": ["us-east-1"] }))["tags"].take();
        let told: BTreeMap<&str, &Value> = told.as_object().unwrap().iter().map(|(arn, tags)| (arn.as_str(), tags)).collect();
        assert!(told.len() > 30);
        assert_eq!(found, told, "after step {step}");
    }
}

/// What goes away between the list and the question for its tags keeps those that it had, and spoils no others'; what may not be
/// asked is unknown, not empty.
#[test]
fn tags_are_asked_one_by_one_where_one_is_gone_and_unknown_where_that_is_not_allowed() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 2);
    let refused =
        |code: &str, times: Option<u64>| json!([{ "action": "DescribeTags", "kind": "deny", "code": code, "status": 400, "times": times }]);
    let tagged = "SELECT count(tags) AS known, count(tags['Name']) AS named, count(*) AS all_of_them FROM resources";
    let gone = |times| refused("TargetGroupNotFound", times);
    for (faults, known) in [(gone(Some(1)), 27), (gone(None), 27), (refused("AccessDenied", None), 0)] {
        estate.faults(&faults);
        let (status, said) = estate.scan_types(ACCOUNT, &store, &["us-east-1"], &["aws_ec2_target_group"]);
        assert_eq!(status, 0, "{said}");
        assert_eq!(said.contains("tags are not known: AccessDenied"), known == 0, "{said}");
        let rows = estate.sql(&store, tagged);
        assert_eq!(rows, [json!({ "known": known, "named": if known > 0 { 18 } else { 0 }, "all_of_them": 27 })]);
    }
}

/// What is asked for load balancer by load balancer: one that went away is seen as it is known, what may not be asked is missing.
#[test]
fn attributes_of_load_balancers_are_kept_where_one_is_gone_and_missing_where_they_may_not_be_asked() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    estate.build(ACCOUNT, "us-east-1", 2);
    let refused = |code: &str| json!([{ "action": "DescribeLoadBalancerAttributes", "kind": "deny", "code": code, "status": 400 }]);
    let scanned = |estate: &mut Estate, faults: Value| {
        estate.faults(&faults);
        let (status, said) = estate.scan_types(ACCOUNT, &store, &["us-east-1"], &["aws_ec2_*_load_balancer"]);
        assert_eq!(status, 0, "{said}");
        (said, stored(estate, &store, ACCOUNT, "head"))
    };
    let (_, before) = scanned(&mut estate, json!([]));
    assert_eq!(before.len(), 6);
    assert!(before.values().all(|properties| properties["LoadBalancerAttributes"].as_array().is_some_and(|list| list.len() > 2)));
    let shown = "SELECT count(*) AS shown FROM aws_ec2_network_load_balancer \
                 WHERE load_balancer_attributes @> '[{\"Key\":\"deletion_protection.enabled\",\"Value\":\"false\"}]'";
    assert_eq!(estate.sql(&store, shown), [json!({ "shown": 2 })]);
    // What has changed by then is not seen of what is gone.
    estate.change(ACCOUNT, "us-east-1", 1);
    let (said, after) = scanned(&mut estate, refused("LoadBalancerNotFound"));
    assert_same(&after, &before, "gone");
    assert_eq!(said.matches("went away since it was listed").count(), 6, "{said}");
    let (said, after) = scanned(&mut estate, refused("AccessDenied"));
    assert!(after.len() == 6 && after.values().all(|properties| properties.get("LoadBalancerAttributes").is_none()));
    assert_eq!(said.matches("LoadBalancerAttributes is not known: AccessDenied").count(), 1, "{said}");
}

/// The long tail: moto has no Cloud Control, so `tests/aws/cloud_control.py` answers for it, of what moto's other services hold.
#[test]
fn types_of_cloud_control_are_listed_as_the_service_tells_them() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    REGIONS.iter().for_each(|region| estate.build(ACCOUNT, region, 2));
    estate.page(2);
    for step in 0..=2 {
        if step > 0 {
            REGIONS.iter().for_each(|region| estate.change(ACCOUNT, region, step));
        }
        let asked = ["AWS::Logs::*", "AWS::SQS::Queue", "AWS::Logs::LogStream", "AWS::New::Thing"];
        let (status, said) = estate.scan_types(ACCOUNT, &store, &REGIONS, &asked);
        assert_eq!(status, 0, "{said}");
        let types = ["AWS::Logs::LogGroup", "AWS::SQS::Queue"];
        let mut told_types = estate.tell(&json!({ "do": "expect_types", "account": ACCOUNT, "regions": REGIONS, "types": types }));
        let expected = told(told_types["resources"].take());
        let found = stored_as(&mut estate, &store, ACCOUNT, "head", "native_type");
        assert!(found.len() > 12);
        assert_same(&found, &expected, &format!("after step {step}"));
    }
    let group = "SELECT resource_type, arn, tags['Owner'] AS owner FROM resources WHERE resource_id = '/web/0' AND region = 'us-east-1'";
    let arn = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/web/0:*");
    let expected = json!({ "resource_type": "aws_cloudwatch_log_group", "arn": arn, "owner": "team & <web> \"x\" 'y'" });
    assert_eq!(estate.sql(&store, group), [expected]);
    let skipped = "SELECT DISTINCT resource_type, error_code FROM coverage WHERE status <> 'complete' ORDER BY 1";
    let codes: Vec<Value> = estate.sql(&store, skipped);
    let skip = |name: &str, code: &str| json!({ "resource_type": name, "error_code": code });
    let expected = [
        skip("aws_cloudwatch_log_log_stream", "InvalidRequestException"),
        skip("aws_cloudwatch_log_metric_filter", "UnsupportedActionException"),
        skip("aws_new_thing", "TypeNotFoundException"),
    ];
    assert_eq!(codes, expected);
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

    let of = |service: &str, action: &str, kind: &str| json!({ "service": service, "action": action, "kind": kind });
    let rule = |action: &str, kind: &str| of("ec2", action, kind);
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
        of("iam", "GetAccountAuthorizationDetails", "deny"),
        of("elasticloadbalancing", "DescribeListeners", "throttle"),
        of("elasticloadbalancing", "DescribeTargetGroups", "repeat_token"),
        of("autoscaling", "DescribeAutoScalingGroups", "truncate"),
        json!({ "service": "elasticloadbalancing", "action": "DescribeLoadBalancers", "kind": "error500", "times": 2 }),
        of("lambda", "GET /2015-03-31/functions", "throttle"),
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
        ["aws_ec2_autoscaling_group", "failed", "bad_answer"],
        ["aws_ec2_load_balancer_listener", "failed", "Throttling"],
        ["aws_ec2_network_interface", "failed", "unreachable"],
        ["aws_ec2_target_group", "partial", "bad_answer"],
        ["aws_iam_group", "failed", "AccessDenied"],
        ["aws_iam_policy", "failed", "AccessDenied"],
        ["aws_iam_role", "failed", "AccessDenied"],
        ["aws_iam_user", "failed", "AccessDenied"],
        ["aws_lambda_function", "failed", "TooManyRequestsException"],
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
    let [disabled, global, home] = &*statuses else { panic!("{statuses:?}") };
    assert_eq!(*disabled, json!({ "region": "ap-east-1", "status": "skipped", "error_code": "region_disabled" }));
    assert_eq!((&global["region"], &home["region"]), (&json!("global"), &json!("us-east-1")));
    let (status, said) = estate.scan(ACCOUNT, &store, &["us-esat-1"]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("AWS has no region \"us-esat-1\""), "{said}");
}

/// The server before moto checks signatures: without that, none of these tests could tell a request that AWS would refuse.
#[test]
fn a_request_with_a_wrong_signature_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let mut estate = Estate::start();
    let endpoint = estate.endpoint().to_owned();
    let arguments = ["scan", "--region", "us-east-1", "--endpoint-url", &endpoint];
    let output = estate.command(ACCOUNT, &store_in(&scratch), &arguments).env("AWS_SECRET_ACCESS_KEY", "wrong").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("SignatureDoesNotMatch"));
}

/// One service elsewhere, as the environment says: nobody is there, and the others are asked as ever.
#[test]
fn each_service_can_have_an_address_of_its_own() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    let endpoint = estate.endpoint().to_owned();
    let arguments = ["scan", "--region", "us-east-1", "--type", "aws_iam_user", "--type", "aws_ec2_autoscaling_group"];
    let mut command = estate.command(ACCOUNT, &store, &arguments);
    let output = command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_ENDPOINT_URL_AUTO_SCALING", "http://127.0.0.1:9").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let sql =
        "SELECT resource_type, error_code FROM coverage WHERE resource_type IN ('aws_iam_user', 'aws_ec2_autoscaling_group') ORDER BY 1";
    let expected = [
        json!({ "resource_type": "aws_ec2_autoscaling_group", "error_code": "unreachable" }),
        json!({ "resource_type": "aws_iam_user", "error_code": null }),
    ];
    assert_eq!(estate.sql(&store, sql), expected);
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

    let sql = "SELECT count(*) AS hidden FROM resources WHERE CAST(properties AS TEXT) LIKE '%\"TOKEN\":\"<redacted>\"%'";
    assert_eq!(estate.sql(&store, sql), [json!({ "hidden": 3 })], "values of environments are replaced, their names kept");

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
    let mut permissions = |types: &[&str]| -> Vec<String> {
        let mut arguments = vec!["scan", "--dry-run", "--region", "us-east-1", "--endpoint-url", &endpoint];
        types.iter().for_each(|name| arguments.extend(["--type", name]));
        let output = estate.elava(ACCOUNT, &scratch.path().join("other"), &arguments);
        let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
        plan["policy"]["Statement"][0]["Action"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let published: Value = serde_json::from_str(include_str!("../../data/aws/policy.json")).unwrap();
    assert_eq!(json!(permissions(&[])), published["Statement"][0]["Action"], "data/aws/policy.json is what a scan of all types needs");
    let asked = permissions(&[
        "aws_iam_user",
        "aws_ec2_*_load_balancer",
        "aws_ec2_load_balancer_listener",
        "aws_lambda_function",
        "AWS::SQS::Queue",
    ]);
    let expected = [
        "cloudformation:ListResources",
        "ec2:DescribeRegions",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "iam:GetAccountAuthorizationDetails",
        "lambda:ListFunctions",
        "lambda:ListTags",
        "sqs:ListQueues",
        "sts:GetCallerIdentity",
    ];
    assert_eq!(asked, expected);
    let asked = estate.tell(&json!({ "do": "calls" }))["actions"].take();
    assert!(asked.get("ec2 DescribeVpcs").is_none(), "{asked}");
}
