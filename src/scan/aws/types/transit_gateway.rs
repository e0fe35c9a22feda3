//! Transit gateways.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeTransitGateways",
    types: &["aws_ec2_transit_gateway"],
    ask: pages!(ec2.describe_transit_gateways(max_results: 1000), set_next_token),
};
