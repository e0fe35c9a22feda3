-- id: ec2-instance-unnamed
-- title: Instances without a name
-- severity: low
-- types: aws_ec2_instance
-- remediation: Give it a Name tag, or one to the template that it is launched from.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
SELECT resource_key, 'no Name tag' AS reason
FROM aws_ec2_instance
    -- One of an Auto Scaling group is known by that of the group.
WHERE tags IS NOT NULL AND coalesce(tags->>'Name', '') = '' AND tags->>'aws:autoscaling:groupName' IS NULL
    AND instance_state IN ('pending', 'running', 'stopping', 'stopped')
