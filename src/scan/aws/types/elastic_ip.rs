//! Elastic IP addresses: the call has no pages.

use super::Api;

pub(super) const API: Api =
    Api { service: "ec2", operation: "DescribeAddresses", types: &["aws_vpc_eip"], ask: whole!(ec2.describe_addresses()) };
