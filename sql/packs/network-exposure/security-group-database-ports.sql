-- id: security-group-database-ports
-- title: Security groups that open ports of databases to the world
-- severity: high
-- types: aws_vpc_security_group
-- remediation: Allow only the security groups of the applications that use the database.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.RDSSecurityGroups.html
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
SELECT DISTINCT resource_key, concat(protocol, ' ', first, '-' || nullif(last, first), ' is open to ', source) AS reason
FROM opened
CROSS JOIN unnest($database_ports) AS db(port)
-- No private network is so wide; 0.0.0.0/0 can also be written as two halves.
WHERE masklen(source) < 7
    AND protocol IN ('tcp', '6', 'udp', '17') AND CAST(db.port AS BIGINT) BETWEEN CAST(first AS BIGINT) AND CAST(last AS BIGINT)
    -- What opens all ports is told of by security-group-all-traffic.
    AND NOT (first IN ('0', '1') AND last = '65535')
