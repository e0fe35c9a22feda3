-- id: ec2-instance-public-address
-- title: Instances with a public address
-- severity: low
-- types: aws_ec2_instance
-- remediation: Put the instance into a private subnet behind a load balancer, or exempt it with a reason.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
SELECT resource_key, 'public address ' || public_ip_address AS reason
FROM aws_ec2_instance
WHERE public_ip_address <> ''
