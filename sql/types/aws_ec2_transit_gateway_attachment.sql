-- Attachments of VPCs, VPNs and others to transit gateways.
SELECT
    properties->>'TransitGatewayAttachmentId' AS transit_gateway_attachment_id, -- The id. [TransitGatewayAttachmentId]
    properties->>'TransitGatewayId' AS transit_gateway_id, -- The transit gateway. [TransitGatewayId]
    properties->>'TransitGatewayOwnerId' AS transit_gateway_owner_id, -- The account of the transit gateway. [TransitGatewayOwnerId]
    CAST(properties->>'CreationTime' AS TIMESTAMP(6)) AS creation_time, -- When it was made. [CreationTime]
    properties->>'ResourceId' AS attached_resource_id, -- What is attached; resource_id is the attachment. [ResourceId]
    properties->>'ResourceType' AS attached_resource_type, -- The kind of what is attached: vpc, vpn, peering and so on. [ResourceType]
    properties->>'ResourceOwnerId' AS resource_owner_id, -- The account of what is attached. [ResourceOwnerId]
    properties->'Association'->>'State' AS association_state, -- How far its association with a route table is. [Association.State]
    properties->'Association'->>'TransitGatewayRouteTableId' AS association_transit_gateway_route_table_id, -- The route table it uses. [Association.TransitGatewayRouteTableId]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_transit_gateway_attachment'
