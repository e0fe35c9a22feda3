//! Sets of DHCP options.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeDhcpOptions",
    types: &["aws_vpc_dhcp_options"],
    ask: pages!(ec2.describe_dhcp_options(max_results: 1000), set_next_token),
};
