-- id: s3-bucket-insecure-transport
-- title: Buckets that take requests without TLS
-- severity: medium
-- types: aws_s3_bucket
-- remediation: Deny all actions in the bucket's policy where aws:SecureTransport is false.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
SELECT
    resource_key,
    CASE properties->'Policy' WHEN 'null' THEN 'no policy' ELSE 'no Deny of all actions where aws:SecureTransport is false' END AS reason
FROM aws_s3_bucket AS mine
-- A missing member: nobody could ask.
WHERE properties->'Policy' IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM aws_s3_bucket AS b
        CROSS JOIN jsonb_array_elements(b.policy_std->'Statement') AS statement
        WHERE b.resource_key = mine.resource_key
            AND statement->>'Effect' = 'Deny'
            AND statement->'Principal'->'AWS' ? '*'
            AND (statement->'Action' ? 's3:*' OR statement->'Action' ? '*')
            AND statement->'Condition'->'Bool'->'aws:securetransport' ? 'false'
    )
