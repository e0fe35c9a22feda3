-- Route tables of transit gateways.
SELECT
    properties->>'TransitGatewayRouteTableId' AS transit_gateway_route_table_id, -- The id. [TransitGatewayRouteTableId]
    properties->>'TransitGatewayId' AS transit_gateway_id, -- The transit gateway it routes for. [TransitGatewayId]
    CAST(properties->>'CreationTime' AS TIMESTAMP(6)) AS creation_time, -- When it was made. [CreationTime]
    CAST(properties->>'DefaultAssociationRouteTable' AS BOOLEAN) AS default_association_route_table, -- Whether new attachments use it. [DefaultAssociationRouteTable]
    CAST(properties->>'DefaultPropagationRouteTable' AS BOOLEAN) AS default_propagation_route_table, -- Whether new attachments write their routes into it. [DefaultPropagationRouteTable]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_transit_gateway_route_table'
