-- IAM users. A column is NULL where the call that listed the user does not tell it.
SELECT
    coalesce(properties->>'UserName', name) AS name, -- The name that the service knows it by, whatever its tags say. [UserName]
    properties->>'UserId' AS user_id, -- The unique id, which a user made anew under the same name does not share. [UserId]
    properties->>'Path' AS path, -- The path before the name. [Path]
    CAST(properties->>'CreateDate' AS TIMESTAMP(6)) AS create_date, -- When the user was made. [CreateDate]
    CAST(properties->>'PasswordLastUsed' AS TIMESTAMP(6)) AS password_last_used, -- When the password was last used. [PasswordLastUsed]
    properties->'PermissionsBoundary'->>'PermissionsBoundaryArn' AS permissions_boundary_arn, -- The policy that bounds what the user may do. [PermissionsBoundary.PermissionsBoundaryArn]
    properties->'PermissionsBoundary'->>'PermissionsBoundaryType' AS permissions_boundary_type, -- The kind of that bound: PermissionsBoundaryPolicy. [PermissionsBoundary.PermissionsBoundaryType]
    json_wrap(properties->'GroupList', 'GroupName') AS groups, -- The groups that the user is in, by GroupName. [GroupList]
    nullif(properties->'UserPolicyList', '[]') AS inline_policies, -- The policies written into the user. [UserPolicyList]
    inline_policies_std(nullif(properties->'UserPolicyList', '[]')) AS inline_policies_std, -- The same, with documents in one form. [UserPolicyList]
    json_pluck(properties->'AttachedManagedPolicies', 'PolicyArn') AS attached_policy_arns, -- The managed policies attached to the user, by ARN. [AttachedManagedPolicies.PolicyArn]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_iam_user'
