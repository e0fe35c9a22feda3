-- id: rds-cluster-snapshot-unencrypted
-- title: Snapshots of database clusters that are not encrypted
-- severity: medium
-- types: aws_rds_db_cluster_snapshot
-- remediation: Copy the snapshot with a key, and delete the original; encrypt the cluster for those to come.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-copy-snapshot.html
SELECT resource_key, 'StorageEncrypted is false' AS reason
FROM aws_rds_db_cluster_snapshot
WHERE NOT storage_encrypted
