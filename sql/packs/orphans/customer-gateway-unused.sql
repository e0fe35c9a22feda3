-- id: customer-gateway-unused
-- title: Customer gateways without a VPN connection
-- severity: low
-- types: aws_vpc_customer_gateway, aws_vpc_vpn_connection
-- needs: aws_vpc_vpn_connection
-- lasting: $unused_for
-- remediation: Delete the customer gateway.
-- docs: https://docs.aws.amazon.com/vpn/latest/s2svpn/delete-vpn.html
SELECT resource_key, concat('no VPN connection leads to ', coalesce(ip_address, 'it')) AS reason
FROM aws_vpc_customer_gateway AS mine
WHERE state = 'available'
    AND NOT EXISTS (SELECT 1 FROM aws_vpc_vpn_connection AS c WHERE c.customer_gateway_id = mine.customer_gateway_id)
