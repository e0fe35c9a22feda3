//! VPCs.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeVpcs",
    types: &["aws_vpc"],
    ask: pages!(ec2.describe_vpcs(max_results: 1000), set_next_token),
};
