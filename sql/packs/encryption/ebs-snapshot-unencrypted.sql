-- id: ebs-snapshot-unencrypted
-- title: EBS snapshots that are not encrypted
-- severity: medium
-- types: aws_ebs_snapshot
-- remediation: Copy the snapshot with encryption, and delete the original.
-- docs: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
SELECT resource_key, 'Encrypted is false' AS reason
FROM aws_ebs_snapshot
WHERE NOT encrypted
