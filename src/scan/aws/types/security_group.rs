//! Security groups.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeSecurityGroups",
    types: &["aws_vpc_security_group"],
    ask: pages!(ec2.describe_security_groups(max_results: 1000), set_next_token),
};
