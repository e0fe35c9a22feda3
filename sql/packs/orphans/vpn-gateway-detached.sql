-- id: vpn-gateway-detached
-- title: VPN gateways of no VPC
-- severity: low
-- types: aws_vpc_vpn_gateway
-- lasting: $unused_for
-- remediation: Delete the gateway and the VPN connections that end at it, or attach it to its VPC.
-- docs: https://docs.aws.amazon.com/vpn/latest/s2svpn/delete-vpn.html
SELECT resource_key, 'attached to no VPC' AS reason
FROM aws_vpc_vpn_gateway AS mine
WHERE state = 'available' AND NOT EXISTS (
    SELECT 1 FROM aws_vpc_vpn_gateway AS g, jsonb_array_elements(g.vpc_attachments) AS a(value)
    WHERE g.resource_key = mine.resource_key AND a.value->>'State' IN ('attaching', 'attached')
)
