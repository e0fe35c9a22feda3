-- id: vpn-connection-down
-- title: VPN connections of which no tunnel is up
-- severity: medium
-- types: aws_vpc_vpn_connection
-- lasting: $down_for
-- remediation: Mend the far side, or delete the connection if nobody misses it.
-- docs: https://docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-overview-vpn.html
SELECT resource_key, 'no tunnel is up' AS reason
FROM aws_vpc_vpn_connection AS mine
WHERE state = 'available' AND jsonb_array_length(vgw_telemetry) > 0 AND NOT EXISTS (
    SELECT 1 FROM aws_vpc_vpn_connection AS c, jsonb_array_elements(c.vgw_telemetry) AS tunnel(value)
    WHERE c.resource_key = mine.resource_key AND tunnel.value->>'Status' = 'UP'
)
