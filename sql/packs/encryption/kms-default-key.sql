-- id: kms-default-key
-- title: Resources encrypted with a key that AWS manages
-- severity: low
-- types: aws_kms_key, aws_ebs_volume, aws_ebs_snapshot, aws_rds_db_instance, aws_rds_db_cluster
-- remediation: Encrypt it with a key of the account's own: a copy of a snapshot can have another key.
-- docs: https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html
WITH encrypted AS (
    SELECT resource_key, resource_type, kms_key_id FROM aws_ebs_volume
    UNION ALL
    SELECT resource_key, resource_type, kms_key_id FROM aws_ebs_snapshot
    UNION ALL
    SELECT resource_key, resource_type, kms_key_id FROM aws_rds_db_instance
    UNION ALL
    SELECT resource_key, resource_type, kms_key_id FROM aws_rds_db_cluster
)
SELECT e.resource_key, concat('encrypted with the key ', k.id, ' of AWS') AS reason, e.kms_key_id
FROM encrypted AS e
JOIN aws_kms_key AS k ON k.arn = e.kms_key_id
WHERE k.key_manager = 'AWS' AND array_has($own_key_types, e.resource_type)
