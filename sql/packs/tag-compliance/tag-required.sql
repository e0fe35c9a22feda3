-- id: tag-required
-- title: Resources without a tag that everything has to have
-- severity: medium
-- types: *
-- remediation: Tag the resource, and have what makes it set the tag from the start.
-- docs: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
WITH mine AS (
    SELECT
        resource_key,
        array_to_string(array_except($required, json_names(tags)), ', ') AS missing,
        -- What is made by itself, as long as nobody tagged it: the default VPC and its parts, what a VPC comes with, what services make.
        tags = '{}' AND (
            coalesce(properties->>'IsDefault', properties->>'DefaultForAz', properties->>'RequesterManaged') = 'true'
            OR resource_type = 'aws_vpc_security_group' AND properties->>'GroupName' = 'default'
            OR resource_type = 'aws_vpc_route_table' AND json_find(properties->'Associations', 'Main', 'true') IS NOT NULL
            OR resource_type LIKE 'aws_rds_db_%_group' AND resource_id LIKE 'default%'
            OR resource_type = 'aws_iam_role' AND properties->>'Path' LIKE '/aws-service-role/%'
        ) AS is_made_by_itself,
        CASE WHEN resource_type = 'aws_vpc_internet_gateway' AND tags = '{}' THEN properties->'Attachments'->0->>'VpcId' END AS gateway_of
    FROM resources
    WHERE tags IS NOT NULL
        AND (array_has($types, '*') OR array_has($types, resource_type)) AND NOT array_has($exclude_types, resource_type)
        -- Snapshots that RDS takes have the tags that their database had then.
        AND NOT (resource_type LIKE 'aws_rds_db%snapshot' AND properties->>'SnapshotType' = 'automated')
)
SELECT resource_key, 'no tag ' || missing AS reason, missing
FROM mine
WHERE missing <> '' AND NOT coalesce(is_made_by_itself, false)
    AND NOT EXISTS (SELECT 1 FROM aws_vpc AS v WHERE v.is_default AND v.vpc_id = mine.gateway_of)
