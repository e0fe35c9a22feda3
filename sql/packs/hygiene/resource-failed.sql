-- id: resource-failed
-- title: Resources that have failed
-- severity: medium
-- types: *
-- lasting: $stuck_for
-- remediation: Read the reason that its service gives, mend it, or delete it and make it anew.
SELECT resource_key, concat('state ', state) AS reason, state
FROM resources
    -- A request that failed stays listed as one that was done does.
WHERE array_has($failed_states, lower(state)) AND resource_type NOT IN ('aws_ec2_spot_instance_request', 'aws_ec2_spot_fleet_request')
