-- Requests for Spot instances.
SELECT
    properties->>'SpotInstanceRequestId' AS spot_instance_request_id, -- The id. [SpotInstanceRequestId]
    properties->>'Type' AS type, -- Whether it asks once or again and again: one-time or persistent. [Type]
    properties->'Status'->>'Code' AS status_code, -- How far it is, such as fulfilled or capacity-not-available. [Status.Code]
    properties->'Status'->>'Message' AS status_message, -- The same in words. [Status.Message]
    CAST(properties->'Status'->>'UpdateTime' AS TIMESTAMP(6)) AS status_update_time, -- When that last changed. [Status.UpdateTime]
    properties->'Fault'->>'Code' AS fault_code, -- The code of what went wrong; absent where nothing did. [Fault.Code]
    properties->'Fault'->>'Message' AS fault_message, -- The same in words. [Fault.Message]
    CAST(properties->>'CreateTime' AS TIMESTAMP(6)) AS create_time, -- When it was made. [CreateTime]
    CAST(properties->>'ValidFrom' AS TIMESTAMP(6)) AS valid_from_time, -- When it begins; valid_from is that of a version. [ValidFrom]
    CAST(properties->>'ValidUntil' AS TIMESTAMP(6)) AS valid_until, -- When it ends. [ValidUntil]
    properties->>'SpotPrice' AS spot_price, -- The most it pays for an instance an hour. [SpotPrice]
    properties->>'ActualBlockHourlyPrice' AS actual_block_hourly_price, -- What an hour costs of an instance with a fixed duration. [ActualBlockHourlyPrice]
    CAST(properties->>'BlockDurationMinutes' AS BIGINT) AS block_duration_minutes, -- The fixed duration, in minutes. [BlockDurationMinutes]
    properties->>'InstanceId' AS instance_id, -- The instance that it started. [InstanceId]
    properties->>'InstanceInterruptionBehavior' AS instance_interruption_behavior, -- What becomes of an instance that is taken away: terminate, stop or hibernate. [InstanceInterruptionBehavior]
    properties->>'ProductDescription' AS product_description, -- The platform of the instance, such as Linux/UNIX. [ProductDescription]
    properties->>'AvailabilityZoneGroup' AS availability_zone_group, -- The requests with this name start their instances in one zone. [AvailabilityZoneGroup]
    properties->>'LaunchGroup' AS launch_group, -- The requests with this name start and end together. [LaunchGroup]
    properties->>'LaunchedAvailabilityZone' AS launched_availability_zone, -- The zone it was started in. [LaunchedAvailabilityZone]
    properties->>'LaunchedAvailabilityZoneId' AS launched_availability_zone_id, -- The same by its id, which means the same zone in every account. [LaunchedAvailabilityZoneId]
    properties->'LaunchSpecification' AS launch_specification, -- What the instance is made with. [LaunchSpecification]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_spot_instance_request'
