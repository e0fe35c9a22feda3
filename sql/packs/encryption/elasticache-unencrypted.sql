-- id: elasticache-unencrypted
-- title: Caches that are not encrypted where they are stored
-- severity: medium
-- types: aws_elasticache_replication_group
-- remediation: Restore a backup into a replication group that is encrypted at rest.
-- docs: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html
SELECT resource_key, 'AtRestEncryptionEnabled is false' AS reason
FROM aws_elasticache_replication_group
WHERE NOT at_rest_encryption_enabled
