//! EBS snapshots that the account owns.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeSnapshots",
    types: &["aws_ebs_snapshot"],
    ask: pages!(ec2.describe_snapshots(owner_ids: "self", max_results: 1000), set_next_token),
};
