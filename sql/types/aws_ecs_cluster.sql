-- ECS clusters.
SELECT
    properties->>'clusterArn' AS cluster_arn, -- The ARN. [clusterArn]
    properties->>'clusterName' AS cluster_name, -- The name. [clusterName]
    CAST(properties->>'activeServicesCount' AS BIGINT) AS active_services_count, -- How many services run in it. [activeServicesCount]
    CAST(properties->>'pendingTasksCount' AS BIGINT) AS pending_tasks_count, -- How many tasks are about to run. [pendingTasksCount]
    CAST(properties->>'registeredContainerInstancesCount' AS BIGINT) AS registered_container_instances_count, -- How many container instances it has. [registeredContainerInstancesCount]
    CAST(properties->>'runningTasksCount' AS BIGINT) AS running_tasks_count, -- How many tasks run. [runningTasksCount]
    properties->>'status' AS status, -- What it does, such as ACTIVE. [status]
    properties->>'attachmentsStatus' AS attachments_status, -- How its attachments do. [attachmentsStatus]
    properties->'serviceConnectDefaults'->>'namespace' AS service_connect_defaults_namespace, -- The namespace of services that name none. [serviceConnectDefaults.namespace]
    properties->'attachments' AS attachments, -- What is attached to it. [attachments]
    properties->'capacityProviders' AS capacity_providers, -- Where its tasks can run. [capacityProviders]
    properties->'defaultCapacityProviderStrategy' AS default_capacity_provider_strategy, -- Where tasks run that do not say it. [defaultCapacityProviderStrategy]
    properties->'settings' AS settings, -- Its settings, such as Container Insights. [settings]
    properties->'statistics' AS statistics, -- How many tasks and services of each launch type there are. [statistics]
    properties->'configuration'->'executeCommandConfiguration' AS execute_command_configuration, -- How commands in its containers are encrypted and logged. [configuration.executeCommandConfiguration]
    properties->'tags' AS tags_src, -- The tags, as the service lists them. [tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ecs_cluster'
