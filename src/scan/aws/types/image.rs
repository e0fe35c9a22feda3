//! Machine images that the account owns.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeImages",
    types: &["aws_ec2_ami"],
    ask: pages!(ec2.describe_images(owners: "self", max_results: 1000), set_next_token),
};
