-- Managed node groups of EKS clusters.
SELECT
    properties->>'nodegroupName' AS nodegroup_name, -- The name. [nodegroupName]
    properties->>'clusterName' AS cluster_name, -- The cluster it belongs to. [clusterName]
    properties->>'status' AS status, -- What it does, such as ACTIVE. [status]
    properties->>'amiType' AS ami_type, -- The kind of image of its nodes. [amiType]
    properties->>'capacityType' AS capacity_type, -- ON_DEMAND, SPOT or CAPACITY_BLOCK. [capacityType]
    CAST(properties->>'diskSize' AS BIGINT) AS disk_size, -- How large the disk of a node is, in GiB. [diskSize]
    CAST(properties->>'modifiedAt' AS TIMESTAMP(6)) AS modified_at, -- When it was last changed. [modifiedAt]
    properties->>'nodeRole' AS node_role, -- The role of its nodes. [nodeRole]
    properties->>'releaseVersion' AS release_version, -- The version of the image. [releaseVersion]
    properties->>'version' AS version, -- The version of Kubernetes. [version]
    properties->'health' AS health, -- What is wrong with it. [health]
    properties->'instanceTypes' AS instance_types, -- The hardware of its nodes. [instanceTypes]
    properties->'labels' AS labels, -- The labels that its nodes have in Kubernetes. [labels]
    properties->'launchTemplate' AS launch_template, -- The launch template of its nodes. [launchTemplate]
    properties->'remoteAccess' AS remote_access, -- Who can log in to its nodes. [remoteAccess]
    properties->'resources' AS resources, -- Its Auto Scaling groups and the security group for remote access. [resources]
    properties->'scalingConfig' AS scaling_config, -- How many nodes it has, at least and at most. [scalingConfig]
    properties->'subnets' AS subnets, -- Its subnets. [subnets]
    properties->'taints' AS taints, -- The taints that its nodes have in Kubernetes. [taints]
    properties->'updateConfig' AS update_config, -- How many nodes may be missing while it is updated. [updateConfig]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_eks_node_group'
