-- Site-to-site VPN connections.
SELECT
    properties->>'VpnConnectionId' AS vpn_connection_id, -- The id. [VpnConnectionId]
    properties->>'Type' AS type, -- The kind of connection: ipsec.1. [Type]
    properties->>'Category' AS category, -- VPN, or VPN-Classic for old ones. [Category]
    properties->>'VpnGatewayId' AS vpn_gateway_id, -- The VPN gateway on AWS's side. [VpnGatewayId]
    properties->>'CustomerGatewayId' AS customer_gateway_id, -- The customer gateway on the other side. [CustomerGatewayId]
    properties->>'CustomerGatewayConfiguration' AS customer_gateway_configuration, -- The set-up of the device on the other side; redacted, since it holds keys. [CustomerGatewayConfiguration]
    properties->>'TransitGatewayId' AS transit_gateway_id, -- The transit gateway on AWS's side. [TransitGatewayId]
    properties->'Options' AS options, -- How the tunnels are set up. [Options]
    properties->'Routes' AS routes, -- The static routes. [Routes]
    properties->'VgwTelemetry' AS vgw_telemetry, -- How each tunnel does. [VgwTelemetry]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_vpn_connection'
