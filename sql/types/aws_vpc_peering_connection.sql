-- Peering connections between two VPCs.
SELECT
    properties->>'VpcPeeringConnectionId' AS id, -- The id. [VpcPeeringConnectionId]
    properties->'Status'->>'Code' AS status_code, -- How far it is: pending-acceptance, active, deleted and so on. [Status.Code]
    properties->'AccepterVpcInfo'->>'CidrBlock' AS accepter_cidr_block, -- The first IPv4 block of the VPC that was asked. [AccepterVpcInfo.CidrBlock]
    properties->'AccepterVpcInfo'->>'OwnerId' AS accepter_owner_id, -- The account of the VPC that was asked. [AccepterVpcInfo.OwnerId]
    properties->'AccepterVpcInfo'->>'Region' AS accepter_region, -- The region of the VPC that was asked. [AccepterVpcInfo.Region]
    properties->'AccepterVpcInfo'->>'VpcId' AS accepter_vpc_id, -- The VPC that was asked. [AccepterVpcInfo.VpcId]
    CAST(properties->>'ExpirationTime' AS TIMESTAMP(6)) AS expiration_time, -- When a request that nobody accepted lapses. [ExpirationTime]
    properties->'RequesterVpcInfo'->>'CidrBlock' AS requester_cidr_block, -- The first IPv4 block of the VPC that asked. [RequesterVpcInfo.CidrBlock]
    properties->'RequesterVpcInfo'->>'OwnerId' AS requester_owner_id, -- The account of the VPC that asked. [RequesterVpcInfo.OwnerId]
    properties->'RequesterVpcInfo'->>'Region' AS requester_region, -- The region of the VPC that asked. [RequesterVpcInfo.Region]
    properties->'RequesterVpcInfo'->>'VpcId' AS requester_vpc_id, -- The VPC that asked. [RequesterVpcInfo.VpcId]
    properties->'Status'->>'Message' AS status_message, -- How far it is, in words. [Status.Message]
    properties->'AccepterVpcInfo'->'CidrBlockSet' AS accepter_cidr_block_set, -- All IPv4 blocks of the VPC that was asked. [AccepterVpcInfo.CidrBlockSet]
    properties->'AccepterVpcInfo'->'Ipv6CidrBlockSet' AS accepter_ipv6_cidr_block_set, -- All IPv6 blocks of the VPC that was asked. [AccepterVpcInfo.Ipv6CidrBlockSet]
    properties->'AccepterVpcInfo'->'PeeringOptions' AS accepter_peering_options, -- What the side that was asked allows across. [AccepterVpcInfo.PeeringOptions]
    properties->'RequesterVpcInfo'->'CidrBlockSet' AS requester_cidr_block_set, -- All IPv4 blocks of the VPC that asked. [RequesterVpcInfo.CidrBlockSet]
    properties->'RequesterVpcInfo'->'Ipv6CidrBlockSet' AS requester_ipv6_cidr_block_set, -- All IPv6 blocks of the VPC that asked. [RequesterVpcInfo.Ipv6CidrBlockSet]
    properties->'RequesterVpcInfo'->'PeeringOptions' AS requester_peering_options, -- What the side that asked allows across. [RequesterVpcInfo.PeeringOptions]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_peering_connection'
