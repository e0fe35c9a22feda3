//! Network interfaces, those of services included.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeNetworkInterfaces",
    types: &["aws_ec2_network_interface"],
    ask: pages!(ec2.describe_network_interfaces(max_results: 1000), set_next_token),
};
