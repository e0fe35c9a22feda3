-- id: rds-instance-unencrypted
-- title: Databases that are not encrypted
-- severity: high
-- types: aws_rds_db_instance
-- remediation: Copy a snapshot of the database with a key, restore it, and move over to the new database.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html
SELECT resource_key, 'StorageEncrypted is false' AS reason
FROM aws_rds_db_instance
-- The storage of members is their cluster's: rds-cluster-unencrypted.
WHERE NOT storage_encrypted AND db_cluster_identifier IS NULL
