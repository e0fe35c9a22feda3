//! Network ACLs with their entries.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeNetworkAcls",
    types: &["aws_vpc_network_acl"],
    ask: pages!(ec2.describe_network_acls(max_results: 1000), set_next_token),
};
