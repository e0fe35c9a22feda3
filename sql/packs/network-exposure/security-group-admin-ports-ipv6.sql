-- id: security-group-admin-ports-ipv6
-- title: Security groups that open admin ports to all of IPv6
-- severity: high
-- types: aws_vpc_security_group
-- remediation: Allow only the addresses of those who administer, or go through Session Manager or a VPN.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
WITH opened AS (
    SELECT resource_key, rule->>'IpProtocol' AS protocol, rule->>'FromPort' AS first, rule->>'ToPort' AS last, range->>'CidrIpv6' AS source
    FROM aws_vpc_security_group
    CROSS JOIN jsonb_array_elements(ip_permissions) AS rule
    CROSS JOIN jsonb_array_elements(rule->'Ipv6Ranges') AS range
)
SELECT DISTINCT
    resource_key,
    concat(
        CASE protocol WHEN '-1' THEN 'all traffic' ELSE concat(protocol, ' ', first, '-' || nullif(last, first)) END, ' is open to ', source
    ) AS reason
FROM opened
CROSS JOIN unnest($admin_ports) AS admin(port)
-- No private network is so wide; ::/0 can also be written as 2000::/3.
WHERE masklen(source) < 7
    AND (
        protocol = '-1'
        OR protocol IN ('tcp', '6') AND CAST(admin.port AS BIGINT) BETWEEN CAST(first AS BIGINT) AND CAST(last AS BIGINT)
    )
