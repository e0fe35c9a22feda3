-- id: rds-deletion-protection
-- title: Databases that one call deletes
-- severity: medium
-- types: aws_rds_db_instance, aws_rds_db_cluster
-- remediation: Set DeletionProtection.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
SELECT resource_key, 'DeletionProtection is off' AS reason
FROM aws_rds_db_instance
    -- Members of a cluster have its protection.
WHERE NOT deletion_protection AND db_cluster_identifier IS NULL
UNION ALL
SELECT resource_key, 'DeletionProtection is off' AS reason
FROM aws_rds_db_cluster
WHERE NOT deletion_protection
