//! Requests for spot instances; those that have ended are listed for some days.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeSpotInstanceRequests",
    types: &["aws_ec2_spot_instance_request"],
    ask: pages!(ec2.describe_spot_instance_requests(max_results: 1000), set_next_token),
};
