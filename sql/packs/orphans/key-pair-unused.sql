-- id: key-pair-unused
-- title: Key pairs that no instance was launched with
-- severity: low
-- types: aws_ec2_key_pair, aws_ec2_instance, aws_ec2_spot_instance_request
-- lasting: $unused_for
-- remediation: Delete the key pair, once no launch template names it.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/delete-key-pair.html
WITH used AS (
    SELECT account_id, region, key_name FROM aws_ec2_instance
    UNION ALL
    SELECT account_id, region, launch_specification->>'KeyName' FROM aws_ec2_spot_instance_request WHERE state IN ('open', 'active')
    UNION ALL
    SELECT account_id, region, key_name FROM aws_ec2_launch_template_version
    UNION ALL
    SELECT account_id, region, key_name FROM aws_ec2_launch_configuration
)
SELECT resource_key, 'no instance was launched with it' AS reason, key_name
FROM aws_ec2_key_pair AS mine
    -- Where no instance of the account is known, none may have been listed.
WHERE EXISTS (SELECT 1 FROM aws_ec2_instance AS i WHERE i.account_id = mine.account_id) AND NOT EXISTS (
    SELECT 1 FROM used WHERE used.account_id = mine.account_id AND used.region = mine.region AND used.key_name = mine.key_name
)
