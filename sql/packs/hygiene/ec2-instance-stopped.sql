-- id: ec2-instance-stopped
-- title: Instances that have been stopped for long
-- severity: low
-- types: aws_ec2_instance
-- lasting: $stopped_for
-- remediation: Make an image of it if it may be wanted again, and terminate it; its volumes and addresses are paid for all the while.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html
SELECT resource_key, concat_ws(': ', 'stopped', nullif(state_transition_reason, '')) AS reason, instance_type
FROM aws_ec2_instance
WHERE instance_state = 'stopped'
