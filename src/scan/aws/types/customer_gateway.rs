//! Customer gateways: the call has no pages.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeCustomerGateways",
    types: &["aws_vpc_customer_gateway"],
    ask: whole!(ec2.describe_customer_gateways()),
};
