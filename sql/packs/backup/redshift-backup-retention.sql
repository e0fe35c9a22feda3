-- id: redshift-backup-retention
-- title: Redshift clusters whose snapshots are kept too short
-- severity: medium
-- types: aws_redshift_cluster
-- remediation: Raise the retention period of automatic snapshots.
-- docs: https://docs.aws.amazon.com/redshift/latest/mgmt/managing-snapshots-console.html
SELECT resource_key, concat('AutomatedSnapshotRetentionPeriod is ', automated_snapshot_retention_period) AS reason,
    automated_snapshot_retention_period
FROM aws_redshift_cluster
WHERE automated_snapshot_retention_period < $retention_days
