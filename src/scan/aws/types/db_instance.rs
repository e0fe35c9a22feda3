//! RDS instances, those of Aurora, Neptune and DocumentDB included.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeDBInstances",
    types: &["aws_rds_db_instance"],
    ask: pages!(rds.describe_db_instances(max_records: 100), set_marker),
};
