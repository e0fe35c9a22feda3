-- IAM roles. A column is NULL where the call that listed the role does not tell it.
SELECT
    coalesce(properties->>'RoleName', name) AS name, -- The name that the service knows it by, whatever its tags say. [RoleName]
    properties->>'RoleId' AS role_id, -- The unique id, which a role made anew under the same name does not share. [RoleId]
    CAST(properties->>'CreateDate' AS TIMESTAMP(6)) AS create_date, -- When it was made. [CreateDate]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    json_pluck(properties->'InstanceProfileList', 'Arn') AS instance_profile_arns, -- The instance profiles that hold it, by ARN. [InstanceProfileList.Arn]
    CAST(properties->>'MaxSessionDuration' AS BIGINT) AS max_session_duration, -- How long a session may last, in seconds. [MaxSessionDuration]
    properties->>'Path' AS path, -- The path before its name. [Path]
    properties->'PermissionsBoundary'->>'PermissionsBoundaryArn' AS permissions_boundary_arn, -- The policy that bounds what it may do. [PermissionsBoundary.PermissionsBoundaryArn]
    properties->'PermissionsBoundary'->>'PermissionsBoundaryType' AS permissions_boundary_type, -- The kind of that bound: PermissionsBoundaryPolicy. [PermissionsBoundary.PermissionsBoundaryType]
    CAST(properties->'RoleLastUsed'->>'LastUsedDate' AS TIMESTAMP(6)) AS role_last_used_date, -- When it was last used. [RoleLastUsed.LastUsedDate]
    properties->'RoleLastUsed'->>'Region' AS role_last_used_region, -- The region it was last used in. [RoleLastUsed.Region]
    nullif(properties->'RolePolicyList', '[]') AS inline_policies, -- The policies written into it. [RolePolicyList]
    inline_policies_std(nullif(properties->'RolePolicyList', '[]')) AS inline_policies_std, -- The same, with documents in one form. [RolePolicyList]
    json_pluck(properties->'AttachedManagedPolicies', 'PolicyArn') AS attached_policy_arns, -- The managed policies attached to it, by ARN. [AttachedManagedPolicies.PolicyArn]
    properties->'AssumeRolePolicyDocument' AS assume_role_policy, -- Who may assume it. [AssumeRolePolicyDocument]
    policy_std(properties->'AssumeRolePolicyDocument') AS assume_role_policy_std, -- The same in one form: lists throughout, actions and keys of conditions in lower case. [AssumeRolePolicyDocument]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_iam_role'
