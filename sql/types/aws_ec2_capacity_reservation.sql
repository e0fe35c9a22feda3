-- Capacity reservations.
SELECT
    properties->>'CapacityReservationId' AS capacity_reservation_id, -- The id. [CapacityReservationId]
    properties->>'CapacityReservationArn' AS capacity_reservation_arn, -- The ARN. [CapacityReservationArn]
    properties->>'InstanceType' AS instance_type, -- The type of instances it is for. [InstanceType]
    properties->>'CapacityReservationFleetId' AS capacity_reservation_fleet_id, -- The fleet that it belongs to. [CapacityReservationFleetId]
    properties->>'OutpostArn' AS outpost_arn, -- The Outpost it is on. [OutpostArn]
    properties->>'PlacementGroupArn' AS placement_group_arn, -- The placement group it is in. [PlacementGroupArn]
    properties->>'ReservationType' AS reservation_type, -- The kind of reservation: default or capacity-block. [ReservationType]
    properties->>'AvailabilityZone' AS availability_zone, -- The availability zone. [AvailabilityZone]
    properties->>'AvailabilityZoneId' AS availability_zone_id, -- The same by its id, which means the same zone in every account. [AvailabilityZoneId]
    CAST(properties->>'AvailableInstanceCount' AS BIGINT) AS available_instance_count, -- How many instances it has room for. [AvailableInstanceCount]
    CAST(properties->>'CreateDate' AS TIMESTAMP(6)) AS create_date, -- When it was made. [CreateDate]
    CAST(properties->>'EbsOptimized' AS BOOLEAN) AS ebs_optimized, -- Whether it is for instances with bandwidth of their own for EBS. [EbsOptimized]
    CAST(properties->>'EndDate' AS TIMESTAMP(6)) AS end_date, -- When it ends. [EndDate]
    properties->>'EndDateType' AS end_date_type, -- Whether it ends by itself: unlimited or limited. [EndDateType]
    CAST(properties->>'EphemeralStorage' AS BOOLEAN) AS ephemeral_storage, -- Whether it is for instances with storage of their own. [EphemeralStorage]
    properties->>'InstanceMatchCriteria' AS instance_match_criteria, -- Which instances use it: open for all that match, or targeted. [InstanceMatchCriteria]
    properties->>'InstancePlatform' AS instance_platform, -- The platform of instances it is for. [InstancePlatform]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    CAST(properties->>'StartDate' AS TIMESTAMP(6)) AS start_date, -- When it began. [StartDate]
    properties->>'Tenancy' AS tenancy, -- Who shares the hardware: default or dedicated. [Tenancy]
    CAST(properties->>'TotalInstanceCount' AS BIGINT) AS total_instance_count, -- How many instances it is for. [TotalInstanceCount]
    properties->'CapacityAllocations' AS capacity_allocations, -- What its capacity is used for. [CapacityAllocations]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    properties->'Tags' AS tag_src, -- The same as tags_src. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_capacity_reservation'
