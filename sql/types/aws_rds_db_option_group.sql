-- Groups of options for RDS database engines.
SELECT
    coalesce(properties->>'OptionGroupName', name) AS name, -- The name that the service knows it by, whatever its tags say. [OptionGroupName]
    properties->>'OptionGroupDescription' AS description, -- What it is for, in its maker's words. [OptionGroupDescription]
    CAST(properties->>'AllowsVpcAndNonVpcInstanceMemberships' AS BOOLEAN) AS allows_vpc_and_non_vpc_instance_memberships, -- Whether instances in VPCs and outside may both use it. [AllowsVpcAndNonVpcInstanceMemberships]
    properties->>'EngineName' AS engine_name, -- The engine it is for. [EngineName]
    properties->>'MajorEngineVersion' AS major_engine_version, -- The major version it is for. [MajorEngineVersion]
    properties->>'SourceAccountId' AS source_account_id, -- The account it was copied from. [SourceAccountId]
    properties->>'SourceOptionGroup' AS source_option_group, -- The group it was copied from. [SourceOptionGroup]
    properties->>'VpcId' AS vpc_id, -- The VPC whose instances alone may use it. [VpcId]
    properties->'Options' AS options, -- Its options, with their settings. [Options]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_rds_db_option_group'
