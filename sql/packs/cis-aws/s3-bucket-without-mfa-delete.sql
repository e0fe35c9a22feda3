-- id: s3-bucket-without-mfa-delete
-- title: Buckets whose versions can be deleted without a second factor
-- severity: low
-- types: aws_s3_bucket
-- remediation: Turn on versioning with MFA delete, which only the root user can, for the buckets that matter; exempt the others.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
SELECT resource_key, CASE WHEN versioning_enabled THEN 'MFADelete is off' ELSE 'no versioning, and so no MFADelete' END AS reason
FROM aws_s3_bucket
WHERE NOT versioning_mfa_delete
