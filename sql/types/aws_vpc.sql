-- VPCs.
SELECT
    properties->>'VpcId' AS vpc_id, -- The id. [VpcId]
    properties->>'CidrBlock' AS cidr_block, -- The first IPv4 block. [CidrBlock]
    CAST(properties->>'IsDefault' AS BOOLEAN) AS is_default, -- Whether it is the default VPC of its region. [IsDefault]
    properties->>'DhcpOptionsId' AS dhcp_options_id, -- The DHCP options that its hosts get; default means none of its own. [DhcpOptionsId]
    properties->>'InstanceTenancy' AS instance_tenancy, -- The tenancy that instances in it have at least: default or dedicated. [InstanceTenancy]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->'CidrBlockAssociationSet' AS cidr_block_association_set, -- All IPv4 blocks, each with its state. [CidrBlockAssociationSet]
    properties->'Ipv6CidrBlockAssociationSet' AS ipv6_cidr_block_association_set, -- All IPv6 blocks, each with its state. [Ipv6CidrBlockAssociationSet]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc'
