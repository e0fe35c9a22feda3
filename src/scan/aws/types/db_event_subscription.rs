//! Event subscriptions of RDS.

use super::Api;

pub(super) const API: Api = Api {
    service: "rds",
    operation: "DescribeEventSubscriptions",
    types: &["aws_rds_db_event_subscription"],
    ask: pages!(rds.describe_event_subscriptions(max_records: 100), set_marker),
};
