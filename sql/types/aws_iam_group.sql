-- IAM groups. A column is NULL where the call that listed the group does not tell it.
SELECT
    coalesce(properties->>'GroupName', name) AS name, -- The name that the service knows it by, whatever its tags say. [GroupName]
    properties->>'GroupId' AS group_id, -- The unique id, which a group made anew under the same name does not share. [GroupId]
    properties->>'Path' AS path, -- The path before its name. [Path]
    CAST(properties->>'CreateDate' AS TIMESTAMP(6)) AS create_date, -- When it was made. [CreateDate]
    nullif(properties->'GroupPolicyList', '[]') AS inline_policies, -- The policies written into it. [GroupPolicyList]
    inline_policies_std(nullif(properties->'GroupPolicyList', '[]')) AS inline_policies_std, -- The same, with documents in one form. [GroupPolicyList]
    json_pluck(properties->'AttachedManagedPolicies', 'PolicyArn') AS attached_policy_arns, -- The managed policies attached to it, by ARN. [AttachedManagedPolicies.PolicyArn]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_iam_group'
