-- Routes, each with the columns of its route table.
SELECT
    properties->>'RouteTableId' AS route_table_id, -- The route table it is in. [RouteTableId]
    route->>'State' AS state, -- Whether its target is there: active or blackhole. [Routes.State]
    route->>'DestinationCidrBlock' AS destination_cidr_block, -- The IPv4 block it leads to. [Routes.DestinationCidrBlock]
    route->>'DestinationIpv6CidrBlock' AS destination_ipv6_cidr_block, -- The IPv6 block it leads to. [Routes.DestinationIpv6CidrBlock]
    route->>'DestinationPrefixListId' AS destination_prefix_list_id, -- The prefix list it leads to. [Routes.DestinationPrefixListId]
    route->>'CarrierGatewayId' AS carrier_gateway_id, -- The carrier gateway it goes through. [Routes.CarrierGatewayId]
    route->>'CoreNetworkArn' AS core_network_arn, -- The core network it goes through. [Routes.CoreNetworkArn]
    route->>'EgressOnlyInternetGatewayId' AS egress_only_internet_gateway_id, -- The egress-only internet gateway it goes through. [Routes.EgressOnlyInternetGatewayId]
    route->>'GatewayId' AS gateway_id, -- The internet gateway, VPN gateway or gateway endpoint it goes through; local inside the VPC. [Routes.GatewayId]
    route->>'InstanceId' AS instance_id, -- The instance it goes through. [Routes.InstanceId]
    route->>'InstanceOwnerId' AS instance_owner_id, -- The account of that instance. [Routes.InstanceOwnerId]
    route->>'LocalGatewayId' AS local_gateway_id, -- The local gateway it goes through. [Routes.LocalGatewayId]
    route->>'NatGatewayId' AS nat_gateway_id, -- The NAT gateway it goes through. [Routes.NatGatewayId]
    route->>'NetworkInterfaceId' AS network_interface_id, -- The network interface it goes through. [Routes.NetworkInterfaceId]
    route->>'TransitGatewayId' AS transit_gateway_id, -- The transit gateway it goes through. [Routes.TransitGatewayId]
    route->>'VpcPeeringConnectionId' AS vpc_peering_connection_id, -- The peering it goes through. [Routes.VpcPeeringConnectionId]
    route->>'Origin' AS origin, -- How it came: CreateRouteTable, CreateRoute or EnableVgwRoutePropagation. [Routes.Origin]
    properties->>'VpcId' AS vpc_id, -- The VPC of the route table. [VpcId]
    coalesce(route->>'DestinationCidrBlock', route->>'DestinationIpv6CidrBlock', route->>'DestinationPrefixListId') AS title, -- Where it leads to. [Routes]
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
CROSS JOIN jsonb_array_elements(properties->'Routes') AS route
WHERE resource_type = 'aws_vpc_route_table'
