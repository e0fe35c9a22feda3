//! NAT gateways; deleted ones are listed for about an hour.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeNatGateways",
    types: &["aws_vpc_nat_gateway"],
    ask: pages!(ec2.describe_nat_gateways(max_results: 1000), set_next_token),
};
