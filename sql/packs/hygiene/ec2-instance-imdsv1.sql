-- id: ec2-instance-imdsv1
-- title: Instances whose metadata can be had without a token
-- severity: medium
-- types: aws_ec2_instance
-- remediation: Require tokens, IMDSv2: aws ec2 modify-instance-metadata-options --http-tokens required, and in the launch template.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
SELECT resource_key, concat('HttpTokens is ', metadata_options->>'HttpTokens') AS reason
FROM aws_ec2_instance
WHERE metadata_options->>'HttpEndpoint' = 'enabled' AND metadata_options->>'HttpTokens' <> 'required'
    AND instance_state IN ('pending', 'running', 'stopping', 'stopped')
