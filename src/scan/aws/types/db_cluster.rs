//! RDS clusters.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeDBClusters",
    types: &["aws_rds_db_cluster"],
    ask: pages!(rds.describe_db_clusters(max_records: 100), set_marker),
};
