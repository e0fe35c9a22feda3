-- id: s3-bucket-default-key
-- title: Buckets encrypted with a key that AWS manages
-- severity: low
-- types: aws_s3_bucket
-- remediation: Set default encryption to aws:kms, with a key of the account's own.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
SELECT
    resource_key,
    'SSEAlgorithm is ' || (rule->'ApplyServerSideEncryptionByDefault'->>'SSEAlgorithm') || ', without a key of the account''s own' AS reason
FROM aws_s3_bucket
CROSS JOIN jsonb_array_elements(server_side_encryption_configuration->'Rules') AS rule
WHERE array_has($own_key_types, 'aws_s3_bucket')
    AND rule->'ApplyServerSideEncryptionByDefault'->>'SSEAlgorithm' IS NOT NULL
    AND coalesce(rule->'ApplyServerSideEncryptionByDefault'->>'KMSMasterKeyID', 'alias/aws/s3') LIKE '%alias/aws/s3'
