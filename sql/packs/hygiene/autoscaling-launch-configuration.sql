-- id: autoscaling-launch-configuration
-- title: Auto Scaling groups that launch from a launch configuration
-- severity: low
-- types: aws_ec2_autoscaling_group
-- remediation: Make a launch template of the launch configuration, which takes no new features any more.
-- docs: https://docs.aws.amazon.com/autoscaling/ec2/userguide/migrate-to-launch-templates.html
SELECT resource_key, concat('launches from ', launch_configuration_name) AS reason
FROM aws_ec2_autoscaling_group
WHERE launch_configuration_name <> ''
