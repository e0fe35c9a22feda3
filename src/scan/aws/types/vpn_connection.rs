//! VPN connections: the call has no pages.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeVpnConnections",
    types: &["aws_vpc_vpn_connection"],
    ask: whole!(ec2.describe_vpn_connections()),
};
