//! Attachments of transit gateways to networks, with their subnets and options.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeTransitGatewayVpcAttachments",
    types: &["aws_ec2_transit_gateway_vpc_attachment"],
    ask: pages!(ec2.describe_transit_gateway_vpc_attachments(max_results: 1000), set_next_token),
};
