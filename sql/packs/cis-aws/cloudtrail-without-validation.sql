-- id: cloudtrail-without-validation
-- title: Trails whose log files cannot be validated
-- severity: medium
-- types: aws_cloudtrail_trail
-- remediation: Turn on log file validation.
-- docs: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html
SELECT resource_key, 'LogFileValidationEnabled is false' AS reason
FROM aws_cloudtrail_trail
-- A trail of all regions is listed in each of them.
WHERE NOT log_file_validation_enabled AND coalesce(home_region, region) = region
