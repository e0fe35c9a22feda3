-- OpenID Connect providers. A column is NULL where the call that listed the provider does not tell it.
SELECT
    CAST(properties->>'CreateDate' AS TIMESTAMP(6)) AS create_date, -- When it was made. [CreateDate]
    properties->'ClientIDList' AS client_id_list, -- The audiences it may tell of. [ClientIDList]
    properties->'ThumbprintList' AS thumbprint_list, -- The certificates it is known by. [ThumbprintList]
    properties->>'Url' AS url, -- Where it is. [Url]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_iam_open_id_connect_provider'
