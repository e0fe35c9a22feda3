-- Transit gateways.
SELECT
    properties->>'TransitGatewayId' AS transit_gateway_id, -- The id. [TransitGatewayId]
    properties->>'TransitGatewayArn' AS transit_gateway_arn, -- The ARN. [TransitGatewayArn]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    CAST(properties->>'CreationTime' AS TIMESTAMP(6)) AS creation_time, -- When it was made. [CreationTime]
    CAST(properties->'Options'->>'AmazonSideAsn' AS BIGINT) AS amazon_side_asn, -- Its own number in BGP. [Options.AmazonSideAsn]
    properties->'Options'->>'AssociationDefaultRouteTableId' AS association_default_route_table_id, -- The route table that new attachments use. [Options.AssociationDefaultRouteTableId]
    properties->'Options'->>'AutoAcceptSharedAttachments' AS auto_accept_shared_attachments, -- Whether attachments of other accounts are accepted unasked. [Options.AutoAcceptSharedAttachments]
    properties->'Options'->>'DefaultRouteTableAssociation' AS default_route_table_association, -- Whether new attachments use the default route table. [Options.DefaultRouteTableAssociation]
    properties->'Options'->>'DefaultRouteTablePropagation' AS default_route_table_propagation, -- Whether new attachments write into the default route table. [Options.DefaultRouteTablePropagation]
    properties->'Options'->>'DnsSupport' AS dns_support, -- Whether host names lead across it. [Options.DnsSupport]
    properties->'Options'->>'MulticastSupport' AS multicast_support, -- Whether it carries multicast. [Options.MulticastSupport]
    properties->'Options'->>'PropagationDefaultRouteTableId' AS propagation_default_route_table_id, -- The route table that new attachments write into. [Options.PropagationDefaultRouteTableId]
    properties->'Options'->>'VpnEcmpSupport' AS vpn_ecmp_support, -- Whether equal VPN paths share the load. [Options.VpnEcmpSupport]
    properties->'Options'->'TransitGatewayCidrBlocks' AS cidr_blocks, -- Its blocks of addresses. [Options.TransitGatewayCidrBlocks]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_transit_gateway'
