-- ECS task definitions. Values of environment variables are redacted.
SELECT
    properties->>'taskDefinitionArn' AS task_definition_arn, -- The ARN. [taskDefinitionArn]
    CAST(properties->>'cpu' AS BIGINT) AS cpu, -- How many units of CPU a task has; 1024 are a core. [cpu]
    properties->>'status' AS status, -- Whether it can be used: ACTIVE or INACTIVE. [status]
    properties->>'executionRoleArn' AS execution_role_arn, -- The role by which tasks are started. [executionRoleArn]
    properties->>'family' AS family, -- The name that its revisions share. [family]
    properties->>'ipcMode' AS ipc_mode, -- Which processes share memory: host, task or none. [ipcMode]
    CAST(properties->>'memory' AS BIGINT) AS memory, -- How much memory a task has, in MiB. [memory]
    properties->>'networkMode' AS network_mode, -- How containers reach the network: bridge, host, awsvpc or none. [networkMode]
    properties->>'pidMode' AS pid_mode, -- Which processes see each other: host or task. [pidMode]
    CAST(properties->>'revision' AS BIGINT) AS task_revision, -- Its number in the family; revision is that of the version. [revision]
    properties->>'taskRoleArn' AS task_role_arn, -- The role that tasks run as. [taskRoleArn]
    properties->>'registeredAt' AS registered_at, -- When it was made. [registeredAt]
    properties->>'registeredBy' AS registered_by, -- Who made it. [registeredBy]
    CAST(properties->>'deregisteredAt' AS TIMESTAMP(6)) AS deregistered_at, -- When it was made unusable. [deregisteredAt]
    CAST(properties->'ephemeralStorage'->>'sizeInGiB' AS BIGINT) AS ephemeral_storage_size_in_gib, -- How much storage a task has, in GiB. [ephemeralStorage.sizeInGiB]
    properties->'containerDefinitions' AS container_definitions, -- Its containers. [containerDefinitions]
    properties->'compatibilities' AS compatibilities, -- Where it was found to be able to run. [compatibilities]
    properties->'runtimePlatform' AS runtime_platform, -- The operating system and architecture. [runtimePlatform]
    properties->'inferenceAccelerators' AS inference_accelerators, -- The inference accelerators of its containers. [inferenceAccelerators]
    properties->'placementConstraints' AS placement_constraints, -- Where tasks may be placed. [placementConstraints]
    properties->'proxyConfiguration' AS proxy_configuration, -- The proxy that its traffic goes through. [proxyConfiguration]
    properties->'requiresAttributes' AS requires_attributes, -- What an instance has to have. [requiresAttributes]
    properties->'requiresCompatibilities' AS requires_compatibilities, -- Where it has to be able to run. [requiresCompatibilities]
    properties->'volumes' AS volumes, -- The volumes of its containers. [volumes]
    properties->'tags' AS tags_src, -- The tags, as the service lists them. [tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ecs_task_definition'
