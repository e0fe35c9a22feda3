//! What is listed, one file each: the call, the resource types in its answers, and how it is asked for a page.
//!
//! A new type is a file here, a line in [`APIS`], the operation in `data/aws/generate_shapes.py` and a recorded answer, which a
//! test asks for. What the columns of a type are read from is in the table of `ingest/convert`, which imports share.

use futures::future::BoxFuture;

use super::call::Answer;
use super::clients::Clients;
use crate::scan::provider::Failure;

/// Asks for a page: the first, or the one that a token names.
pub(super) type Ask = for<'a> fn(&'a Clients, Option<String>) -> BoxFuture<'a, Result<Answer, Failure>>;

/// One call that lists resources.
#[derive(Debug)]
pub(super) struct Api {
    /// The service, as permissions and the shape table name it.
    pub(super) service: &'static str,
    /// The operation.
    pub(super) operation: &'static str,
    /// The resource types that it lists.
    pub(super) types: &'static [&'static str],
    /// How it is asked.
    pub(super) ask: Ask,
}

/// A listing with pages: service, operation, and what is asked for beside the page.
macro_rules! pages {
    ($service:ident . $operation:ident ($($set:ident: $value:expr),*), $set_token:ident, $token:ident) => {
        |clients, token| {
            Box::pin(async move {
                let wire = $crate::scan::aws::call::Wire::default();
                let call = clients.$service.$operation().$set_token(token)$(.$set($value))*;
                let sent = call.customize().interceptor(wire.clone()).send().await;
                wire.answer(sent, |output| output.$token)
            })
        }
    };
}

/// A listing that has one page.
macro_rules! whole {
    ($service:ident . $operation:ident ($($set:ident: $value:expr),*)) => {
        |clients, _| {
            Box::pin(async move {
                let wire = $crate::scan::aws::call::Wire::default();
                let sent = clients.$service.$operation()$(.$set($value))*.customize().interceptor(wire.clone()).send().await;
                wire.whole(sent)
            })
        }
    };
}

mod customer_gateway;
mod db_cluster;
mod db_cluster_parameter_group;
mod db_cluster_snapshot;
mod db_event_subscription;
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
mod image;
mod instance;
mod internet_gateway;
mod key_pair;
mod launch_template;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod placement_group;
mod reserved_instance;
mod route_table;
mod security_group;
mod security_group_rule;
mod snapshot;
mod subnet;
mod transit_gateway;
mod transit_gateway_attachment;
mod volume;
mod vpc;
mod vpc_endpoint;
mod vpc_peering_connection;
mod vpn_connection;
mod vpn_gateway;

/// All calls that list resources.
pub(super) const APIS: &[Api] = &[
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
    transit_gateway::API,
    transit_gateway_attachment::API,
    vpn_connection::API,
    vpn_gateway::API,
    customer_gateway::API,
    dhcp_options::API,
    dedicated_host::API,
    placement_group::API,
    reserved_instance::API,
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
];
