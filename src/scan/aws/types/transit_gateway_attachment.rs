//! What is attached to transit gateways.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeTransitGatewayAttachments",
    types: &["aws_ec2_transit_gateway_attachment"],
    ask: pages!(ec2.describe_transit_gateway_attachments(max_results: 1000), set_next_token),
};
