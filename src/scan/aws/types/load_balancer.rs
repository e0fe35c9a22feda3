//! Application, network and gateway load balancers. `properties` is the load balancer as listed, and `LoadBalancerAttributes`:
//! the list that `describe-load-balancer-attributes` prints. Missing: the credentials do not allow to ask.

use serde_json::json;

use super::target_group::TAGS;
use super::{Api, Ask, MemberCall, Query};

pub(super) const API: Api = Api {
    service: "elbv2",
    operation: "DescribeLoadBalancers",
    types: &["aws_ec2_application_load_balancer", "aws_ec2_network_load_balancer", "aws_ec2_gateway_load_balancer"],
    ask: Ask::Caller(Query::pages("Marker", || json!({ "PageSize": 400 })).member(&ATTRIBUTES).tags(TAGS)),
};

const ATTRIBUTES: MemberCall = MemberCall {
    name: "LoadBalancerAttributes",
    operation: "DescribeLoadBalancerAttributes",
    input: |arn| json!({ "LoadBalancerArn": arn }),
    list: "Attributes",
    gone: "LoadBalancerNotFound",
};
