-- ECS services.
SELECT
    properties->>'serviceName' AS service_name, -- The name. [serviceName]
    properties->>'status' AS status, -- What it does: ACTIVE, DRAINING or INACTIVE. [status]
    properties->>'clusterArn' AS cluster_arn, -- The cluster it runs in. [clusterArn]
    properties->>'taskDefinition' AS task_definition, -- The task definition of its tasks. [taskDefinition]
    CAST(properties->>'createdAt' AS TIMESTAMP(6)) AS created_at_time, -- When it was made, as the service tells. [createdAt]
    properties->>'createdBy' AS created_by, -- Who made it. [createdBy]
    properties->'deploymentController'->>'type' AS deployment_controller_type, -- Who deploys it: ECS, CODE_DEPLOY or EXTERNAL. [deploymentController.type]
    CAST(properties->>'desiredCount' AS BIGINT) AS desired_count, -- How many tasks should run. [desiredCount]
    CAST(properties->>'enableECSManagedTags' AS BOOLEAN) AS enable_ecs_managed_tags, -- Whether ECS tags its tasks. [enableECSManagedTags]
    CAST(properties->>'enableExecuteCommand' AS BOOLEAN) AS enable_execute_command, -- Whether commands can be run in its containers. [enableExecuteCommand]
    CAST(properties->>'healthCheckGracePeriodSeconds' AS BIGINT) AS health_check_grace_period_seconds, -- For how many seconds a new task is not checked. [healthCheckGracePeriodSeconds]
    properties->>'launchType' AS launch_type, -- Where it runs: EC2, FARGATE or EXTERNAL. [launchType]
    CAST(properties->>'pendingCount' AS BIGINT) AS pending_count, -- How many tasks are about to run. [pendingCount]
    properties->>'platformFamily' AS platform_family, -- The operating system of its tasks. [platformFamily]
    properties->>'platformVersion' AS platform_version, -- The version of Fargate. [platformVersion]
    properties->>'propagateTags' AS propagate_tags, -- Whose tags its tasks take: TASK_DEFINITION, SERVICE or NONE. [propagateTags]
    properties->>'roleArn' AS role_arn, -- The role by which it calls the load balancer. [roleArn]
    CAST(properties->>'runningCount' AS BIGINT) AS running_count, -- How many tasks run. [runningCount]
    properties->>'schedulingStrategy' AS scheduling_strategy, -- Whether it has a number of tasks or one on each instance: REPLICA or DAEMON. [schedulingStrategy]
    properties->'capacityProviderStrategy' AS capacity_provider_strategy, -- Where its tasks run. [capacityProviderStrategy]
    properties->'deploymentConfiguration' AS deployment_configuration, -- How many tasks may be fewer or more while it is deployed. [deploymentConfiguration]
    properties->'deployments' AS deployments, -- Its deployments and how far they are. [deployments]
    properties->'events' AS events, -- What happened of late. [events]
    properties->'loadBalancers' AS load_balancers, -- The load balancers in front of it. [loadBalancers]
    properties->'networkConfiguration' AS network_configuration, -- Its subnets and security groups. [networkConfiguration]
    properties->'placementConstraints' AS placement_constraints, -- Where tasks may be placed. [placementConstraints]
    properties->'placementStrategy' AS placement_strategy, -- Where tasks are placed first. [placementStrategy]
    properties->'serviceRegistries' AS service_registries, -- Where it is registered to be found. [serviceRegistries]
    properties->'taskSets' AS task_sets, -- Its sets of tasks, where another deploys it. [taskSets]
    properties->'tags' AS tags_src, -- The tags, as the service lists them. [tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ecs_service'
