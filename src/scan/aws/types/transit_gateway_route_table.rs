//! Route tables of transit gateways, without their routes.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeTransitGatewayRouteTables",
    types: &["aws_ec2_transit_gateway_route_table"],
    ask: pages!(ec2.describe_transit_gateway_route_tables(max_results: 1000), set_next_token),
};
