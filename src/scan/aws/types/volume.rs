//! EBS volumes.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeVolumes",
    types: &["aws_ebs_volume"],
    ask: pages!(ec2.describe_volumes(max_results: 500), set_next_token),
};
