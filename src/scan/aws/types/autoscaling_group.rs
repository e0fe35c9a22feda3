//! Auto Scaling groups, with their instances.

use serde_json::json;

use super::{Api, Ask, Query};

pub(super) const API: Api = Api {
    service: "autoscaling",
    operation: "DescribeAutoScalingGroups",
    types: &["aws_ec2_autoscaling_group"],
    ask: Ask::Caller(Query::pages("NextToken", || json!({ "MaxRecords": 100 }))),
};
