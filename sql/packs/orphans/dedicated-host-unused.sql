-- id: dedicated-host-unused
-- title: Dedicated hosts that no instance runs on
-- severity: high
-- types: aws_ec2_host
-- lasting: $unused_for
-- remediation: Release the host.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/dedicated-hosts-releasing.html
SELECT resource_key, concat('no instance runs on it: ', coalesce(instance_type, instance_family, 'host')) AS reason
FROM aws_ec2_host
WHERE state IN ('available', 'under-assessment') AND jsonb_array_length(instances) = 0 AND coalesce(owner_id, account_id) = account_id
