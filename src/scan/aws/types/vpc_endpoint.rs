//! VPC endpoints.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeVpcEndpoints",
    types: &["aws_vpc_endpoint"],
    ask: pages!(ec2.describe_vpc_endpoints(max_results: 1000), set_next_token),
};
