-- Secrets of Secrets Manager, without what they hold.
SELECT
    coalesce(properties->>'Name', name) AS name, -- The name that the service knows it by, whatever its tags say. [Name]
    CAST(properties->>'CreatedDate' AS TIMESTAMP(6)) AS created_date, -- When it was made. [CreatedDate]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    properties->>'KmsKeyId' AS kms_key_id, -- The key it is encrypted with; absent for AWS's own. [KmsKeyId]
    CAST(properties->>'DeletedDate' AS TIMESTAMP(6)) AS deleted_date, -- When it was marked to be deleted. [DeletedDate]
    CAST(properties->>'LastAccessedDate' AS TIMESTAMP(6)) AS last_accessed_date, -- The day it was last read. [LastAccessedDate]
    CAST(properties->>'LastChangedDate' AS TIMESTAMP(6)) AS last_changed_date, -- When it was last changed. [LastChangedDate]
    CAST(properties->>'LastRotatedDate' AS TIMESTAMP(6)) AS last_rotated_date, -- When it was last rotated. [LastRotatedDate]
    properties->>'OwningService' AS owning_service, -- The service that made it. [OwningService]
    properties->>'PrimaryRegion' AS primary_region, -- Of a copy, the region that leads. [PrimaryRegion]
    properties->'ReplicationStatus' AS replication_status, -- Its copies in other regions. [ReplicationStatus]
    coalesce(CAST(properties->>'RotationEnabled' AS BOOLEAN), false) AS rotation_enabled, -- Whether it is rotated by itself. [RotationEnabled]
    properties->>'RotationLambdaARN' AS rotation_lambda_arn, -- The function that rotates it. [RotationLambdaARN]
    properties->'RotationRules' AS rotation_rules, -- How often. [RotationRules]
    properties->'SecretVersionsToStages' AS secret_versions_to_stages, -- Its versions, and what each is for. [SecretVersionsToStages]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_secretsmanager_secret'
