-- id: efs-file-system-unencrypted
-- title: File systems that are not encrypted
-- severity: high
-- types: aws_efs_file_system
-- remediation: Make an encrypted file system and copy the files: encryption cannot be turned on later.
-- docs: https://docs.aws.amazon.com/efs/latest/ug/encryption-at-rest.html
SELECT resource_key, 'Encrypted is false' AS reason
FROM aws_efs_file_system
WHERE NOT encrypted
