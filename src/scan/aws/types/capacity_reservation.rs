//! Capacity reservations, those that others share with the account included.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeCapacityReservations",
    types: &["aws_ec2_capacity_reservation"],
    ask: pages!(ec2.describe_capacity_reservations(max_results: 1000), set_next_token),
};
