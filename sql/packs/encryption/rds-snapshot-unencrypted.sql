-- id: rds-snapshot-unencrypted
-- title: Snapshots of databases that are not encrypted
-- severity: medium
-- types: aws_rds_db_snapshot
-- remediation: Copy the snapshot with a key, and delete the original; encrypt the database for those to come.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
SELECT resource_key, 'Encrypted is false' AS reason
FROM aws_rds_db_snapshot
WHERE NOT encrypted
