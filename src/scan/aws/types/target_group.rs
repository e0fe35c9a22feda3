//! Target groups of load balancers, without the health of their targets.

use serde_json::json;

use super::{Api, Ask, Query, TagCall};

pub(super) const API: Api = Api {
    service: "elbv2",
    operation: "DescribeTargetGroups",
    types: &["aws_ec2_target_group"],
    ask: Ask::Caller(Query::pages("Marker", || json!({ "PageSize": 400 })).tags(TagCall { gone: "TargetGroupNotFound", ..TAGS })),
};

/// The tags of everything that load balancing has.
pub(super) const TAGS: TagCall = TagCall {
    operation: "DescribeTags",
    at_once: 20,
    input: |arns| json!({ "ResourceArns": arns }),
    list: Some("TagDescriptions"),
    gone: "LoadBalancerNotFound",
};
