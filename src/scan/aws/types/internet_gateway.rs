//! Internet gateways.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeInternetGateways",
    types: &["aws_vpc_internet_gateway"],
    ask: pages!(ec2.describe_internet_gateways(max_results: 1000), set_next_token),
};
