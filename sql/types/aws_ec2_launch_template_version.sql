-- Versions of launch templates. User data is redacted.
SELECT
    properties->>'LaunchTemplateName' AS launch_template_name, -- The launch template, by name. [LaunchTemplateName]
    properties->>'LaunchTemplateId' AS launch_template_id, -- The same by id. [LaunchTemplateId]
    CAST(properties->>'CreateTime' AS TIMESTAMP(6)) AS create_time, -- When the version was made. [CreateTime]
    properties->>'CreatedBy' AS created_by, -- Who made it. [CreatedBy]
    CAST(properties->>'DefaultVersion' AS BOOLEAN) AS default_version, -- Whether it is used where no version is named. [DefaultVersion]
    CAST(properties->'LaunchTemplateData'->>'DisableApiStop' AS BOOLEAN) AS disable_api_stop, -- Whether instances cannot be stopped by a call. [LaunchTemplateData.DisableApiStop]
    CAST(properties->'LaunchTemplateData'->>'DisableApiTermination' AS BOOLEAN) AS disable_api_termination, -- Whether instances cannot be terminated by a call. [LaunchTemplateData.DisableApiTermination]
    CAST(properties->'LaunchTemplateData'->>'EbsOptimized' AS BOOLEAN) AS ebs_optimized, -- Whether instances have bandwidth of their own for EBS. [LaunchTemplateData.EbsOptimized]
    properties->'LaunchTemplateData'->>'ImageId' AS image_id, -- The image that instances are made from. [LaunchTemplateData.ImageId]
    properties->'LaunchTemplateData'->>'InstanceType' AS instance_type, -- The hardware that instances run on. [LaunchTemplateData.InstanceType]
    properties->'LaunchTemplateData'->>'KernelId' AS kernel_id, -- The kernel of a paravirtual image. [LaunchTemplateData.KernelId]
    properties->'LaunchTemplateData'->>'KeyName' AS key_name, -- The key pair of instances. [LaunchTemplateData.KeyName]
    properties->'LaunchTemplateData'->>'RamDiskId' AS ram_disk_id, -- The RAM disk of a paravirtual image. [LaunchTemplateData.RamDiskId]
    properties->'LaunchTemplateData'->'SecurityGroups' AS security_groups, -- The security groups of instances, by name. [LaunchTemplateData.SecurityGroups]
    properties->'LaunchTemplateData'->'SecurityGroupIds' AS security_group_ids, -- The same by id. [LaunchTemplateData.SecurityGroupIds]
    properties->>'VersionDescription' AS version_description, -- What it is for, in its maker's words. [VersionDescription]
    CAST(properties->>'VersionNumber' AS BIGINT) AS version_number, -- The number of the version. [VersionNumber]
    properties->'LaunchTemplateData'->>'UserData' AS user_data, -- What instances run at their start; redacted. [LaunchTemplateData.UserData]
    properties->'LaunchTemplateData' AS launch_template_data, -- All that instances are made with. [LaunchTemplateData]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_launch_template_version'
