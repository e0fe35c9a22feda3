//! Application, network and gateway load balancers.

use serde_json::json;

use super::target_group::TAGS;
use super::{Api, Ask, Query};

pub(super) const API: Api = Api {
    service: "elbv2",
    operation: "DescribeLoadBalancers",
    types: &["aws_ec2_application_load_balancer", "aws_ec2_network_load_balancer", "aws_ec2_gateway_load_balancer"],
    ask: Ask::Caller(Query::pages("Marker", || json!({ "PageSize": 400 })).tags(TAGS)),
};
