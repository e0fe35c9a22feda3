-- VPN gateways.
SELECT
    properties->>'VpnGatewayId' AS vpn_gateway_id, -- The id. [VpnGatewayId]
    properties->>'Type' AS type, -- The kind of connections it takes: ipsec.1. [Type]
    CAST(properties->>'AmazonSideAsn' AS BIGINT) AS amazon_side_asn, -- Its own number in BGP. [AmazonSideAsn]
    properties->>'AvailabilityZone' AS availability_zone, -- The availability zone, where one was chosen. [AvailabilityZone]
    properties->'VpcAttachments' AS vpc_attachments, -- The VPCs it is attached to. [VpcAttachments]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_vpn_gateway'
