-- id: capacity-reservation-unused
-- title: Capacity reservations that no instance runs in
-- severity: high
-- types: aws_ec2_capacity_reservation
-- lasting: $unused_for
-- remediation: Cancel the reservation, or launch what it was made for; until then it costs as much as running instances.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-release.html
SELECT resource_key, concat('all of its ', total_instance_count, ' ', instance_type, ' are unused') AS reason, instance_type
FROM aws_ec2_capacity_reservation
WHERE state = 'active' AND available_instance_count = total_instance_count
    AND coalesce(owner_id, account_id) = account_id
