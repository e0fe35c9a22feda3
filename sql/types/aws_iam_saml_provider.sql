-- SAML providers.
SELECT
    CAST(properties->>'CreateDate' AS TIMESTAMP(6)) AS create_date, -- When it was made. [CreateDate]
    CAST(properties->>'ValidUntil' AS TIMESTAMP(6)) AS valid_until, -- Until when its metadata is valid. [ValidUntil]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_iam_saml_provider'
