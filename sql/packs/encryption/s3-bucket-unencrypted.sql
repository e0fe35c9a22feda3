-- id: s3-bucket-unencrypted
-- title: Buckets without default encryption
-- severity: medium
-- types: aws_s3_bucket
-- remediation: Set default encryption. Objects that were put there before stay as they are until they are copied.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
SELECT resource_key, 'no default encryption' AS reason
FROM aws_s3_bucket
-- A null member: there is none. A missing one: nobody could ask.
WHERE properties->'Encryption' = 'null'
