-- id: s3-versioning-off
-- title: Buckets whose objects are gone once they are overwritten
-- severity: low
-- types: aws_s3_bucket
-- remediation: Turn versioning on, with a rule that removes old versions after some time.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
SELECT resource_key, concat('versioning is ', coalesce(lower(properties->'Versioning'->>'Status'), 'off')) AS reason
FROM aws_s3_bucket
WHERE NOT versioning_enabled
