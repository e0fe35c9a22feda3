-- Spot Fleet requests.
SELECT
    properties->>'SpotFleetRequestId' AS spot_fleet_request_id, -- The id. [SpotFleetRequestId]
    properties->>'SpotFleetRequestState' AS spot_fleet_request_state, -- What it does, such as active or cancelled. [SpotFleetRequestState]
    properties->>'ActivityStatus' AS activity_status, -- How far it is: error, pending_fulfillment, pending_termination or fulfilled. [ActivityStatus]
    CAST(properties->>'CreateTime' AS TIMESTAMP(6)) AS create_time, -- When it was made. [CreateTime]
    properties->'SpotFleetRequestConfig'->>'Type' AS type, -- Whether it asks once or keeps its capacity: request or maintain. [SpotFleetRequestConfig.Type]
    CAST(properties->'SpotFleetRequestConfig'->>'TargetCapacity' AS BIGINT) AS target_capacity, -- How much capacity it asks for. [SpotFleetRequestConfig.TargetCapacity]
    properties->'SpotFleetRequestConfig'->>'TargetCapacityUnitType' AS target_capacity_unit_type, -- What its capacity counts: units, vcpu or memory-mib. [SpotFleetRequestConfig.TargetCapacityUnitType]
    properties->'SpotFleetRequestConfig'->>'AllocationStrategy' AS allocation_strategy, -- How Spot pools are chosen. [SpotFleetRequestConfig.AllocationStrategy]
    properties->'SpotFleetRequestConfig'->>'IamFleetRole' AS iam_fleet_role, -- The role by which it starts instances. [SpotFleetRequestConfig.IamFleetRole]
    properties->'SpotFleetRequestConfig'->>'SpotPrice' AS spot_price, -- The most it pays for a unit an hour. [SpotFleetRequestConfig.SpotPrice]
    properties->'SpotFleetRequestConfig'->>'SpotMaxTotalPrice' AS spot_max_total_price, -- The most it pays for all Spot instances an hour. [SpotFleetRequestConfig.SpotMaxTotalPrice]
    CAST(properties->'SpotFleetRequestConfig'->>'OnDemandTargetCapacity' AS BIGINT) AS on_demand_target_capacity, -- How much of its capacity is on demand. [SpotFleetRequestConfig.OnDemandTargetCapacity]
    properties->'SpotFleetRequestConfig'->>'OnDemandAllocationStrategy' AS on_demand_allocation_strategy, -- How instance types are chosen on demand. [SpotFleetRequestConfig.OnDemandAllocationStrategy]
    properties->'SpotFleetRequestConfig'->>'OnDemandMaxTotalPrice' AS on_demand_max_total_price, -- The most it pays for all instances on demand an hour. [SpotFleetRequestConfig.OnDemandMaxTotalPrice]
    CAST(properties->'SpotFleetRequestConfig'->>'FulfilledCapacity' AS DOUBLE) AS fulfilled_capacity, -- How much capacity it has. [SpotFleetRequestConfig.FulfilledCapacity]
    CAST(properties->'SpotFleetRequestConfig'->>'OnDemandFulfilledCapacity' AS DOUBLE) AS on_demand_fulfilled_capacity, -- How much of that is on demand. [SpotFleetRequestConfig.OnDemandFulfilledCapacity]
    properties->'SpotFleetRequestConfig'->>'ExcessCapacityTerminationPolicy' AS excess_capacity_termination_policy, -- Whether instances are terminated when it asks for less. [SpotFleetRequestConfig.ExcessCapacityTerminationPolicy]
    properties->'SpotFleetRequestConfig'->>'InstanceInterruptionBehavior' AS instance_interruption_behavior, -- What becomes of an instance that is taken away: terminate, stop or hibernate. [SpotFleetRequestConfig.InstanceInterruptionBehavior]
    CAST(properties->'SpotFleetRequestConfig'->>'InstancePoolsToUseCount' AS BIGINT) AS instance_pools_to_use_count, -- How many Spot pools it spreads over. [SpotFleetRequestConfig.InstancePoolsToUseCount]
    CAST(properties->'SpotFleetRequestConfig'->>'ReplaceUnhealthyInstances' AS BOOLEAN) AS replace_unhealthy_instances, -- Whether instances that are not healthy are replaced. [SpotFleetRequestConfig.ReplaceUnhealthyInstances]
    CAST(properties->'SpotFleetRequestConfig'->>'TerminateInstancesWithExpiration' AS BOOLEAN) AS terminate_instances_with_expiration, -- Whether instances are terminated when it ends. [SpotFleetRequestConfig.TerminateInstancesWithExpiration]
    CAST(properties->'SpotFleetRequestConfig'->>'ValidFrom' AS TIMESTAMP(6)) AS valid_from_time, -- When it begins; valid_from is that of a version. [SpotFleetRequestConfig.ValidFrom]
    CAST(properties->'SpotFleetRequestConfig'->>'ValidUntil' AS TIMESTAMP(6)) AS valid_until, -- When it ends. [SpotFleetRequestConfig.ValidUntil]
    properties->'SpotFleetRequestConfig'->>'ClientToken' AS client_token, -- The token that made the request idempotent. [SpotFleetRequestConfig.ClientToken]
    properties->'SpotFleetRequestConfig'->>'Context' AS context, -- Reserved by the service. [SpotFleetRequestConfig.Context]
    properties->'SpotFleetRequestConfig'->'LaunchSpecifications' AS launch_specifications, -- What instances are made with. [SpotFleetRequestConfig.LaunchSpecifications]
    properties->'SpotFleetRequestConfig'->'LaunchTemplateConfigs' AS launch_template_configs, -- The launch templates that instances are made from. [SpotFleetRequestConfig.LaunchTemplateConfigs]
    properties->'SpotFleetRequestConfig'->'LoadBalancersConfig' AS load_balancers_config, -- The load balancers in front of its instances. [SpotFleetRequestConfig.LoadBalancersConfig]
    properties->'SpotFleetRequestConfig'->'SpotMaintenanceStrategies' AS spot_maintenance_strategies, -- What it does about instances at risk. [SpotFleetRequestConfig.SpotMaintenanceStrategies]
    properties->'SpotFleetRequestConfig'->'TagSpecifications' AS tag_specifications, -- The tags that its instances are given. [SpotFleetRequestConfig.TagSpecifications]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_spot_fleet_request'
