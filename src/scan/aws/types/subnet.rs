//! Subnets, those shared with the account included.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeSubnets",
    types: &["aws_vpc_subnet"],
    ask: pages!(ec2.describe_subnets(max_results: 1000), set_next_token),
};
