use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use serde_json::Value;

use super::known::Known;
use super::lines;
use super::place::{Arn, Place};
use super::reader::Reader;
use super::rule::edge;
use super::table::ALIASES;
use crate::model::ResourceKey;

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What a member of a small document says.
fn said(rule: super::rule::Rule) -> Vec<String> {
    let properties = r#"{"A":{"Id":"a"},"Empty":"","Kind":"x","List":[{"Id":"b"},{"Id":null},{"Id":"c\"d","Sub":[["e"],"f"]},7],"N":1.50,"Names":["g","h"],"True":true}"#;
    let reader = Reader::new(&[edge("r", "t", "Kind").member, rule.member]);
    reader.read(properties, Some(r#"{"A.Id":"tagged"}"#))[1].iter().map(ToString::to_string).collect()
}

#[test]
fn members_are_read_wherever_they_are() {
    let at = |path| said(edge("r", "t", path));
    assert_eq!(at("A.Id"), ["a"]);
    assert_eq!(at("List[].Id"), ["b", "c\"d"]);
    assert_eq!(at("List[].Sub[]"), ["f"]);
    assert_eq!(at("Names[]"), ["g", "h"]);
    assert_eq!(at("N"), ["1.50"]);
    for nothing in ["Empty", "A", "List", "List.Id", "A[].Id", "Missing.Id", "Names"] {
        assert!(at(nothing).is_empty(), "{nothing}");
    }
    assert_eq!(said(edge("r", "t", "A.Id").tag()), ["tagged"]);
    assert_eq!(said(edge("r", "t", "A.Id").when("Kind", "x")), ["a"]);
    assert_eq!(said(edge("r", "t", "A.Id").when("True", "true")), ["a"]);
    assert!(said(edge("r", "t", "A.Id").when("Kind", "y")).is_empty());
    assert!(said(edge("r", "t", "A.Id").when("Missing", "y")).is_empty());
}

#[test]
fn what_is_no_json_says_nothing() {
    let reader = Reader::new(&[edge("r", "t", "A.Id").member]);
    for text in ["", "null", "[]", "{", "{\"A\":", "\"A\""] {
        assert!(reader.read(text, Some(text)).iter().all(Vec::is_empty), "{text}");
    }
}

#[test]
fn an_arn_tells_an_id_and_a_place() {
    let told = [
        ("arn:aws:iam::1:role/people/ann", "ann", "aws/1/global/"),
        ("arn:aws:iam::1:instance-profile/web", "web", "aws/1/global/"),
        ("arn:aws:rds:eu:1:snapshot:rds:orders-2026", "rds:orders-2026", "aws/1/eu/"),
        ("arn:aws:rds::1:global-cluster:world", "world", "aws/1/global/"),
        ("arn:aws-cn:kms:cn:1:key/1-2", "1-2", "aws/1/cn/"),
        ("arn:aws:s3:::logs/prefix/", "logs", "aws//global/"),
        ("arn:aws:lambda:eu:1:function:resize:7", "resize", "aws/1/eu/"),
        ("arn:aws:logs:eu:1:log-group:/aws/x:*", "/aws/x", "aws/1/eu/"),
        ("arn:aws:sqs:eu:1:new", "new", "aws/1/eu/"),
        ("arn:aws:ec2:eu:1:instance/i-1", "i-1", "aws/1/eu/"),
    ];
    for (text, id, place) in told {
        let arn = Arn::read(text).unwrap();
        assert_eq!((arn.id(), arn.place("aws")), (id, Place::of_key(place)), "{text}");
    }
    for text in ["", "arn:", "arn:aws:s3::x", "i-1", "orders"] {
        assert_eq!(Arn::read(text), None, "{text}");
    }
}

fn batch(columns: [(&str, &[&str]); 2]) -> RecordBatch {
    let columns = columns.into_iter().filter(|(_, values)| !values.is_empty());
    let array = |values: &[&str]| Arc::new(values.iter().copied().map(Some).collect::<StringViewArray>()) as ArrayRef;
    RecordBatch::try_from_iter(columns.map(|(name, values)| (name, array(values)))).unwrap()
}

fn pool(bytes: usize) -> Arc<dyn MemoryPool> {
    Arc::new(GreedyMemoryPool::new(bytes))
}

#[test]
fn of_resources_with_one_name_the_nearest_is_meant() {
    let mut known = Known::new(["aws_vpc"], &pool(usize::MAX));
    let keys = [
        "aws/2/eu/aws_vpc/v",
        "aws/1/us/aws_vpc/v",
        "aws/1/eu/aws_vpc/v",
        "aws/3/global/aws_vpc/v",
        "aws/1/eu/aws_vpc/w",
        "aws/1/eu/aws_nat/v",
    ];
    known.add(&batch([("resource_key", &keys), ("properties", &[])])).unwrap();
    let find = |name, from, anywhere| known.find("aws_vpc", name, Place::of_key(from), anywhere).map(ResourceKey::as_str);
    assert_eq!(find("v", "aws/1/eu/aws_x/x", false), Some("aws/1/eu/aws_vpc/v"));
    assert_eq!(find("v", "aws/2/eu/aws_x/x", true), Some("aws/2/eu/aws_vpc/v"));
    assert_eq!(find("v", "aws/3/eu/aws_x/x", false), Some("aws/3/global/aws_vpc/v"));
    assert_eq!(find("v", "aws/1/ap/aws_x/x", false), None);
    assert_eq!(find("v", "aws/1/ap/aws_x/x", true), Some("aws/1/eu/aws_vpc/v"));
    assert_eq!(find("none", "aws/1/eu/aws_x/x", true), None);
    assert!(known.find("aws_nat", "v", Place::of_key("aws/1/eu/"), true).is_none(), "nobody asked for that type");
}

#[test]
fn route_tables_are_known_by_their_subnets_and_the_main_one_by_its_vpc() {
    let mut known = Known::new(["aws_vpc_route_table"], &pool(usize::MAX));
    let keys = ["aws/1/eu/aws_vpc_route_table/main", "aws/1/eu/aws_vpc_route_table/other"];
    let properties = [
        r#"{"Associations":[{"Main":true},{"Main":false,"SubnetId":"s1"}],"RouteTableId":"main","VpcId":"v"}"#,
        r#"{"Associations":[{"Main":false,"SubnetId":"s2"},{"Main":false,"SubnetId":"s3"}],"RouteTableId":"other","VpcId":"v"}"#,
    ];
    known.add(&batch([("resource_key", &keys), ("properties", &properties)])).unwrap();
    let find = |name| known.find("aws_vpc_route_table", name, Place::of_key("aws/1/eu/"), false).map(|key| key.parts()[4]);
    assert_eq!(["v", "s1", "s2", "s3", "s4", "other"].map(find), [Some("main"), Some("main"), Some("other"), Some("other"), None, None]);
}

#[test]
fn what_is_known_counts_as_a_querys_memory() {
    let pool = pool(300);
    let mut known = Known::new(["aws_vpc"], &pool);
    let keys = |id: &str| batch([("resource_key", &[&format!("aws/1/eu/aws_vpc/{id}")]), ("properties", &[])]);
    known.add(&keys("a")).unwrap();
    assert!(pool.reserved() > 100);
    assert!(known.add(&keys("b")).is_ok() && known.add(&keys("c")).is_err());
    drop(known);
    assert_eq!(pool.reserved(), 0);
}

/// A service's model of a resource: that of the listing that its type is read from.
const MODELS: &[(&str, &str, &str)] = &[
    ("aws_ebs_snapshot", "ec2", "Snapshot"),
    ("aws_ebs_volume", "ec2", "Volume"),
    ("aws_ec2_ami", "ec2", "Image"),
    ("aws_ec2_application_load_balancer", "elbv2", "LoadBalancer"),
    ("aws_ec2_autoscaling_group", "autoscaling", "AutoScalingGroup"),
    ("aws_ec2_gateway_load_balancer", "elbv2", "LoadBalancer"),
    ("aws_ec2_host", "ec2", "Host"),
    ("aws_ec2_instance", "ec2", "Instance"),
    ("aws_ec2_key_pair", "ec2", "KeyPairInfo"),
    ("aws_ec2_load_balancer_listener", "elbv2", "Listener"),
    ("aws_ec2_network_interface", "ec2", "NetworkInterface"),
    ("aws_ec2_network_load_balancer", "elbv2", "LoadBalancer"),
    ("aws_ec2_placement_group", "ec2", "PlacementGroup"),
    ("aws_ec2_spot_instance_request", "ec2", "SpotInstanceRequest"),
    ("aws_ec2_target_group", "elbv2", "TargetGroup"),
    ("aws_ec2_transit_gateway", "ec2", "TransitGateway"),
    ("aws_ec2_transit_gateway_attachment", "ec2", "TransitGatewayAttachment"),
    ("aws_ec2_transit_gateway_route_table", "ec2", "TransitGatewayRouteTable"),
    ("aws_ec2_transit_gateway_vpc_attachment", "ec2", "TransitGatewayVpcAttachment"),
    ("aws_iam_group", "iam", "GroupDetail"),
    ("aws_iam_role", "iam", "RoleDetail"),
    ("aws_iam_user", "iam", "UserDetail"),
    ("aws_rds_db_cluster", "rds", "DBCluster"),
    ("aws_rds_db_cluster_snapshot", "rds", "DBClusterSnapshot"),
    ("aws_rds_db_event_subscription", "rds", "EventSubscription"),
    ("aws_rds_db_instance", "rds", "DBInstance"),
    ("aws_rds_db_option_group", "rds", "OptionGroup"),
    ("aws_rds_db_proxy", "rds", "DBProxy"),
    ("aws_rds_db_snapshot", "rds", "DBSnapshot"),
    ("aws_rds_db_subnet_group", "rds", "DBSubnetGroup"),
    ("aws_rds_global_cluster", "rds", "GlobalCluster"),
    ("aws_vpc", "ec2", "Vpc"),
    ("aws_vpc_egress_only_internet_gateway", "ec2", "EgressOnlyInternetGateway"),
    ("aws_vpc_eip", "ec2", "Address"),
    ("aws_vpc_endpoint", "ec2", "VpcEndpoint"),
    ("aws_vpc_flow_log", "ec2", "FlowLog"),
    ("aws_vpc_internet_gateway", "ec2", "InternetGateway"),
    ("aws_vpc_nat_gateway", "ec2", "NatGateway"),
    ("aws_vpc_network_acl", "ec2", "NetworkAcl"),
    ("aws_vpc_peering_connection", "ec2", "VpcPeeringConnection"),
    ("aws_vpc_route_table", "ec2", "RouteTable"),
    ("aws_vpc_security_group", "ec2", "SecurityGroup"),
    ("aws_vpc_security_group_rule", "ec2", "SecurityGroupRule"),
    ("aws_vpc_subnet", "ec2", "Subnet"),
    ("aws_vpc_vpn_connection", "ec2", "VpnConnection"),
    ("aws_vpc_vpn_gateway", "ec2", "VpnGateway"),
];

/// Types that no model in `data/aws/shapes.json` describes: they are imported, or their answers are JSON already.
const WITHOUT_MODEL: &[&str] = &[
    "aws_cloudtrail_trail",
    "aws_cloudwatch_log_group",
    "aws_dynamodb_table",
    "aws_ec2_classic_load_balancer",
    "aws_ec2_launch_configuration",
    "aws_ec2_launch_template_version",
    "aws_ec2_load_balancer_listener_rule",
    "aws_ecr_repository",
    "aws_ecs_service",
    "aws_ecs_task_definition",
    "aws_efs_file_system",
    "aws_eks_cluster",
    "aws_eks_node_group",
    "aws_elasticache_cluster",
    "aws_elasticache_replication_group",
    "aws_iam_instance_profile",
    "aws_lambda_function",
    "aws_msk_cluster",
    "aws_redshift_cluster",
    "aws_redshift_subnet_group",
    "aws_secretsmanager_secret",
];

/// The shapes of a bucket's parts, each of which is the answer of a call of its own.
const BUCKET_PARTS: &[(&str, &str)] = &[
    ("Encryption.ServerSideEncryptionConfiguration.", "ServerSideEncryptionConfiguration"),
    ("Logging.", "GetBucketLoggingOutput"),
    ("NotificationConfiguration.", "NotificationConfiguration"),
    ("Replication.ReplicationConfiguration.", "ReplicationConfiguration"),
];

/// Where the model of a type's member begins: service, shape, and the rest of the path.
fn modelled<'p>(from_type: &str, path: &'p str) -> Option<(&'static str, &'static str, &'p str)> {
    if from_type == "aws_s3_bucket" {
        return BUCKET_PARTS.iter().find_map(|(part, shape)| Some(("s3", *shape, path.strip_prefix(part)?)));
    }
    MODELS.iter().find(|(model, ..)| *model == from_type).map(|(_, service, shape)| (*service, *shape, path))
}

/// Follows a path through a service's shapes; the shape at its end.
fn follow<'s>(shapes: &'s Value, from: &'s str, path: &str) -> Result<&'s str, String> {
    path.split('.').try_fold(from, |shape, step| {
        let name = step.trim_end_matches("[]");
        let members = shapes[shape]["members"].as_object().ok_or_else(|| format!("{shape} has no members"))?;
        let found = members.iter().find_map(|(wire, told)| {
            let told = told.as_str().unwrap();
            let (member, shape) = told.split_once(' ').unwrap_or((wire, told));
            (member == name).then_some(shape)
        });
        let next = found.ok_or_else(|| format!("{shape} has no {name}"))?;
        let element = next.strip_suffix("[]").or_else(|| shapes[next]["list"][1].as_str());
        match (element, step == name) {
            (Some(element), false) => Ok(element),
            (None, true) => Ok(next),
            _ => Err(format!("{shape}: {step} is or is no list")),
        }
    })
}

#[test]
fn rules_read_what_the_services_document() {
    let shapes: Value = serde_json::from_str(&read("data/aws/shapes.json")).unwrap();
    let mut without_model = BTreeSet::new();
    let members = lines().map(|line| (line.from_type, line.rule.member)).chain(ALIASES.iter().map(|alias| (alias.of_type, alias.member)));
    for (from_type, member) in members.filter(|(_, member)| !member.is_tag) {
        for path in [Some(member.path), member.when.map(|(path, _)| path)].into_iter().flatten() {
            let Some((service, shape, rest)) = modelled(from_type, path) else {
                without_model.insert(from_type);
                continue;
            };
            let end = follow(&shapes["services"][service]["shapes"], shape, rest);
            assert!(matches!(end, Ok("string" | "boolean")), "{from_type} {path}: {end:?}");
        }
    }
    assert_eq!(without_model, BTreeSet::from_iter(WITHOUT_MODEL.iter().copied()));
}

#[test]
fn no_line_stands_twice() {
    let mut seen = BTreeMap::new();
    for line in lines() {
        let rule = line.rule;
        let said = format!("{} {} {} {} {:?}", line.from_type, rule.relation, rule.to_type, rule.member.path, rule.names);
        *seen.entry(said).or_insert(0) += 1;
    }
    seen.retain(|_, count| *count > 1);
    assert!(seen.is_empty(), "{seen:?}");
}

#[test]
fn architecture_lists_the_relations() {
    let text = read("ARCHITECTURE.md");
    let listed = text.split("\n| relation |").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let listed: BTreeSet<&str> = listed.split('`').skip(1).step_by(2).filter(|word| !word.starts_with("aws_")).collect();
    assert_eq!(listed, lines().map(|line| line.rule.relation).collect());
}
