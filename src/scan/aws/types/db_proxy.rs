//! RDS proxies.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeDBProxies",
    types: &["aws_rds_db_proxy"],
    ask: pages!(rds.describe_db_proxies(max_records: 100), set_marker),
};
