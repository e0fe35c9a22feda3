-- Network ACLs.
SELECT
    properties->>'NetworkAclId' AS network_acl_id, -- The id. [NetworkAclId]
    CAST(properties->>'IsDefault' AS BOOLEAN) AS is_default, -- Whether it came with its VPC and holds where no other does. [IsDefault]
    properties->>'VpcId' AS vpc_id, -- The VPC it belongs to. [VpcId]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->'Associations' AS associations, -- The subnets it guards. [Associations]
    properties->'Entries' AS entries, -- The rules, in and out, by number. [Entries]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_network_acl'
