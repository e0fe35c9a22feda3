-- id: ec2-instance-without-role
-- title: Instances without a role
-- severity: low
-- types: aws_ec2_instance
-- remediation: Attach an instance profile, so that no access keys have to be kept on the instance.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
SELECT resource_key, 'no instance profile' AS reason
FROM aws_ec2_instance
WHERE iam_instance_profile_arn IS NULL AND instance_state NOT IN ('shutting-down', 'terminated')
