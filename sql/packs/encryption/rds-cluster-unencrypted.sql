-- id: rds-cluster-unencrypted
-- title: Database clusters that are not encrypted
-- severity: high
-- types: aws_rds_db_cluster
-- remediation: Restore a snapshot of the cluster with a key, and move over to the new cluster.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html
SELECT resource_key, 'StorageEncrypted is false' AS reason
FROM aws_rds_db_cluster
WHERE NOT storage_encrypted
