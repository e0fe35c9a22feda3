-- id: s3-bucket-public-access-block
-- title: Buckets that do not block public access
-- severity: medium
-- types: aws_s3_bucket
-- remediation: Turn all four settings of Block Public Access on, for the bucket or for the whole account.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
SELECT
    resource_key,
    'off: ' || concat_ws(
        ', ',
        CASE WHEN NOT block_public_acls THEN 'BlockPublicAcls' END,
        CASE WHEN NOT ignore_public_acls THEN 'IgnorePublicAcls' END,
        CASE WHEN NOT block_public_policy THEN 'BlockPublicPolicy' END,
        CASE WHEN NOT restrict_public_buckets THEN 'RestrictPublicBuckets' END
    ) AS reason
FROM aws_s3_bucket AS mine
-- NULL, where nobody could ask, is not off.
WHERE NOT (block_public_acls AND ignore_public_acls AND block_public_policy AND restrict_public_buckets)
    -- What the account blocks, if an import knows of its settings, is blocked.
    AND NOT EXISTS (
        SELECT 1 FROM resources AS a
        WHERE a.resource_type = 'aws_s3_account_settings' AND a.account_id = mine.account_id
            AND a.properties->>'BlockPublicAcls' = 'true' AND a.properties->>'IgnorePublicAcls' = 'true'
            AND a.properties->>'BlockPublicPolicy' = 'true' AND a.properties->>'RestrictPublicBuckets' = 'true'
    )
