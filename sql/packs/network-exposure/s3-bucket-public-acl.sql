-- id: s3-bucket-public-acl
-- title: Buckets whose ACL lets everyone in
-- severity: critical
-- types: aws_s3_bucket
-- remediation: Set object ownership to BucketOwnerEnforced, which turns ACLs off, or block public ACLs.
-- docs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
SELECT DISTINCT resource_key, concat('the ACL gives ', given->>'Permission', ' to ', split_part(given->'Grantee'->>'URI', '/', 6)) AS reason
FROM aws_s3_bucket AS mine
CROSS JOIN jsonb_array_elements(acl->'Grants') AS given
WHERE given->'Grantee'->>'URI' IN (
        'http://acs.amazonaws.com/groups/global/AllUsers', 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'
    )
    AND NOT coalesce(ignore_public_acls, false)
    AND coalesce(object_ownership_controls->'Rules'->0->>'ObjectOwnership', '') <> 'BucketOwnerEnforced'
    -- What the account blocks, if an import knows of its settings, is blocked.
    AND NOT EXISTS (
        SELECT 1 FROM resources AS a
        WHERE a.resource_type = 'aws_s3_account_settings' AND a.account_id = mine.account_id
            AND a.properties->>'IgnorePublicAcls' = 'true'
    )
