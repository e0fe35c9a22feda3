-- EBS volumes.
SELECT
    properties->>'VolumeId' AS volume_id, -- The id. [VolumeId]
    properties->>'VolumeType' AS volume_type, -- The kind of storage, such as gp3. [VolumeType]
    CAST(properties->>'CreateTime' AS TIMESTAMP(6)) AS create_time, -- When it was made. [CreateTime]
    properties->>'AvailabilityZone' AS availability_zone, -- The availability zone. [AvailabilityZone]
    CAST(properties->>'Encrypted' AS BOOLEAN) AS encrypted, -- Whether it is encrypted. [Encrypted]
    CAST(properties->>'FastRestored' AS BOOLEAN) AS fast_restored, -- Whether it was made from a snapshot with fast restore. [FastRestored]
    CAST(properties->>'Iops' AS BIGINT) AS iops, -- The I/O operations per second it is made for. [Iops]
    CAST(properties->>'Throughput' AS BIGINT) AS throughput, -- The throughput it is made for, in MiB/s. [Throughput]
    properties->>'KmsKeyId' AS kms_key_id, -- The ARN of the key it is encrypted with. [KmsKeyId]
    CAST(properties->>'MultiAttachEnabled' AS BOOLEAN) AS multi_attach_enabled, -- Whether several instances may have it at once. [MultiAttachEnabled]
    properties->>'OutpostArn' AS outpost_arn, -- The Outpost it lies on. [OutpostArn]
    CAST(properties->>'Size' AS BIGINT) AS size, -- The size, in GiB. [Size]
    properties->>'SnapshotId' AS snapshot_id, -- The snapshot it was made from. [SnapshotId]
    properties->'Attachments' AS attachments, -- The instances that have it, and since when. [Attachments]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ebs_volume'
