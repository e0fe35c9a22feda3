-- id: elasticache-plaintext
-- title: Caches that speak without TLS
-- severity: medium
-- types: aws_elasticache_replication_group
-- remediation: Turn on encryption in transit: first as preferred, then as required.
-- docs: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html
SELECT
    resource_key,
    CASE WHEN transit_encryption_enabled THEN 'TransitEncryptionMode is preferred' ELSE 'TransitEncryptionEnabled is false' END AS reason
FROM aws_elasticache_replication_group
WHERE NOT transit_encryption_enabled OR transit_encryption_mode = 'preferred'
