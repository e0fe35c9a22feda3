//! Egress-only internet gateways.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeEgressOnlyInternetGateways",
    types: &["aws_vpc_egress_only_internet_gateway"],
    ask: pages!(ec2.describe_egress_only_internet_gateways(max_results: 255), set_next_token),
};
