-- Attachments of VPCs to transit gateways.
SELECT
    properties->>'TransitGatewayAttachmentId' AS transit_gateway_attachment_id, -- The id. [TransitGatewayAttachmentId]
    properties->>'TransitGatewayId' AS transit_gateway_id, -- The transit gateway. [TransitGatewayId]
    properties->>'VpcId' AS vpc_id, -- The VPC that is attached. [VpcId]
    properties->>'VpcOwnerId' AS resource_owner_id, -- The account of the VPC. [VpcOwnerId]
    properties->'SubnetIds' AS subnet_ids, -- The subnets that traffic goes through. [SubnetIds]
    CAST(properties->>'CreationTime' AS TIMESTAMP(6)) AS creation_time, -- When it was made. [CreationTime]
    properties->'Options' AS options, -- How it is set up: DNS, IPv6, appliance mode. [Options]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_transit_gateway_vpc_attachment'
