-- id: tag-required
-- title: Resources without a tag that everything has to have
-- severity: medium
-- types: *
-- remediation: Tag the resource, and have what makes it set the tag from the start.
-- docs: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
WITH made_by_itself AS (
    -- The default VPC and its parts, what every VPC comes with, what services make: as long as nobody tagged it.
    SELECT resource_key FROM aws_vpc WHERE is_default AND tags = '{}'
    UNION ALL
    SELECT resource_key FROM aws_vpc_subnet WHERE default_for_az AND tags = '{}'
    UNION ALL
    SELECT resource_key FROM aws_vpc_security_group WHERE group_name = 'default' AND tags = '{}'
    UNION ALL
    SELECT resource_key FROM aws_vpc_network_acl WHERE is_default AND tags = '{}'
    UNION ALL
    SELECT resource_key FROM aws_vpc_route_table WHERE json_find(associations, 'Main', 'true') IS NOT NULL AND tags = '{}'
    UNION ALL
    SELECT g.resource_key
    FROM aws_vpc_internet_gateway AS g
    JOIN aws_vpc AS v ON v.vpc_id = g.attachments->0->>'VpcId'
    WHERE v.is_default AND g.tags = '{}'
    UNION ALL
    SELECT resource_key FROM aws_vpc_endpoint WHERE requester_managed AND tags = '{}'
    UNION ALL
    SELECT resource_key FROM aws_iam_role WHERE path LIKE '/aws-service-role/%' AND tags = '{}'
    UNION ALL
    -- Snapshots that RDS takes have the tags that their database had then.
    SELECT resource_key FROM aws_rds_db_snapshot WHERE type = 'automated'
    UNION ALL
    SELECT resource_key FROM aws_rds_db_cluster_snapshot WHERE type = 'automated'
),
tagged AS (
    SELECT resource_key, array_to_string(array_except($required, json_names(tags)), ', ') AS missing
    FROM resources
    WHERE (array_has($types, '*') OR array_has($types, resource_type)) AND NOT array_has($exclude_types, resource_type)
        AND NOT jsonb_exists_all(tags, $required)
        AND NOT (resource_type LIKE 'aws_rds_db_%group' AND resource_id LIKE 'default%')
)
SELECT resource_key, 'no tag ' || missing AS reason, missing
FROM tagged
-- NULL, where no scan could see the tags, is not missing.
WHERE missing <> '' AND NOT EXISTS (SELECT 1 FROM made_by_itself AS m WHERE m.resource_key = tagged.resource_key)
