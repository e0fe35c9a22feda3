-- id: cloudtrail-without-kms
-- title: Trails whose logs are not encrypted with a key of KMS
-- severity: medium
-- types: aws_cloudtrail_trail
-- remediation: Give the trail a key of KMS whose policy lets CloudTrail encrypt.
-- docs: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html
SELECT resource_key, 'no KmsKeyId' AS reason
FROM aws_cloudtrail_trail
-- A trail of all regions is listed in each of them.
WHERE kms_key_id IS NULL AND coalesce(home_region, region) = region
