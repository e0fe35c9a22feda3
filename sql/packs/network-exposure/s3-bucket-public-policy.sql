-- id: s3-bucket-public-policy
-- title: Buckets whose policy lets everyone in
-- severity: critical
-- types: aws_s3_bucket
-- remediation: Name the accounts and roles that need the bucket in its policy, and block public policies.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
SELECT resource_key, 'PolicyStatus.IsPublic is true, and RestrictPublicBuckets is off' AS reason
FROM aws_s3_bucket AS mine
WHERE bucket_policy_is_public AND NOT coalesce(restrict_public_buckets, false)
    -- What the account blocks, if an import knows of its settings, is blocked.
    AND NOT EXISTS (
        SELECT 1 FROM resources AS a
        WHERE a.resource_type = 'aws_s3_account_settings' AND a.account_id = mine.account_id
            AND a.properties->>'RestrictPublicBuckets' = 'true'
    )
