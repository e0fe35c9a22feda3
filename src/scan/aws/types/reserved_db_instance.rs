//! Reserved RDS instances.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeReservedDBInstances",
    types: &["aws_rds_reserved_db_instance"],
    ask: pages!(rds.describe_reserved_db_instances(max_records: 100), set_marker),
};
