-- Managed IAM policies. A column is NULL where the call that listed the policy does not tell it.
SELECT
    coalesce(properties->>'PolicyName', name) AS name, -- The name that the service knows it by, whatever its tags say. [PolicyName]
    properties->>'PolicyId' AS policy_id, -- The unique id, which a policy made anew under the same name does not share. [PolicyId]
    properties->>'Path' AS path, -- The path before its name. [Path]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    split_part(arn, ':', 5) = 'aws' AS is_aws_managed, -- Whether AWS wrote it and keeps it. [Arn]
    CAST(properties->>'IsAttachable' AS BOOLEAN) AS is_attachable, -- Whether it can be attached to users, groups and roles. [IsAttachable]
    CAST(properties->>'CreateDate' AS TIMESTAMP(6)) AS create_date, -- When it was made. [CreateDate]
    CAST(properties->>'UpdateDate' AS TIMESTAMP(6)) AS update_date, -- When its newest version was made. [UpdateDate]
    CAST(properties->>'AttachmentCount' AS BIGINT) AS attachment_count, -- To how many users, groups and roles it is attached. [AttachmentCount]
    CAST(properties->>'AttachmentCount' AS BIGINT) > 0 AS is_attached, -- Whether it is attached to any. [AttachmentCount]
    properties->>'DefaultVersionId' AS default_version_id, -- The version that holds, such as v1. [DefaultVersionId]
    CAST(properties->>'PermissionsBoundaryUsageCount' AS BIGINT) AS permissions_boundary_usage_count, -- How many users and roles it bounds. [PermissionsBoundaryUsageCount]
    json_find(properties->'PolicyVersionList', 'IsDefaultVersion', 'true')->'Document' AS policy, -- The document of the version that holds. [PolicyVersionList.Document]
    policy_std(json_find(properties->'PolicyVersionList', 'IsDefaultVersion', 'true')->'Document') AS policy_std, -- The same in one form: lists throughout, actions and keys of conditions in lower case. [PolicyVersionList.Document]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_iam_policy'
