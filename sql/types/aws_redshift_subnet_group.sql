-- Subnet groups of Redshift.
SELECT
    properties->>'ClusterSubnetGroupName' AS cluster_subnet_group_name, -- The name. [ClusterSubnetGroupName]
    properties->>'SubnetGroupStatus' AS subnet_group_status, -- What it does, such as Complete. [SubnetGroupStatus]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    properties->>'VpcId' AS vpc_id, -- The VPC it lies in. [VpcId]
    properties->'Subnets' AS subnets, -- Its subnets. [Subnets]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_redshift_subnet_group'
