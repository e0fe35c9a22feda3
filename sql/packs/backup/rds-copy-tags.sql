-- id: rds-copy-tags
-- title: Databases whose snapshots do not get their tags
-- severity: low
-- types: aws_rds_db_instance, aws_rds_db_cluster
-- remediation: Set CopyTagsToSnapshot, so that it can be told whose snapshots they are.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
SELECT resource_key, 'CopyTagsToSnapshot is off' AS reason
FROM aws_rds_db_instance
WHERE NOT copy_tags_to_snapshot AND db_cluster_identifier IS NULL
UNION ALL
SELECT resource_key, 'CopyTagsToSnapshot is off' AS reason
FROM aws_rds_db_cluster
WHERE NOT copy_tags_to_snapshot
