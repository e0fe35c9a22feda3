-- EBS snapshots that the account owns.
SELECT
    properties->>'SnapshotId' AS snapshot_id, -- The id. [SnapshotId]
    CAST(properties->>'VolumeSize' AS BIGINT) AS volume_size, -- The size of the volume, in GiB. [VolumeSize]
    properties->>'VolumeId' AS volume_id, -- The volume it was taken of. [VolumeId]
    CAST(properties->>'FullSnapshotSizeInBytes' AS BIGINT) AS full_snapshot_size_in_bytes, -- What all its blocks take, shared ones too. [FullSnapshotSizeInBytes]
    CAST(properties->>'Encrypted' AS BOOLEAN) AS encrypted, -- Whether it is encrypted. [Encrypted]
    CAST(properties->>'StartTime' AS TIMESTAMP(6)) AS start_time, -- When it was begun. [StartTime]
    CAST(properties->>'RestoreExpiryTime' AS TIMESTAMP(6)) AS restore_expiry_time, -- When a copy that was brought back from the archive goes away. [RestoreExpiryTime]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    properties->>'OutpostArn' AS outpost_arn, -- The Outpost it lies on. [OutpostArn]
    properties->>'StorageTier' AS storage_tier, -- Where it is kept: standard or archive. [StorageTier]
    properties->>'KmsKeyId' AS kms_key_id, -- The ARN of the key it is encrypted with. [KmsKeyId]
    properties->>'DataEncryptionKeyId' AS data_encryption_key_id, -- The id of its data key; equal ids share a key. [DataEncryptionKeyId]
    properties->>'Progress' AS progress, -- How far it is, in per cent. [Progress]
    properties->>'StateMessage' AS state_message, -- Why a copy failed. [StateMessage]
    properties->>'OwnerAlias' AS owner_alias, -- The alias of its owner, such as amazon. [OwnerAlias]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ebs_snapshot'
