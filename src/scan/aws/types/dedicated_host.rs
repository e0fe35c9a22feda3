//! Dedicated hosts.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeHosts",
    types: &["aws_ec2_host"],
    ask: pages!(ec2.describe_hosts(max_results: 500), set_next_token),
};
