//! Snapshots of RDS clusters.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeDBClusterSnapshots",
    types: &["aws_rds_db_cluster_snapshot"],
    ask: pages!(rds.describe_db_cluster_snapshots(max_records: 100), set_marker),
};
