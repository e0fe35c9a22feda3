-- id: ec2-instance-old-generation
-- title: Instances of an old generation
-- severity: low
-- types: aws_ec2_instance
-- remediation: Move to a family of today: faster for less money, and Nitro throughout.
-- docs: https://aws.amazon.com/ec2/previous-generation/
SELECT resource_key, concat(instance_type, ' is of an old generation') AS reason, instance_type
FROM aws_ec2_instance
WHERE array_has($old_instance_families, split_part(instance_type, '.', 1))
    AND instance_state IN ('pending', 'running', 'stopping', 'stopped')
