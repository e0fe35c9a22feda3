//! Snapshots of RDS instances.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeDBSnapshots",
    types: &["aws_rds_db_snapshot"],
    ask: pages!(rds.describe_db_snapshots(max_records: 100), set_marker),
};
