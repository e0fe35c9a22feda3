-- id: security-group-other-ports
-- title: Security groups that open other ports to the world than the public ones
-- severity: medium
-- types: aws_vpc_security_group
-- remediation: Allow only the addresses that need the port, or add it to the parameter `public_ports`.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
WITH opened AS (
    SELECT
        resource_key,
        rule->>'IpProtocol' AS protocol,
        rule->>'FromPort' AS first,
        rule->>'ToPort' AS last,
        coalesce(range->>'CidrIp', range->>'CidrIpv6') AS source
    FROM aws_vpc_security_group
    CROSS JOIN jsonb_array_elements(ip_permissions) AS rule
    CROSS JOIN unnest(make_array(rule->'IpRanges', rule->'Ipv6Ranges')) AS ranges(list)
    CROSS JOIN jsonb_array_elements(ranges.list) AS range
)
SELECT resource_key, concat(protocol, ' ', first, '-' || nullif(last, first), ' is open to ', source) AS reason
FROM opened
-- No private network is so wide; 0.0.0.0/0 can also be written as two halves.
WHERE masklen(source) < 7 AND protocol IN ('tcp', '6', 'udp', '17')
    -- Of single ports of these kinds, and of all ports at once, other checks tell.
    AND NOT (first = last AND array_has(array_concat($public_ports, $admin_ports, $database_ports), first))
    AND NOT (first IN ('0', '1') AND last = '65535')
