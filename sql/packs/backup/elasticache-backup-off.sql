-- id: elasticache-backup-off
-- title: Redis and Valkey in production without automatic backups
-- severity: low
-- types: aws_elasticache_replication_group
-- remediation: Set a snapshot retention limit, unless all of it can be computed again.
-- docs: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-automatic.html
SELECT resource_key, 'SnapshotRetentionLimit is 0' AS reason
FROM aws_elasticache_replication_group
WHERE coalesce(snapshot_retention_limit, 0) = 0 AND array_has($production_values, tags->>$production_tag)
