-- id: security-group-reachable
-- title: Security groups open to the world on interfaces that the internet can reach
-- severity: critical
-- types: aws_vpc_security_group, aws_ec2_network_interface
-- remediation: Close the port, or take the public address away and put a load balancer in front.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
WITH opened AS (
    SELECT
        resource_key,
        group_id,
        rule->>'IpProtocol' AS protocol,
        rule->>'FromPort' AS first,
        rule->>'ToPort' AS last,
        coalesce(range->>'CidrIp', range->>'CidrIpv6') AS source
    FROM aws_vpc_security_group
    CROSS JOIN jsonb_array_elements(ip_permissions) AS rule
    CROSS JOIN unnest(make_array(rule->'IpRanges', rule->'Ipv6Ranges')) AS ranges(list)
    CROSS JOIN jsonb_array_elements(ranges.list) AS range
),
reachable AS (
    SELECT used->>'GroupId' AS group_id, 4 AS family
    FROM aws_ec2_network_interface
    CROSS JOIN jsonb_array_elements(groups) AS used
    CROSS JOIN jsonb_array_elements(private_ip_addresses) AS address
    WHERE address->'Association'->>'PublicIp' IS NOT NULL
    UNION ALL
    SELECT used->>'GroupId', 6
    FROM aws_ec2_network_interface
    CROSS JOIN jsonb_array_elements(groups) AS used
    WHERE jsonb_array_length(ipv6_addresses) > 0 AND NOT coalesce(deny_all_igw_traffic, false)
)
SELECT DISTINCT
    resource_key,
    concat(
        CASE protocol WHEN '-1' THEN 'all traffic' ELSE concat(protocol, ' ', first, '-' || nullif(last, first)) END,
        ' is open to ', source, ' on interfaces with public addresses'
    ) AS reason
FROM opened
-- No private network is so wide; 0.0.0.0/0 can also be written as two halves.
WHERE masklen(source) < 7
    AND (protocol = '-1' OR protocol IN ('tcp', '6', 'udp', '17') AND NOT (first = last AND array_has($public_ports, first)))
    AND EXISTS (SELECT 1 FROM reachable WHERE reachable.group_id = opened.group_id AND reachable.family = family(opened.source))
