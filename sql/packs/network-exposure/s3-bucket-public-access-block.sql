-- id: s3-bucket-public-access-block
-- title: Buckets that do not block public access
-- severity: medium
-- types: aws_s3_bucket
-- remediation: Turn all four settings of Block Public Access on, for the bucket or for the whole account.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
SELECT
    resource_key,
    'off: ' || array_to_string(
        array_remove_all(
            make_array(
                CASE WHEN block_public_acls THEN '' ELSE 'BlockPublicAcls' END,
                CASE WHEN ignore_public_acls THEN '' ELSE 'IgnorePublicAcls' END,
                CASE WHEN block_public_policy THEN '' ELSE 'BlockPublicPolicy' END,
                CASE WHEN restrict_public_buckets THEN '' ELSE 'RestrictPublicBuckets' END
            ), ''
        ), ', '
    ) AS reason
FROM aws_s3_bucket AS mine
-- NULL, where nobody could ask, is not off.
WHERE NOT (block_public_acls AND ignore_public_acls AND block_public_policy AND restrict_public_buckets)
    -- Where the settings of the account are known, they hold too.
    AND NOT EXISTS (
        SELECT 1 FROM resources AS a
        WHERE a.resource_type = 'aws_s3_account_settings' AND a.account_id = mine.account_id
            AND a.properties->>'BlockPublicAcls' = 'true' AND a.properties->>'IgnorePublicAcls' = 'true'
            AND a.properties->>'BlockPublicPolicy' = 'true' AND a.properties->>'RestrictPublicBuckets' = 'true'
    )
