//! Parameter groups of RDS clusters.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeDBClusterParameterGroups",
    types: &["aws_rds_db_cluster_parameter_group"],
    ask: pages!(rds.describe_db_cluster_parameter_groups(max_records: 100), set_marker),
};
