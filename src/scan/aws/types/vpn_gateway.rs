//! VPN gateways: the call has no pages.

use super::Api;

pub(super) const API: Api =
    Api { service: "ec2", operation: "DescribeVpnGateways", types: &["aws_vpc_vpn_gateway"], ask: whole!(ec2.describe_vpn_gateways()) };
