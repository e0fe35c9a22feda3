//! Typed views on answers that a service gave: what they show is read from the answers again, without Elava.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::run::Bench;

fn recorded(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/aws/recorded").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A store with an answer.
fn holding(name: &str, answer: &Value) -> Bench {
    let bench = Bench::new();
    let file = format!("{name}.json");
    bench.write(&file, &answer.to_string());
    let import = ["import", "--format", "aws-cli", "--account", "123456789012", "--region", "eu-west-1", "--complete", &file];
    let told = bench.elava(&import);
    assert!(told.starts_with("exit 0"), "{told}");
    bench
}

/// The rows of a query, JSON as JSON.
fn rows(bench: &Bench, sql: &str) -> Value {
    let output = bench.output(&["--store", "store", "sql", sql, "--format", "json", "--nested"], "");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_route_table_has_a_row_for_each_of_its_routes() {
    let answer = recorded("ec2-DescribeRouteTables");
    let bench = holding("ec2-DescribeRouteTables", &answer);
    let mut expected = Vec::new();
    for table in answer["RouteTables"].as_array().unwrap() {
        for route in table["Routes"].as_array().unwrap() {
            expected.push(json!({"t": table["RouteTableId"], "to": route["DestinationCidrBlock"], "through": route["GatewayId"]}));
        }
    }
    assert!(expected.len() > 3, "the answer has too few routes to tell anything");
    expected.sort_by_key(ToString::to_string);
    for view in ["aws_vpc_route", "aws_vpc_route_as_of('head')", "aws_vpc_route_versions", "aws_vpc_route FOR SYSTEM_TIME AS OF 'head'"] {
        let sql = format!("SELECT route_table_id AS t, destination_cidr_block AS \"to\", gateway_id AS through FROM {view}");
        let mut found = rows(&bench, &sql).as_array().unwrap().clone();
        found.sort_by_key(ToString::to_string);
        assert_eq!(found, expected, "{view}");
    }
    assert_eq!(rows(&bench, "SELECT count(*) AS n FROM aws_vpc_route_as_of(0)"), json!([{"n": 0}]));
    let beyond = "SELECT count(*) AS n FROM aws_vpc_route WHERE gateway_id ILIKE 'igw%' AND destination_cidr_block = '0.0.0.0/0'";
    assert_eq!(rows(&bench, beyond), json!([{"n": 1}]));
}

#[test]
fn policies_of_iam_are_shown_in_one_form() {
    let answer = recorded("iam-GetAccountAuthorizationDetails");
    let bench = holding("iam-GetAccountAuthorizationDetails", &answer);
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Action": ["s3:get*", "s3:list*"],
        "Condition": {"NumericLessThan": {"s3:max-keys": ["10"]}},
        "Effect": "Allow",
        "Resource": ["*"],
    }]});
    let policy = "SELECT policy_std, is_attached, is_aws_managed, attachment_count FROM aws_iam_policy";
    let expected = json!([{"policy_std": document, "is_attached": true, "is_aws_managed": false, "attachment_count": 2}]);
    assert_eq!(rows(&bench, policy), expected);
    let user = "SELECT name, groups, attached_policy_arns, inline_policies_std FROM aws_iam_user";
    let expected = json!([{
        "name": "ann",
        "groups": [{"GroupName": "developers"}],
        "attached_policy_arns": ["arn:aws:iam::123456789012:policy/read"],
        "inline_policies_std": [{"PolicyName": "own", "PolicyDocument": document}],
    }]);
    assert_eq!(rows(&bench, user), expected);
    let role = "SELECT name, inline_policies, trust FROM aws_iam_role, \
                jsonb_array_elements_text(assume_role_policy_std -> 'Statement' -> 0 -> 'Principal' -> 'Service') AS trust";
    assert_eq!(rows(&bench, role), json!([{"name": "web", "inline_policies": null, "trust": "ec2.amazonaws.com"}]));
}

#[test]
fn a_request_for_a_spot_instance_is_shown_as_the_service_tells_it() {
    let answer = recorded("ec2-DescribeSpotInstanceRequests");
    let bench = holding("ec2-DescribeSpotInstanceRequests", &answer);
    let told = &answer["SpotInstanceRequests"][0];
    let sql = "SELECT spot_instance_request_id AS id, instance_id, spot_price AS price, status_code AS code, fault_code AS fault, \
               launch_specification AS launch, valid_until AS until, title FROM aws_ec2_spot_instance_request";
    let expected = json!([{
        "id": told["SpotInstanceRequestId"],
        "instance_id": told["InstanceId"],
        "price": told["SpotPrice"],
        "code": told["Status"]["Code"],
        "fault": null,
        "launch": told["LaunchSpecification"],
        "until": null,
        "title": told["Tags"][0]["Value"],
    }]);
    assert_eq!(rows(&bench, sql), expected);
}
