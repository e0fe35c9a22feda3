-- id: cloudtrail-bucket-without-logging
-- title: Buckets of trails to which access is not logged
-- severity: low
-- types: aws_s3_bucket, aws_cloudtrail_trail
-- remediation: Turn on server access logging for the bucket.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
SELECT resource_key, 'no access log' AS reason
FROM aws_s3_bucket AS mine
-- A missing member: nobody could ask.
WHERE properties->'Logging' IS NOT NULL AND logging IS NULL
    AND EXISTS (SELECT 1 FROM aws_cloudtrail_trail AS t WHERE t.s3_bucket_name = mine.resource_id)
