-- Launch configurations. User data is redacted.
SELECT
    coalesce(properties->>'LaunchConfigurationName', name) AS name, -- The name that the service knows it by, whatever its tags say. [LaunchConfigurationName]
    properties->>'LaunchConfigurationARN' AS launch_configuration_arn, -- The ARN. [LaunchConfigurationARN]
    CAST(properties->>'CreatedTime' AS TIMESTAMP(6)) AS created_time, -- When it was made. [CreatedTime]
    properties->>'ImageId' AS image_id, -- The image that instances are made from. [ImageId]
    properties->>'InstanceType' AS instance_type, -- The hardware that instances run on. [InstanceType]
    coalesce(CAST(properties->>'AssociatePublicIpAddress' AS BOOLEAN), false) AS associate_public_ip_address, -- Whether instances are told to have a public address. [AssociatePublicIpAddress]
    properties->>'KernelId' AS kernel_id, -- The kernel of a paravirtual image. [KernelId]
    properties->>'KeyName' AS key_name, -- The key pair of instances. [KeyName]
    properties->>'RamdiskId' AS ramdisk_id, -- The RAM disk of a paravirtual image. [RamdiskId]
    CAST(properties->>'EbsOptimized' AS BOOLEAN) AS ebs_optimized, -- Whether instances have bandwidth of their own for EBS. [EbsOptimized]
    properties->>'ClassicLinkVPCId' AS classic_link_vpc_id, -- The VPC that instances outside of any were linked to. [ClassicLinkVPCId]
    properties->>'SpotPrice' AS spot_price, -- The most paid for a Spot instance an hour. [SpotPrice]
    properties->>'UserData' AS user_data, -- What instances run at their start; redacted. [UserData]
    properties->>'PlacementTenancy' AS placement_tenancy, -- Who shares the hardware: default or dedicated. [PlacementTenancy]
    properties->>'IamInstanceProfile' AS iam_instance_profile, -- The instance profile of instances. [IamInstanceProfile]
    CAST(properties->'InstanceMonitoring'->>'Enabled' AS BOOLEAN) AS instance_monitoring_enabled, -- Whether detailed monitoring is on. [InstanceMonitoring.Enabled]
    properties->'MetadataOptions'->>'HttpEndpoint' AS metadata_options_http_endpoint, -- Whether the metadata service answers: enabled or disabled. [MetadataOptions.HttpEndpoint]
    CAST(properties->'MetadataOptions'->>'HttpPutResponseHopLimit' AS BIGINT) AS metadata_options_put_response_hop_limit, -- How many hops its answers go. [MetadataOptions.HttpPutResponseHopLimit]
    properties->'MetadataOptions'->>'HttpTokens' AS metadata_options_http_tokens, -- Whether it wants a token: optional or required. [MetadataOptions.HttpTokens]
    properties->'BlockDeviceMappings' AS block_device_mappings, -- The volumes of instances, by device name. [BlockDeviceMappings]
    properties->'ClassicLinkVPCSecurityGroups' AS classic_link_vpc_security_groups, -- The security groups in that VPC. [ClassicLinkVPCSecurityGroups]
    properties->'SecurityGroups' AS security_groups, -- The security groups of instances. [SecurityGroups]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_launch_configuration'
