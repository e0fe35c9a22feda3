-- id: redshift-cluster-unencrypted
-- title: Redshift clusters that are not encrypted
-- severity: high
-- types: aws_redshift_cluster
-- remediation: Turn on encryption for the cluster, with a KMS key.
-- docs: https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-db-encryption.html
SELECT resource_key, 'Encrypted is false' AS reason
FROM aws_redshift_cluster
WHERE NOT encrypted
