-- Launch templates.
SELECT
    properties->>'LaunchTemplateName' AS launch_template_name, -- The name. [LaunchTemplateName]
    properties->>'LaunchTemplateId' AS launch_template_id, -- The id. [LaunchTemplateId]
    CAST(properties->>'CreateTime' AS TIMESTAMP(6)) AS create_time, -- When it was made. [CreateTime]
    properties->>'CreatedBy' AS created_by, -- The ARN of who made it. [CreatedBy]
    CAST(properties->>'DefaultVersionNumber' AS BIGINT) AS default_version_number, -- The version that is taken where none is named. [DefaultVersionNumber]
    CAST(properties->>'LatestVersionNumber' AS BIGINT) AS latest_version_number, -- The newest version. [LatestVersionNumber]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_launch_template'
