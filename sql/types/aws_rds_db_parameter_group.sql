-- Groups of parameters for RDS database instances.
SELECT
    coalesce(properties->>'DBParameterGroupName', name) AS name, -- The name that the service knows it by, whatever its tags say. [DBParameterGroupName]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    properties->>'DBParameterGroupFamily' AS db_parameter_group_family, -- The engine and version it is for. [DBParameterGroupFamily]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_rds_db_parameter_group'
