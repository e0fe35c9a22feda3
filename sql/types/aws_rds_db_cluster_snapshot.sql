-- Snapshots of RDS database clusters.
SELECT
    properties->>'DBClusterSnapshotIdentifier' AS db_cluster_snapshot_identifier, -- The name. [DBClusterSnapshotIdentifier]
    properties->>'SnapshotType' AS type, -- How it came to be: manual, automated, shared, public or awsbackup. [SnapshotType]
    properties->>'DbClusterResourceId' AS db_cluster_resource_id, -- The id of the cluster that stays when it is renamed. [DbClusterResourceId]
    properties->>'EngineMode' AS engine_mode, -- How the engine runs, such as provisioned or serverless. [EngineMode]
    properties->>'SnapshotType' AS snapshot_type, -- The same as type. [SnapshotType]
    properties->>'Status' AS status, -- How far it is, such as available. [Status]
    properties->>'DBClusterIdentifier' AS db_cluster_identifier, -- The cluster it was taken of. [DBClusterIdentifier]
    CAST(properties->>'SnapshotCreateTime' AS TIMESTAMP(6)) AS create_time, -- When it was taken. [SnapshotCreateTime]
    CAST(properties->>'AllocatedStorage' AS BIGINT) AS allocated_storage, -- The size of the cluster's storage, in GiB. [AllocatedStorage]
    CAST(properties->>'ClusterCreateTime' AS TIMESTAMP(6)) AS cluster_create_time, -- When the cluster was made. [ClusterCreateTime]
    properties->>'Engine' AS engine, -- The database engine. [Engine]
    properties->>'EngineVersion' AS engine_version, -- The version of the engine. [EngineVersion]
    CAST(properties->>'IAMDatabaseAuthenticationEnabled' AS BOOLEAN) AS iam_database_authentication_enabled, -- Whether IAM may log in. [IAMDatabaseAuthenticationEnabled]
    properties->>'KmsKeyId' AS kms_key_id, -- The key it is encrypted with. [KmsKeyId]
    properties->>'LicenseModel' AS license_model, -- Under which licence the engine runs. [LicenseModel]
    properties->>'MasterUsername' AS master_user_name, -- The name of the master user. [MasterUsername]
    CAST(properties->>'PercentProgress' AS BIGINT) AS percent_progress, -- How far it is, in per cent. [PercentProgress]
    CAST(properties->>'Port' AS BIGINT) AS port, -- The port the cluster listened on. [Port]
    properties->>'SourceDBClusterSnapshotArn' AS source_db_cluster_snapshot_arn, -- The snapshot it was copied from. [SourceDBClusterSnapshotArn]
    CAST(properties->>'StorageEncrypted' AS BOOLEAN) AS storage_encrypted, -- Whether it is encrypted. [StorageEncrypted]
    properties->>'VpcId' AS vpc_id, -- The VPC of the cluster. [VpcId]
    properties->'AvailabilityZones' AS availability_zones, -- The zones its instances may be in. [AvailabilityZones]
    properties->'TagList' AS tags_src, -- The tags, as the service lists them. [TagList]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_rds_db_cluster_snapshot'
