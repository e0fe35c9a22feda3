-- id: rds-backup-retention
-- title: Databases whose backups are kept too short
-- severity: medium
-- types: aws_rds_db_instance, aws_rds_db_cluster
-- remediation: Raise the backup retention period.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html
SELECT resource_key, concat('BackupRetentionPeriod is ', backup_retention_period) AS reason, backup_retention_period
FROM aws_rds_db_instance
    -- None at all is told by rds-backup-off.
WHERE backup_retention_period > 0 AND backup_retention_period < $retention_days AND db_cluster_identifier IS NULL
    AND read_replica_source_db_instance_identifier IS NULL
UNION ALL
SELECT resource_key, concat('BackupRetentionPeriod is ', backup_retention_period) AS reason, backup_retention_period
FROM aws_rds_db_cluster
WHERE backup_retention_period < $retention_days
