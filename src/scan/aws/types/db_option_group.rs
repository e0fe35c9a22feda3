//! Option groups of RDS.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeOptionGroups",
    types: &["aws_rds_db_option_group"],
    ask: pages!(rds.describe_option_groups(max_records: 100), set_marker),
};
