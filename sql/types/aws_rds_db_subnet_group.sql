-- Groups of subnets for RDS databases.
SELECT
    coalesce(properties->>'DBSubnetGroupName', name) AS name, -- The name that the service knows it by, whatever its tags say. [DBSubnetGroupName]
    properties->>'DBSubnetGroupDescription' AS description, -- What it is for, in its maker's words. [DBSubnetGroupDescription]
    properties->>'SubnetGroupStatus' AS status, -- Whether it can be used, such as Complete. [SubnetGroupStatus]
    properties->>'VpcId' AS vpc_id, -- The VPC of its subnets. [VpcId]
    properties->'Subnets' AS subnets, -- Its subnets, each with its zone. [Subnets]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_rds_db_subnet_group'
