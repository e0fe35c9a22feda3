-- id: ec2-ami-public
-- title: Images that every AWS account may launch
-- severity: high
-- types: aws_ec2_ami
-- remediation: Take the launch permission of all accounts away, and share the image with accounts by name.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-intro.html
SELECT resource_key, concat('Public is true: ', image_name) AS reason
FROM aws_ec2_ami
-- An import may hold images of others, which are public for good reasons.
WHERE public AND coalesce(owner_id, account_id) = account_id
