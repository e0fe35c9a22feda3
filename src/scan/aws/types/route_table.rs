//! Route tables with their routes and associations.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeRouteTables",
    types: &["aws_vpc_route_table"],
    ask: pages!(ec2.describe_route_tables(max_results: 100), set_next_token),
};
