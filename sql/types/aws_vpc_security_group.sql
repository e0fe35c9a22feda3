-- Security groups.
SELECT
    properties->>'GroupName' AS group_name, -- The name it was made with. [GroupName]
    properties->>'GroupId' AS group_id, -- The id. [GroupId]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    properties->>'VpcId' AS vpc_id, -- The VPC it belongs to. [VpcId]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->'IpPermissions' AS ip_permissions, -- What may come in. [IpPermissions]
    properties->'IpPermissionsEgress' AS ip_permissions_egress, -- What may go out. [IpPermissionsEgress]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_security_group'
