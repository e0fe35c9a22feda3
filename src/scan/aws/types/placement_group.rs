//! Placement groups: the call has no pages.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribePlacementGroups",
    types: &["aws_ec2_placement_group"],
    ask: whole!(ec2.describe_placement_groups()),
};
