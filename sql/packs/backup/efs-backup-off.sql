-- id: efs-backup-off
-- title: File systems without automatic backups
-- severity: medium
-- types: aws_efs_file_system
-- remediation: Turn automatic backups on: aws efs put-backup-policy --backup-policy Status=ENABLED.
-- docs: https://docs.aws.amazon.com/efs/latest/ug/awsbackup.html
SELECT resource_key, concat('automatic backups are ', coalesce(automatic_backups, 'off')) AS reason
FROM aws_efs_file_system
WHERE life_cycle_state = 'available' AND coalesce(automatic_backups, 'off') <> 'enabled'
