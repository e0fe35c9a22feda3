//! Peering connections, as requester or accepter.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeVpcPeeringConnections",
    types: &["aws_vpc_peering_connection"],
    ask: pages!(ec2.describe_vpc_peering_connections(max_results: 1000), set_next_token),
};
