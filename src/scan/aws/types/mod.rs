//! What is listed, one file each: the call, the resource types in its answers, and how it is asked for a page.
//!
//! A new type is a file here, a line in [`APIS`], the operation in `data/aws/generate_shapes.py`, a recorded answer, and
//! a view in `sql/types`; tests ask for the last two. Services of which little is asked have no generated client: a [`Query`]
//! is all that their calls need. What the columns of a type are read from is in the table of `ingest/convert`, which imports
//! share.

use futures::future::BoxFuture;
use serde_json::Value;

use super::call::Answer;
use super::clients::Clients;
use crate::model::Json;
use crate::scan::provider::Failure;

/// One call that lists resources.
#[derive(Debug)]
pub(super) struct Api {
    /// The service, as the command line and the shape table name it.
    pub(super) service: &'static str,
    /// The operation.
    pub(super) operation: &'static str,
    /// The resource types that it lists.
    pub(super) types: &'static [&'static str],
    /// How it is asked.
    pub(super) ask: Ask,
}

/// A call under way.
pub(super) type Asking<'a> = BoxFuture<'a, Result<Answer, Failure>>;

/// How a call is asked for a page: the first, or the one that a token names.
#[derive(Debug)]
pub(super) enum Ask {
    /// By the client that was generated for the service.
    Client(for<'a> fn(&'a Clients, Option<String>) -> Asking<'a>),
    /// By the client of any service.
    Caller(Query),
}

/// What the client of any service is to ask for.
#[derive(Debug)]
pub(super) struct Query {
    /// The parameters but for the page.
    pub(super) input: fn() -> Value,
    /// The parameter that names a page.
    pub(super) token: &'static str,
    /// What it is asked for one by one, where it does not list all of a region.
    pub(super) each: Option<Each>,
    /// What the list does not show of each.
    pub(super) member: Option<&'static MemberCall>,
    /// Where the tags are, if not in the list.
    pub(super) tags: Option<TagCall>,
    /// Which elements of the list are taken.
    pub(super) takes: fn(&Json) -> bool,
}

/// The resources for which a call is asked one by one.
#[derive(Debug)]
pub(super) struct Each {
    /// The call that lists them.
    pub(super) api: &'static Api,
    /// The member of its answer that is the list.
    pub(super) list: &'static str,
    /// The member of each that is its id, and the parameter that takes it.
    pub(super) id: &'static str,
    /// The code that says that it went away since it was listed.
    pub(super) gone: &'static str,
}

/// A call about one resource, by its ARN, whose answer becomes a member of `properties`.
#[derive(Debug)]
pub(super) struct MemberCall {
    /// The member.
    pub(super) name: &'static str,
    /// The operation.
    pub(super) operation: &'static str,
    /// Its parameters.
    pub(super) input: fn(&str) -> Value,
    /// The list in its answer that the member is.
    pub(super) list: &'static str,
    /// The code that says that the resource went away since it was listed.
    pub(super) gone: &'static str,
}

/// A call that tells the tags of resources, by their ARNs.
#[derive(Debug)]
pub(super) struct TagCall {
    /// The operation.
    pub(super) operation: &'static str,
    /// So many resources in one call.
    pub(super) at_once: usize,
    /// Its parameters.
    pub(super) input: fn(&[&str]) -> Value,
    /// The list in its answer, of elements with `ResourceArn` and `Tags`; without one the answer is such an element.
    pub(super) list: Option<&'static str>,
    /// The code that says that one of them went away since it was listed.
    pub(super) gone: &'static str,
}

impl Query {
    /// All of a region, page by page.
    const fn pages(token: &'static str, input: fn() -> Value) -> Self {
        Self { input, token, each: None, member: None, tags: None, takes: |_| true }
    }

    /// It is asked for each of these.
    const fn each(mut self, each: Each) -> Self {
        self.each = Some(each);
        self
    }

    /// Each has a member that another call tells.
    const fn member(mut self, member: &'static MemberCall) -> Self {
        self.member = Some(member);
        self
    }

    /// The tags are in another call's answer.
    const fn tags(mut self, tags: TagCall) -> Self {
        self.tags = Some(tags);
        self
    }

    /// Only these are taken.
    const fn takes(mut self, takes: fn(&Json) -> bool) -> Self {
        self.takes = takes;
        self
    }
}

/// A listing with pages, by a generated client: service, operation, and what is asked for beside the page.
macro_rules! pages {
    ($service:ident . $operation:ident ($($set:ident: $value:expr),*), $set_token:ident) => {
        $crate::scan::aws::types::Ask::Client(|clients, token| {
            Box::pin(async move {
                let wire = $crate::scan::aws::call::Wire::default();
                let call = clients.$service.$operation().$set_token(token)$(.$set($value))*;
                wire.clone().answer(call.customize().interceptor(wire).send().await)
            })
        })
    };
}

/// A listing that has one page, by a generated client.
macro_rules! whole {
    ($service:ident . $operation:ident ($($set:ident: $value:expr),*)) => {
        $crate::scan::aws::types::Ask::Client(|clients, _| {
            Box::pin(async move {
                let wire = $crate::scan::aws::call::Wire::default();
                let call = clients.$service.$operation()$(.$set($value))*;
                wire.clone().answer(call.customize().interceptor(wire).send().await)
            })
        })
    };
}

mod autoscaling_group;
mod capacity_reservation;
mod customer_gateway;
mod db_cluster;
mod db_cluster_parameter_group;
mod db_cluster_snapshot;
mod db_event_subscription;
mod db_global_cluster;
mod db_instance;
mod db_option_group;
mod db_parameter_group;
mod db_proxy;
mod db_snapshot;
mod db_subnet_group;
mod dedicated_host;
mod dhcp_options;
mod egress_only_internet_gateway;
mod elastic_ip;
mod flow_log;
mod identity;
mod image;
mod instance;
mod internet_gateway;
mod key_pair;
mod lambda_function;
mod launch_template;
mod load_balancer;
mod load_balancer_listener;
mod managed_prefix_list;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod placement_group;
mod reserved_db_instance;
mod reserved_instance;
mod route_table;
mod security_group;
mod security_group_rule;
mod snapshot;
mod spot_instance_request;
mod subnet;
mod target_group;
mod transit_gateway;
mod transit_gateway_attachment;
mod transit_gateway_route_table;
mod transit_gateway_vpc_attachment;
mod volume;
mod vpc;
mod vpc_endpoint;
mod vpc_peering_connection;
mod vpn_connection;
mod vpn_gateway;

/// All calls that list resources: first those that ask for each of several by itself, and so take longest.
pub(super) const APIS: &[Api] = &[
    load_balancer_listener::API,
    load_balancer::API,
    lambda_function::API,
    instance::API,
    vpc::API,
    subnet::API,
    route_table::API,
    nat_gateway::API,
    internet_gateway::API,
    egress_only_internet_gateway::API,
    security_group::API,
    security_group_rule::API,
    network_acl::API,
    network_interface::API,
    elastic_ip::API,
    vpc_endpoint::API,
    vpc_peering_connection::API,
    volume::API,
    snapshot::API,
    image::API,
    key_pair::API,
    launch_template::API,
    flow_log::API,
    managed_prefix_list::API,
    transit_gateway::API,
    transit_gateway_attachment::API,
    transit_gateway_vpc_attachment::API,
    transit_gateway_route_table::API,
    vpn_connection::API,
    vpn_gateway::API,
    customer_gateway::API,
    dhcp_options::API,
    dedicated_host::API,
    placement_group::API,
    reserved_instance::API,
    capacity_reservation::API,
    spot_instance_request::API,
    db_instance::API,
    db_cluster::API,
    db_snapshot::API,
    db_cluster_snapshot::API,
    db_subnet_group::API,
    db_parameter_group::API,
    db_cluster_parameter_group::API,
    db_option_group::API,
    db_event_subscription::API,
    db_proxy::API,
    db_global_cluster::API,
    reserved_db_instance::API,
    target_group::API,
    autoscaling_group::API,
    identity::API,
];
