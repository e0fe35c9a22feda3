-- id: security-group-all-traffic
-- title: Security groups that open all ports to the world
-- severity: critical
-- types: aws_vpc_security_group
-- remediation: Allow the ports and addresses that are needed, and nothing else.
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
SELECT DISTINCT
    resource_key,
    concat('all ', CASE protocol WHEN '-1' THEN 'traffic' ELSE 'of ' || protocol END, ' is open to ', source) AS reason
FROM opened
-- No private network is so wide; 0.0.0.0/0 can also be written as two halves.
WHERE masklen(source) < 7
    AND (protocol = '-1' OR protocol IN ('tcp', '6', 'udp', '17') AND first IN ('0', '1') AND last = '65535')
