-- File systems of EFS.
SELECT
    properties->>'FileSystemId' AS file_system_id, -- The id. [FileSystemId]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->>'CreationToken' AS creation_token, -- The token that made its creation idempotent. [CreationToken]
    CAST(properties->>'CreationTime' AS TIMESTAMP(6)) AS creation_time, -- When it was made. [CreationTime]
    json_find(properties->'Tags', 'Key', 'aws:elasticfilesystem:default-backup')->>'Value' AS automatic_backups, -- Whether it is backed up by itself: enabled; absent where it is not. [Tags]
    properties->>'LifeCycleState' AS life_cycle_state, -- What it does, such as available. [LifeCycleState]
    properties->>'AvailabilityZoneId' AS availability_zone_id, -- The one zone that it is in, by id. [AvailabilityZoneId]
    properties->>'AvailabilityZoneName' AS availability_zone_name, -- The same by name. [AvailabilityZoneName]
    properties->'FileSystemProtection'->>'ReplicationOverwriteProtection' AS replication_overwrite_protection, -- Whether it cannot be the copy of another: ENABLED, DISABLED or REPLICATING. [FileSystemProtection.ReplicationOverwriteProtection]
    CAST(properties->>'NumberOfMountTargets' AS BIGINT) AS number_of_mount_targets, -- How many mount targets it has. [NumberOfMountTargets]
    properties->>'PerformanceMode' AS performance_mode, -- generalPurpose or maxIO. [PerformanceMode]
    CAST(properties->>'Encrypted' AS BOOLEAN) AS encrypted, -- Whether it is encrypted. [Encrypted]
    properties->>'KmsKeyId' AS kms_key_id, -- The key it is encrypted with. [KmsKeyId]
    properties->>'ThroughputMode' AS throughput_mode, -- bursting, provisioned or elastic. [ThroughputMode]
    CAST(properties->>'ProvisionedThroughputInMibps' AS DOUBLE) AS provisioned_throughput_in_mibps, -- The throughput that is provisioned, in MiB a second. [ProvisionedThroughputInMibps]
    properties->'SizeInBytes' AS size_in_bytes, -- How much is stored, in bytes, and when that was so. [SizeInBytes]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_efs_file_system'
