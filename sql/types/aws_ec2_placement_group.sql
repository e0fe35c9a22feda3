-- Placement groups.
SELECT
    properties->>'GroupId' AS group_id, -- The id. [GroupId]
    properties->>'GroupName' AS group_name, -- The name. [GroupName]
    CAST(properties->>'PartitionCount' AS BIGINT) AS partition_count, -- How many partitions it has. [PartitionCount]
    properties->>'SpreadLevel' AS spread_level, -- What its instances are spread over: host or rack. [SpreadLevel]
    properties->>'Strategy' AS strategy, -- How its instances are placed: cluster, partition or spread. [Strategy]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || replace(replace(arn, '\', '\\'), '"', '\"') || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_placement_group'
