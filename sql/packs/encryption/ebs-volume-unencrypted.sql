-- id: ebs-volume-unencrypted
-- title: EBS volumes that are not encrypted
-- severity: medium
-- types: aws_ebs_volume
-- remediation: Take a snapshot, copy it with encryption, make a volume of the copy, and turn on encryption by default in the region.
-- docs: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html
SELECT resource_key, 'Encrypted is false' AS reason
FROM aws_ebs_volume
WHERE NOT encrypted
