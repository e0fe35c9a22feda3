//! Flow logs.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeFlowLogs",
    types: &["aws_vpc_flow_log"],
    ask: pages!(ec2.describe_flow_logs(max_results: 1000), set_next_token),
};
