-- Route tables.
SELECT
    properties->>'RouteTableId' AS route_table_id, -- The id. [RouteTableId]
    properties->>'VpcId' AS vpc_id, -- The VPC it routes for. [VpcId]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->'Associations' AS associations, -- The subnets and gateways that use it; Main marks the table of all other subnets. [Associations]
    properties->'Routes' AS routes, -- The routes: where to, through what, and whether it is there. [Routes]
    properties->'PropagatingVgws' AS propagating_vgws, -- The VPN gateways that write routes into it. [PropagatingVgws]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_route_table'
