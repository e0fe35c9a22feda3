-- Aurora global databases.
SELECT
    properties->>'GlobalClusterIdentifier' AS global_cluster_identifier, -- The name. [GlobalClusterIdentifier]
    properties->>'GlobalClusterArn' AS global_cluster_arn, -- The ARN. [GlobalClusterArn]
    properties->>'Status' AS status, -- What it does, such as available. [Status]
    properties->>'GlobalClusterResourceId' AS global_cluster_resource_id, -- The id that never changes, as CloudTrail knows it. [GlobalClusterResourceId]
    properties->>'DatabaseName' AS database_name, -- The database that it was made with. [DatabaseName]
    CAST(properties->>'DeletionProtection' AS BOOLEAN) AS deletion_protection, -- Whether it cannot be deleted. [DeletionProtection]
    properties->>'Endpoint' AS endpoint, -- The host name of the cluster that is written to. [Endpoint]
    properties->>'Engine' AS engine, -- The database engine. [Engine]
    properties->>'EngineVersion' AS engine_version, -- The version of the engine. [EngineVersion]
    properties->>'EngineLifecycleSupport' AS engine_lifecycle_support, -- Whether support goes on after its standard end. [EngineLifecycleSupport]
    CAST(properties->>'StorageEncrypted' AS BOOLEAN) AS storage_encrypted, -- Whether its storage is encrypted. [StorageEncrypted]
    properties->'FailoverState' AS failover_state, -- Where a failover or switchover that is under way stands. [FailoverState]
    properties->'GlobalClusterMembers' AS global_cluster_members, -- Its clusters, and which of them is written to. [GlobalClusterMembers]
    properties->'TagList' AS tags_src, -- The tags, as the service lists them. [TagList]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_rds_global_cluster'
