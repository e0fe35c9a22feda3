-- id: rds-backup-off
-- title: Databases without automatic backups
-- severity: high
-- types: aws_rds_db_instance
-- remediation: Set a backup retention period of a week or more.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
SELECT resource_key, 'BackupRetentionPeriod is 0' AS reason, engine
FROM aws_rds_db_instance
    -- Members of a cluster are backed up with it; a replica can be made again from what it is a replica of.
WHERE backup_retention_period = 0 AND db_cluster_identifier IS NULL AND read_replica_source_db_instance_identifier IS NULL
