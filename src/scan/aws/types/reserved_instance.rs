//! Reserved instances: the call has no pages.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeReservedInstances",
    types: &["aws_ec2_reserved_instance"],
    ask: whole!(ec2.describe_reserved_instances()),
};
