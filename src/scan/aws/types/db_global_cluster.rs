//! Global clusters of RDS. Each region with a member lists a cluster; it lies in that of its writer, whose listing shows it for sure.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeGlobalClusters",
    types: &["aws_rds_global_cluster"],
    ask: pages!(rds.describe_global_clusters(max_records: 100), set_marker),
};
