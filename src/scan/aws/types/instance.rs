//! Instances. A page holds whole reservations.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeInstances",
    types: &["aws_ec2_instance"],
    ask: pages!(ec2.describe_instances(max_results: 1000), set_next_token),
};
