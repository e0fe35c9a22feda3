//! Listeners of load balancers: asked for one load balancer at a time.

use serde_json::json;

use super::target_group::TAGS;
use super::{Api, Ask, Each, Query, TagCall, load_balancer};

pub(super) const API: Api = Api {
    service: "elbv2",
    operation: "DescribeListeners",
    types: &["aws_ec2_load_balancer_listener"],
    ask: Ask::Caller(
        Query::pages("Marker", || json!({ "PageSize": 400 }))
            .each(Each { api: &load_balancer::API, list: "LoadBalancers", id: "LoadBalancerArn", gone: "LoadBalancerNotFound" })
            .tags(TagCall { gone: "ListenerNotFound", ..TAGS }),
    ),
};
