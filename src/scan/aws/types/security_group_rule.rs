//! The rules of security groups, by their own ids.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeSecurityGroupRules",
    types: &["aws_vpc_security_group_rule"],
    ask: pages!(ec2.describe_security_group_rules(max_results: 1000), set_next_token),
};
