//! `elava scan` sees what boto3 sees, on a moto server in which operators change things.

mod estate;

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
        assert_eq!(found, properties, "{when}: {key:?}");
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
