//! Parameter groups of RDS instances.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeDBParameterGroups",
    types: &["aws_rds_db_parameter_group"],
    ask: pages!(rds.describe_db_parameter_groups(max_records: 100), set_marker),
};
