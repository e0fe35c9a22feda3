-- Dedicated hosts.
SELECT
    properties->>'HostId' AS host_id, -- The id. [HostId]
    CAST(properties->>'AllocationTime' AS TIMESTAMP(6)) AS allocation_time, -- When it was allocated. [AllocationTime]
    CAST(properties->>'ReleaseTime' AS TIMESTAMP(6)) AS release_time, -- When it was released. [ReleaseTime]
    properties->>'AllowsMultipleInstanceTypes' AS allows_multiple_instance_types, -- Whether it takes several sizes of its family: on or off. [AllowsMultipleInstanceTypes]
    properties->>'AssetId' AS asset_id, -- The rack of the Outpost it lies on. [AssetId]
    properties->>'AutoPlacement' AS auto_placement, -- Whether instances that name no host may land on it: on or off. [AutoPlacement]
    properties->>'AvailabilityZone' AS availability_zone, -- The availability zone, by the name it has in this account. [AvailabilityZone]
    properties->>'AvailabilityZoneId' AS availability_zone_id, -- The availability zone, by the id that is the same for all accounts. [AvailabilityZoneId]
    properties->>'ClientToken' AS client_token, -- The token that made its allocation idempotent. [ClientToken]
    properties->>'HostMaintenance' AS host_maintenance, -- Whether it is replaced on maintenance: on or off. [HostMaintenance]
    properties->>'HostRecovery' AS host_recovery, -- Whether it is replaced when it fails: on or off. [HostRecovery]
    properties->>'HostReservationId' AS host_reservation_id, -- The reservation that pays for it. [HostReservationId]
    CAST(properties->'HostProperties'->>'Cores' AS BIGINT) AS cores, -- How many CPU cores it has. [HostProperties.Cores]
    properties->'HostProperties'->>'InstanceFamily' AS instance_family, -- The family of instances it takes. [HostProperties.InstanceFamily]
    properties->'HostProperties'->>'InstanceType' AS instance_type, -- The one type of instance it takes, where it takes one only. [HostProperties.InstanceType]
    CAST(properties->'HostProperties'->>'Sockets' AS BIGINT) AS sockets, -- How many CPU sockets it has. [HostProperties.Sockets]
    CAST(properties->'HostProperties'->>'TotalVCpus' AS BIGINT) AS total_v_cpus, -- How many virtual CPUs it has. [HostProperties.TotalVCpus]
    CAST(properties->'AvailableCapacity'->>'AvailableVCpus' AS BIGINT) AS available_v_cpus, -- How many virtual CPUs are free. [AvailableCapacity.AvailableVCpus]
    properties->'AvailableCapacity'->'AvailableInstanceCapacity' AS available_instance_capacity, -- How many more instances of each type it takes. [AvailableCapacity.AvailableInstanceCapacity]
    CAST(properties->>'MemberOfServiceLinkedResourceGroup' AS BOOLEAN) AS member_of_service_linked_resource_group, -- Whether it is in a host resource group. [MemberOfServiceLinkedResourceGroup]
    properties->>'OutpostArn' AS outpost_arn, -- The Outpost it lies on. [OutpostArn]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->'Instances' AS instances, -- The instances on it. [Instances]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_host'
