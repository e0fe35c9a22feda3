-- Cache clusters of ElastiCache.
SELECT
    properties->>'CacheClusterId' AS cache_cluster_id, -- The name. [CacheClusterId]
    properties->>'CacheNodeType' AS cache_node_type, -- The hardware of its nodes. [CacheNodeType]
    properties->>'CacheClusterStatus' AS cache_cluster_status, -- What it does, such as available. [CacheClusterStatus]
    CAST(properties->>'AtRestEncryptionEnabled' AS BOOLEAN) AS at_rest_encryption_enabled, -- Whether what it stores is encrypted. [AtRestEncryptionEnabled]
    CAST(properties->>'AuthTokenEnabled' AS BOOLEAN) AS auth_token_enabled, -- Whether clients need a token. [AuthTokenEnabled]
    CAST(properties->>'AutoMinorVersionUpgrade' AS BOOLEAN) AS auto_minor_version_upgrade, -- Whether minor versions are upgraded by themselves. [AutoMinorVersionUpgrade]
    CAST(properties->>'CacheClusterCreateTime' AS TIMESTAMP(6)) AS cache_cluster_create_time, -- When it was made. [CacheClusterCreateTime]
    properties->>'IpDiscovery' AS ip_discovery, -- Which addresses it tells: ipv4 or ipv6. [IpDiscovery]
    properties->>'NetworkType' AS network_type, -- Which addresses it has: ipv4, ipv6 or dual_stack. [NetworkType]
    properties->>'TransitEncryptionMode' AS transit_encryption_mode, -- Whether clients must use TLS: preferred or required. [TransitEncryptionMode]
    properties->>'PreferredOutpostArn' AS preferred_outpost_arn, -- The Outpost it is on. [PreferredOutpostArn]
    properties->>'CacheSubnetGroupName' AS cache_subnet_group_name, -- The subnet group it lies in. [CacheSubnetGroupName]
    properties->>'ClientDownloadLandingPage' AS client_download_landing_page, -- Where client libraries can be found. [ClientDownloadLandingPage]
    properties->>'Engine' AS engine, -- What it runs: memcached, redis or valkey. [Engine]
    properties->>'EngineVersion' AS engine_version, -- The version of that. [EngineVersion]
    CAST(properties->>'NumCacheNodes' AS BIGINT) AS num_cache_nodes, -- How many nodes it has. [NumCacheNodes]
    properties->>'PreferredAvailabilityZone' AS preferred_availability_zone, -- The availability zone, or Multiple. [PreferredAvailabilityZone]
    properties->>'PreferredMaintenanceWindow' AS preferred_maintenance_window, -- When maintenance is done. [PreferredMaintenanceWindow]
    properties->>'ReplicationGroupId' AS replication_group_id, -- The replication group it belongs to. [ReplicationGroupId]
    CAST(properties->>'SnapshotRetentionLimit' AS BIGINT) AS snapshot_retention_limit, -- For how many days automatic snapshots are kept. [SnapshotRetentionLimit]
    properties->>'SnapshotWindow' AS snapshot_window, -- When these are made. [SnapshotWindow]
    CAST(properties->>'TransitEncryptionEnabled' AS BOOLEAN) AS transit_encryption_enabled, -- Whether it speaks TLS. [TransitEncryptionEnabled]
    CAST(properties->>'AuthTokenLastModifiedDate' AS TIMESTAMP(6)) AS auth_token_last_modified_date, -- When the token was last changed. [AuthTokenLastModifiedDate]
    CAST(properties->>'ReplicationGroupLogDeliveryEnabled' AS BOOLEAN) AS replication_group_log_delivery_enabled, -- Whether logs are delivered for the replication group. [ReplicationGroupLogDeliveryEnabled]
    properties->'CacheParameterGroup' AS cache_parameter_group, -- Its parameter group. [CacheParameterGroup]
    properties->'CacheNodes' AS cache_nodes, -- Its nodes. [CacheNodes]
    properties->'NotificationConfiguration' AS notification_configuration, -- The topic that is told of events. [NotificationConfiguration]
    properties->'PendingModifiedValues' AS pending_modified_values, -- Changes that are not made yet. [PendingModifiedValues]
    properties->'SecurityGroups' AS security_groups, -- Its security groups. [SecurityGroups]
    properties->'ConfigurationEndpoint' AS configuration_endpoint, -- Where clients of memcached find its nodes. [ConfigurationEndpoint]
    properties->'CacheSecurityGroups' AS cache_security_groups, -- Its security groups outside of any VPC. [CacheSecurityGroups]
    properties->'LogDeliveryConfigurations' AS log_delivery_configurations, -- Which logs go where. [LogDeliveryConfigurations]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_elasticache_cluster'
