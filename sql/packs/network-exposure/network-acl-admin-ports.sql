-- id: network-acl-admin-ports
-- title: Network ACLs that let the whole internet in to admin ports
-- severity: medium
-- types: aws_vpc_network_acl
-- remediation: Deny the ports by a rule with a lower number, or let in the addresses of those who administer only.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
WITH entries AS (
    SELECT
        resource_key,
        is_default,
        entry->>'RuleAction' AS action,
        CAST(entry->>'RuleNumber' AS BIGINT) AS number,
        CASE entry->>'Protocol' WHEN '-1' THEN 'all traffic' ELSE concat('port ', admin.port) END AS what,
        coalesce(entry->>'CidrBlock', entry->>'Ipv6CidrBlock') AS source,
        admin.port
    FROM aws_vpc_network_acl
    CROSS JOIN jsonb_array_elements(entries) AS entry
    CROSS JOIN unnest($admin_ports) AS admin(port)
    WHERE entry->>'Egress' = 'false'
        AND (
            entry->>'Protocol' = '-1'
            OR entry->>'Protocol' IN ('6', 'tcp')
            AND CAST(admin.port AS BIGINT) BETWEEN CAST(entry->'PortRange'->>'From' AS BIGINT) AND CAST(entry->'PortRange'->>'To' AS BIGINT)
        )
)
SELECT DISTINCT resource_key, concat('rule ', number, ' allows ', what, ' from ', source) AS reason
FROM entries AS mine
-- No private network is so wide; 0.0.0.0/0 can also be written as two halves.
WHERE action = 'allow' AND masklen(source) < 7 AND ($default_network_acls OR NOT is_default)
    -- The rule with the lowest number decides.
    AND NOT EXISTS (
        SELECT 1 FROM entries AS earlier
        WHERE earlier.resource_key = mine.resource_key AND earlier.port = mine.port
            AND earlier.action = 'deny' AND earlier.number < mine.number AND mine.source <<= earlier.source
    )
