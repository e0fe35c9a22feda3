-- Replication groups of ElastiCache.
SELECT
    properties->>'ReplicationGroupId' AS replication_group_id, -- The name. [ReplicationGroupId]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    CAST(properties->>'AtRestEncryptionEnabled' AS BOOLEAN) AS at_rest_encryption_enabled, -- Whether what it stores is encrypted. [AtRestEncryptionEnabled]
    properties->>'KmsKeyId' AS kms_key_id, -- The key it is encrypted with. [KmsKeyId]
    CAST(properties->>'AutoMinorVersionUpgrade' AS BOOLEAN) AS auto_minor_version_upgrade, -- Whether minor versions are upgraded by themselves. [AutoMinorVersionUpgrade]
    properties->>'IpDiscovery' AS ip_discovery, -- Which addresses it tells: ipv4 or ipv6. [IpDiscovery]
    properties->>'NetworkType' AS network_type, -- Which addresses it has: ipv4, ipv6 or dual_stack. [NetworkType]
    properties->>'ClusterMode' AS cluster_mode, -- Whether it has shards: enabled, disabled or compatible. [ClusterMode]
    properties->>'DataTiering' AS data_tiering, -- Whether it keeps some data on disk: enabled or disabled. [DataTiering]
    properties->>'TransitEncryptionMode' AS transit_encryption_mode, -- Whether clients must use TLS: preferred or required. [TransitEncryptionMode]
    CAST(properties->>'ReplicationGroupCreateTime' AS TIMESTAMP(6)) AS replication_group_create_time, -- When it was made. [ReplicationGroupCreateTime]
    CAST(properties->>'AuthTokenEnabled' AS BOOLEAN) AS auth_token_enabled, -- Whether clients need a token. [AuthTokenEnabled]
    CAST(properties->>'AuthTokenLastModifiedDate' AS TIMESTAMP(6)) AS auth_token_last_modified_date, -- When the token was last changed. [AuthTokenLastModifiedDate]
    properties->>'AutomaticFailover' AS automatic_failover, -- Whether a replica takes over by itself, such as enabled. [AutomaticFailover]
    properties->>'CacheNodeType' AS cache_node_type, -- The hardware of its nodes. [CacheNodeType]
    CAST(properties->>'ClusterEnabled' AS BOOLEAN) AS cluster_enabled, -- Whether its keys are spread over shards. [ClusterEnabled]
    properties->>'MultiAZ' AS multi_az, -- Whether it is in several zones: enabled or disabled. [MultiAZ]
    CAST(properties->>'SnapshotRetentionLimit' AS BIGINT) AS snapshot_retention_limit, -- For how many days automatic snapshots are kept. [SnapshotRetentionLimit]
    properties->>'SnapshotWindow' AS snapshot_window, -- When these are made. [SnapshotWindow]
    properties->>'SnapshottingClusterId' AS snapshotting_cluster_id, -- The cluster that snapshots are made of. [SnapshottingClusterId]
    properties->>'Status' AS status, -- What it does, such as available. [Status]
    CAST(properties->>'TransitEncryptionEnabled' AS BOOLEAN) AS transit_encryption_enabled, -- Whether it speaks TLS. [TransitEncryptionEnabled]
    properties->'ConfigurationEndpoint' AS configuration_endpoint, -- Where it answers, if it has shards. [ConfigurationEndpoint]
    properties->'GlobalReplicationGroupInfo' AS global_replication_group_info, -- The global group it belongs to, and whether it leads. [GlobalReplicationGroupInfo]
    properties->'LogDeliveryConfigurations' AS log_delivery_configurations, -- Which logs go where. [LogDeliveryConfigurations]
    properties->'MemberClusters' AS member_clusters, -- Its cache clusters. [MemberClusters]
    properties->'MemberClustersOutpostArns' AS member_clusters_outpost_arns, -- The Outposts of these. [MemberClustersOutpostArns]
    properties->'NodeGroups' AS node_groups, -- Its shards, or its one group of nodes. [NodeGroups]
    properties->'PendingModifiedValues' AS pending_modified_values, -- Changes that are not made yet. [PendingModifiedValues]
    properties->'UserGroupIds' AS user_group_ids, -- The groups of users that may use it. [UserGroupIds]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_elasticache_replication_group'
