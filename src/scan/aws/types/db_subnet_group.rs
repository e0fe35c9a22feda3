//! Subnet groups of RDS.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeDBSubnetGroups",
    types: &["aws_rds_db_subnet_group"],
    ask: pages!(rds.describe_db_subnet_groups(max_records: 100), set_marker),
};
